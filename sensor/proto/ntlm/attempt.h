/*
 * attempt.h - a login under way: what the tokens of both sides say, until the
 * protocol around them knows how it ended.
 *
 * A fixed size, no memory of its own. Messages that it emits are said to be
 * `from` the side that tries to log in.
 */
#ifndef SENSOR_ATTEMPT_H
#define SENSOR_ATTEMPT_H

#include "proto/ntlm/ntlm.h"
#include "proto/proto.h"

/* Where and when, for the messages. */
struct speaker {
	struct proto *proto;
	const struct flow *flow;
	int64_t ts_ns;
	int client;		/* side */
};

struct attempt {
	bool open;		/* a token came that asks for an answer */
	bool server_told;	/* the server's names were emitted */
	enum login_method method;
	char user[NTLM_TEXT_BYTES], domain[NTLM_TEXT_BYTES], workstation[NTLM_TEXT_BYTES];
	char service[NTLM_TEXT_BYTES];	/* of a Kerberos ticket */
};

/* A token of the client: NTLM or Kerberos, bare or in SPNEGO. An unknown one opens the attempt all the same. */
void attempt_token(struct attempt *a, struct span token);

/* A plain name, and what is known of its domain. */
void attempt_name(struct attempt *a, enum login_method method, const char *user, const char *domain);

/* A token of the server. Its first challenge tells its names: MESSAGE_IDENTITY. */
void attempt_challenge(struct attempt *a, const struct speaker *s, struct span token,
    enum identity_source source);

/*
 * The answer: MESSAGE_LOGIN, and after success over NTLM the client's
 * MESSAGE_IDENTITY. Nothing when no attempt is open. `software` may be absent.
 */
void attempt_answer(struct attempt *a, const struct speaker *s, enum app app, enum outcome outcome,
    uint32_t code, struct span software);

#endif
