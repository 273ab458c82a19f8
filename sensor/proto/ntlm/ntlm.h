/*
 * ntlm.h - the three messages of NTLM (MS-NLMP), as far as they are readable:
 * who asks, from which machine; what the server calls itself.
 */
#ifndef SENSOR_NTLM_H
#define SENSOR_NTLM_H

#include "base/span.h"

enum ntlm_kind { NTLM_NEGOTIATE = 1, NTLM_CHALLENGE, NTLM_AUTHENTICATE };

enum { NTLM_TEXT_BYTES = 128 };	/* a text in UTF-8, its NUL included; longer ones are cut */

/* A text that was not said is "". */
struct ntlm {
	enum ntlm_kind kind;
	bool anonymous;				/* AUTHENTICATE: without a name and without a proof */
	char user[NTLM_TEXT_BYTES], domain[NTLM_TEXT_BYTES], workstation[NTLM_TEXT_BYTES];
	/* CHALLENGE: the server */
	char target[NTLM_TEXT_BYTES];		/* its domain, or itself */
	char computer[NTLM_TEXT_BYTES], computer_domain[NTLM_TEXT_BYTES];	/* NetBIOS names */
	char dns_computer[NTLM_TEXT_BYTES], dns_domain[NTLM_TEXT_BYTES];
};

/* False: no NTLM message begins here. A text beyond the end of `message` is "". */
bool ntlm_read(struct span message, struct ntlm *out);

#endif
