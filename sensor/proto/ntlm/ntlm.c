#include "proto/ntlm/ntlm.h"

#include "proto/utf16.h"

enum {	/* offsets within the messages (MS-NLMP 2.2.1) */
	KIND_AT = 8, NEGOTIATE_DOMAIN_AT = 16, NEGOTIATE_WORKSTATION_AT = 24,
	CHALLENGE_TARGET_AT = 12, CHALLENGE_FLAGS_AT = 20, CHALLENGE_INFO_AT = 40,
	LM_PROOF_AT = 12, NT_PROOF_AT = 20, DOMAIN_AT = 28, USER_AT = 36, WORKSTATION_AT = 44, FLAGS_AT = 60
};

enum { FLAG_UNICODE = 1, FLAG_ANONYMOUS = 0x800 };

static bool
at(struct span message, size_t offset, struct span *rest)
{
	*rest = message;
	return span_skip(rest, offset);
}

static uint32_t
number_at(struct span message, size_t offset)
{
	struct span s;
	uint32_t n = 0;

	return at(message, offset, &s) && span_u32le(&s, &n) ? n : 0;
}

/* Length, room and place of a text or a proof stand at `offset` (2.2.1.1). */
static bool
field_at(struct span message, size_t offset, struct span *out)
{
	uint16_t len, room;
	uint32_t place;
	struct span s;

	*out = span_of(NULL, 0);
	return at(message, offset, &s) && span_u16le(&s, &len) && span_u16le(&s, &room) &&
	    span_u32le(&s, &place) && at(message, place, &s) && span_take(&s, len, out);
}

static void
text_at(struct span message, size_t offset, bool unicode, char *to)
{
	struct span s;

	if (!field_at(message, offset, &s))
		return;
	if (unicode)
		utf16_read(s, to, NTLM_TEXT_BYTES);
	else
		text_read(s, to, NTLM_TEXT_BYTES);
}

/* Names of the server (2.2.2.1): always UTF-16. */
static void
read_target_info(struct span info, struct ntlm *out)
{
	char *const names[] = { NULL, out->computer, out->computer_domain, out->dns_computer, out->dns_domain };
	uint16_t id, len;
	struct span value;

	while (span_u16le(&info, &id) && span_u16le(&info, &len) && span_take(&info, len, &value) && id != 0)
		if (id < sizeof names / sizeof names[0])
			utf16_read(value, names[id], NTLM_TEXT_BYTES);
}

static void
read_negotiate(struct span message, struct ntlm *out)
{
	text_at(message, NEGOTIATE_DOMAIN_AT, false, out->domain);
	text_at(message, NEGOTIATE_WORKSTATION_AT, false, out->workstation);
}

static void
read_challenge(struct span message, struct ntlm *out)
{
	struct span info;

	text_at(message, CHALLENGE_TARGET_AT, (number_at(message, CHALLENGE_FLAGS_AT) & FLAG_UNICODE) != 0,
	    out->target);
	if (field_at(message, CHALLENGE_INFO_AT, &info))
		read_target_info(info, out);
}

/* The oldest kind ends before its flags: then the first text stands there. */
static uint32_t
authenticate_flags(struct span message)
{
	uint32_t domain = number_at(message, DOMAIN_AT + 4), user = number_at(message, USER_AT + 4);

	if (domain < FLAGS_AT + 4 || user < FLAGS_AT + 4)
		return FLAG_UNICODE;
	return number_at(message, FLAGS_AT);
}

static void
read_authenticate(struct span message, struct ntlm *out)
{
	uint32_t flags = authenticate_flags(message);
	bool unicode = (flags & FLAG_UNICODE) != 0;
	struct span lm, nt;

	text_at(message, DOMAIN_AT, unicode, out->domain);
	text_at(message, USER_AT, unicode, out->user);
	text_at(message, WORKSTATION_AT, unicode, out->workstation);
	field_at(message, LM_PROOF_AT, &lm);
	field_at(message, NT_PROOF_AT, &nt);
	out->anonymous = out->user[0] == '\0' && nt.left == 0 &&
	    (lm.left <= 1 || (flags & FLAG_ANONYMOUS) != 0);
}

bool
ntlm_read(struct span message, struct ntlm *out)
{
	static void (*const readers[])(struct span, struct ntlm *) = {
		NULL, read_negotiate, read_challenge, read_authenticate
	};
	uint32_t kind;

	memset(out, 0, sizeof *out);
	if (message.left < KIND_AT + 4 || memcmp(message.at, "NTLMSSP", KIND_AT) != 0)
		return false;
	kind = number_at(message, KIND_AT);
	if (kind < NTLM_NEGOTIATE || kind > NTLM_AUTHENTICATE)
		return false;
	out->kind = (enum ntlm_kind)kind;
	readers[kind](message, out);
	return true;
}
