#include "proto/text/sasl.h"

#include <stdio.h>
#include <strings.h>

#include "proto/ntlm/ntlm.h"
#include "proto/text/coding.h"
#include "proto/text/line.h"

enum { RESPONSE_BYTES = 1536 };	/* of a line of 2 KiB */

struct sasl_mechanism {
	const char *name;
	enum login_method method;
	unsigned responses;		/* after which it is complete; 0: nobody can say */
	/* Finds the user in response number `n` (from 1). NULL: it is not in one text (NTLM), or in none. */
	bool (*user)(struct span response, unsigned n, struct span *user);
};

/* RFC 4616: authzid NUL authcid NUL password */
static bool
user_plain(struct span response, unsigned n, struct span *user)
{
	struct span other, name;

	(void)n;
	if (!span_until(&response, '\0', &other))
		return false;
	if (!span_until(&response, '\0', &name))
		name = response;
	*user = name.left > 0 ? name : other;
	return true;
}

/* The first is the user, the second the password. */
static bool
user_login(struct span response, unsigned n, struct span *user)
{
	*user = response;
	return n == 1;
}

/* RFC 2195: user SP digest; the user may have blanks. */
static bool
user_cram(struct span response, unsigned n, struct span *user)
{
	(void)n;
	while (response.left > 0 && response.at[response.left - 1] != ' ')
		response.left--;
	if (response.left == 0)
		return false;
	*user = span_of(response.at, response.left - 1);
	return true;
}

/* What stands behind `key` up to `end`. */
static bool
value_of(struct span text, const char *key, char end, struct span *value)
{
	for (; text.left > 0; span_skip(&text, 1)) {
		if (!span_begins_nocase(text, key))
			continue;
		span_skip(&text, strlen(key));
		if (!span_until(&text, (uint8_t)end, value))
			*value = text;
		return true;
	}
	return false;
}

static bool
user_oauth(struct span response, unsigned n, struct span *user)
{
	(void)n;
	return value_of(response, "user=", '\x01', user);
}

/* RFC 7628: n,a=user,^Ahost=... */
static bool
user_bearer(struct span response, unsigned n, struct span *user)
{
	(void)n;
	return value_of(response, ",a=", ',', user);
}

static bool
user_digest(struct span response, unsigned n, struct span *user)
{
	return n == 1 && value_of(response, "username=\"", '"', user);
}

/* RFC 5802: n,,n=user,r=nonce */
static bool
user_scram(struct span response, unsigned n, struct span *user)
{
	return n == 1 && value_of(response, ",n=", ',', user);
}

static const struct sasl_mechanism mechanisms[] = {
	{ "PLAIN", LOGIN_PASSWORD, 1, user_plain },
	{ "LOGIN", LOGIN_PASSWORD, 2, user_login },
	{ "CRAM-MD5", LOGIN_PASSWORD, 1, user_cram },
	{ "DIGEST-MD5", LOGIN_PASSWORD, 2, user_digest },
	{ "SCRAM-SHA-1", LOGIN_PASSWORD, 2, user_scram },
	{ "SCRAM-SHA-256", LOGIN_PASSWORD, 2, user_scram },
	{ "XOAUTH2", LOGIN_OTHER, 1, user_oauth },
	{ "OAUTHBEARER", LOGIN_OTHER, 1, user_bearer },
	{ "NTLM", LOGIN_NTLM, 2, NULL },
	{ "GSSAPI", LOGIN_KERBEROS, 0, NULL },
	{ "EXTERNAL", LOGIN_KEY, 1, user_login },
	{ "ANONYMOUS", LOGIN_ANONYMOUS, 1, user_login },
};

static const struct sasl_mechanism unknown_mechanism = { "", LOGIN_OTHER, 0, NULL };

void
sasl_begin(struct sasl *s, struct span mechanism)
{
	size_t i;

	memset(s, 0, sizeof *s);
	s->mechanism = &unknown_mechanism;
	for (i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++)
		if (span_equal_nocase(mechanism, span_text(mechanisms[i].name)))
			s->mechanism = &mechanisms[i];
}

void
sasl_set_user(struct sasl *s, struct span user)
{
	size_t len = user.left < SASL_USER_BYTES ? user.left : SASL_USER_BYTES;

	if (len > 0)
		memcpy(s->user, user.at, len);
	s->user_bytes = (uint16_t)len;
	s->known = true;
}

/* Its third message says who, of which domain, at which machine (MS-NLMP 2.2.1.3). */
static void
take_ntlm(struct sasl *s, struct span response)
{
	struct ntlm n;

	if (!ntlm_read(response, &n) || n.kind != NTLM_AUTHENTICATE)
		return;
	sasl_set_user(s, span_text(n.user));
	snprintf(s->domain, sizeof s->domain, "%.*s", SASL_NAME_BYTES - 1, n.domain);
	snprintf(s->workstation, sizeof s->workstation, "%.*s", SASL_NAME_BYTES - 1, n.workstation);
}

void
sasl_response(struct sasl *s, struct span base64)
{
	uint8_t text[RESPONSE_BYTES];
	struct coding decoder = { .kind = CODING_BASE64 };
	struct span user, decoded;
	size_t used = 0;

	s->responses++;
	if (s->known || span_equal(base64, span_text("*")))
		return;
	used = coding_decode(&decoder, &base64, text, sizeof text);
	decoded = span_of(text, used);
	if (s->mechanism->method == LOGIN_NTLM)
		take_ntlm(s, decoded);
	else if (s->mechanism->user != NULL && s->mechanism->user(decoded, s->responses, &user))
		sasl_set_user(s, user);
	explicit_bzero(text, sizeof text);
}

bool
sasl_complete(const struct sasl *s)
{
	return s->mechanism->responses > 0 && s->responses >= s->mechanism->responses;
}

enum login_method
sasl_method(const struct sasl *s)
{
	return s->mechanism == NULL ? LOGIN_PASSWORD : s->mechanism->method;
}

struct span
sasl_user(const struct sasl *s)
{
	return s->known ? span_of(s->user, s->user_bytes) : span_of(NULL, 0);
}

void
sasl_describe(const struct sasl *s, struct login *login)
{
	login->method = sasl_method(s);
	login->user = sasl_user(s);
	login->domain = span_said(s->domain);
	login->workstation = span_said(s->workstation);
}
