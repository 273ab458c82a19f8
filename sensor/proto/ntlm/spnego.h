/*
 * spnego.h - what a GSS-API token carries (RFC 2743 section 3.1, RFC 4178).
 */
#ifndef SENSOR_SPNEGO_H
#define SENSOR_SPNEGO_H

#include "base/span.h"

enum token_kind { TOKEN_NONE, TOKEN_NTLM, TOKEN_KERBEROS };

/* An NTLM message or a Kerberos AP-REQ, bare or wrapped; a wrapping whose end was cut off is read as far as it goes. */
enum token_kind spnego_find(struct span blob, struct span *token);

#endif
