#include "proto/ntlm/spnego.h"

#include "proto/der.h"

enum { ELEMENTS_MAX = 8, INNER_TOKEN = 2, AP_REQ = 14 };

static bool
is_ntlm(struct span s)
{
	return s.left >= 8 && memcmp(s.at, "NTLMSSP", 8) == 0;
}

/* RFC 4121 4.1: the mechanism, two bytes that say which message, the message. */
static enum token_kind
find_mechanism(struct span body, struct span *token)
{
	uint8_t tag;
	uint32_t len;
	size_t header;

	if (!span_skip(&body, 2) || !der_peek(body, &tag, &header, &len) || tag != DER_APPLICATION(AP_REQ))
		return TOKEN_NONE;
	*token = body;
	return TOKEN_KERBEROS;
}

/* negTokenInit and negTokenResp have the token under the same number (RFC 4178, 4.2). */
static bool
find_inner(struct span negotiation, struct span *inner)
{
	struct span choice, sequence, wrapped;

	if (!der_enter(&negotiation, DER_CONTEXT(0), &choice) && !der_enter(&negotiation, DER_CONTEXT(1), &choice))
		return false;
	return der_enter(&choice, DER_SEQUENCE, &sequence) &&
	    der_find(&sequence, DER_CONTEXT(INNER_TOKEN), ELEMENTS_MAX, &wrapped) &&
	    der_enter(&wrapped, DER_OCTETS, inner);
}

static enum token_kind
find_bare(struct span blob, struct span *token)
{
	struct span body, mechanism;

	*token = blob;
	if (is_ntlm(blob))
		return TOKEN_NTLM;
	if (blob.left > 0 && blob.at[0] == DER_APPLICATION(AP_REQ))
		return TOKEN_KERBEROS;
	if (!der_enter(&blob, DER_APPLICATION(0), &body) || !der_take(&body, DER_OBJECT, &mechanism))
		return TOKEN_NONE;
	return find_mechanism(body, token);
}

enum token_kind
spnego_find(struct span blob, struct span *token)
{
	struct span body, mechanism, inner, rest = blob;

	if (der_enter(&rest, DER_APPLICATION(0), &body) && der_take(&body, DER_OBJECT, &mechanism) &&
	    find_inner(body, &inner))
		return find_bare(inner, token);
	if (find_inner(blob, &inner))
		return find_bare(inner, token);
	return find_bare(blob, token);
}
