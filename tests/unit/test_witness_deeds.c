/* Mail, files, logins, remote use, identities and unknown protocols become observations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "packet.h"
#include "witness/witness.h"

enum { KEPT_MAX = 8 };

#define START_NS (1700000000LL * NS_PER_SEC)
#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct observation *kept[KEPT_MAX];
static unsigned kept_count;
static struct witness *witness;
static struct flow flow;
static struct flow_talk talk;
static const uint8_t hardware[MAC_BYTES] = { 2, 0, 0x5e, 0x10, 0, 1 };

/* ---- one indicator of each type that is a text ---- */

static unsigned
by_address(const struct indicators *set, const struct addr *a, uint32_t *found, unsigned most)
{
	(void)set, (void)a, (void)found, (void)most;
	return 0;
}

static unsigned
by_peer(const struct indicators *set, const struct addr *a, uint16_t port, uint32_t *found, unsigned most)
{
	(void)port;
	return by_address(set, a, found, most);
}

static unsigned
by_domain(const struct indicators *set, struct span name, uint32_t *found, unsigned most)
{
	(void)set, (void)name, (void)found, (void)most;
	return 0;
}

static unsigned
by_url(const struct indicators *set, struct span host, struct span path, uint32_t *found, unsigned most)
{
	(void)path;
	return by_domain(set, host, found, most);
}

static const char *
listed(enum indicator_type type)
{
	switch (type) {
	case INDICATOR_FILE_SHA256:
	case INDICATOR_CERT_SHA256: return SHA256;
	case INDICATOR_JA3S: return "0123456789abcdef0123456789abcdef";
	case INDICATOR_USER_AGENT: return "Bot/1";
	default: return "no such thing";
	}
}

static unsigned
by_text(const struct indicators *set, enum indicator_type type, struct span text, uint32_t *found, unsigned most)
{
	(void)set;
	assert_true(most > 0);
	found[0] = (uint32_t)type;
	return span_equal(text, span_text(listed(type)));
}

static void
get(const struct indicators *set, uint32_t entry, struct indicator *out)
{
	(void)set;
	*out = (struct indicator){ .type = (enum indicator_type)entry, .value = listed((enum indicator_type)entry),
		.feed = "f", .malware = "", .reference = "", .first_seen_ns = WHEN_UNKNOWN,
		.last_seen_ns = WHEN_UNKNOWN, .valid_until_ns = WHEN_UNKNOWN };
}

static const struct witness_lookup lookup = { by_peer, by_address, by_domain, by_url, by_text, get };

/* ---- what comes out ---- */

static void
keep(void *to, const struct observation *o)
{
	(void)to;
	assert_true(kept_count < KEPT_MAX);
	assert_true(observation_valid(o, o->bytes));
	kept[kept_count] = malloc(o->bytes);
	assert_non_null(kept[kept_count]);
	memcpy(kept[kept_count++], o, o->bytes);
}

static int
setup(void **state)
{
	static const struct witness_options options = { .burst_pause_ns = 3 * NS_PER_SEC, .lookup = &lookup };
	static const uint8_t from[4] = { 10, 0, 0, 5 }, to[4] = { 198, 51, 100, 1 };

	(void)state;
	memset(&flow, 0, sizeof flow);
	talk = FLOW_SILENT;
	flow.talk = &talk;
	memcpy(flow.low[0], from, sizeof from);
	memcpy(flow.low[1], to, sizeof to);
	flow.protocol = PROTO_TCP;
	flow.first_ns = flow.last_ns = START_NS;
	witness = witness_new(&options, keep, NULL);
	assert_non_null(witness);
	witness_set_indicators(witness, (const void *)&lookup);
	witness_at(witness, 9, PHASE_PACKET, INT64_MAX);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	while (kept_count > 0)
		free(kept[--kept_count]);
	free(flow.talk->slot[SLOT_WITNESS]);
	witness_free(witness);
	return 0;
}

static struct message
message(enum message_kind kind, int from)
{
	return (struct message){ .kind = kind, .flow = &flow, .from = from, .ts_ns = START_NS + 7 };
}

static void
say(const struct message *m)
{
	witness_message(witness, &flow, m);
}

static void
assert_text(const struct observation *o, enum observation_text tag, const char *expected)
{
	struct span s = observation_text(o, tag);

	if (expected == NULL) {
		assert_null(s.at);
		return;
	}
	assert_non_null(s.at);
	assert_int_equal(s.left, strlen(expected));
	assert_memory_equal(s.at, expected, s.left);
}

static void
a_protocol_ends_the_wait_for_a_name(void **state)
{
	const struct protocol p = { .app = APP_SSH };
	struct message m = message(MESSAGE_PROTOCOL, RESPONDER);

	(void)state;
	m.protocol = &p;
	say(&m);
	say(&m);
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0]->kind, OBSERVE_CONTACT);
	assert_int_equal(kept[0]->app, APP_SSH);
	assert_int_equal(kept[0]->ts_ns, START_NS);
	assert_int_equal(flow.app, APP_SSH);
}

static void
an_unknown_one_shows_its_first_bytes(void **state)
{
	const struct protocol p = { .app = APP_UNKNOWN, .first = { { (const uint8_t *)"\0\xff", 2 }, { NULL, 0 } },
		.entropy = { 1, -3 } };
	struct message m = message(MESSAGE_PROTOCOL, ORIGINATOR);

	(void)state;
	flow.app = APP_TLS;	/* what it was before stays */
	m.protocol = &p;
	say(&m);
	assert_int_equal(kept_count, 2);
	assert_int_equal(kept[1]->kind, OBSERVE_UNKNOWN);
	assert_int_equal(observation_text(kept[1], TEXT_FIRST_ASKED).left, 2);
	assert_text(kept[1], TEXT_FIRST_ANSWERED, NULL);
	assert_int_equal(kept[1]->entropy[0], 1000);
	assert_int_equal(kept[1]->entropy[1], 0);
	assert_int_equal(flow.app, APP_TLS);
}

static void
a_mail_is_told(void **state)
{
	static char many[3000];
	const struct mail l = { .number = 2, .from = span_text("a@x"), .recipients = span_of(many, sizeof many),
		.recipients_count = 99, .recipients_refused = 3, .authenticated = true, .status = 250, .bytes = 77,
		.references = true, .attachments = 70000, .attachment_names = span_text("a.doc/b.zip"),
		.subject = span_text(""), .header_from = span_text("b@y"), .header_from_name = span_text("B") };
	struct message m = message(MESSAGE_MAIL, ORIGINATOR);
	struct span list;

	(void)state;
	memset(many, 'r', sizeof many);
	many[1500] = many[2500] = ',';
	m.mail = &l;
	say(&m);
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0]->kind, OBSERVE_MAIL);
	assert_int_equal(kept[0]->app, APP_SMTP);
	assert_int_equal(kept[0]->count, 99);
	assert_int_equal(kept[0]->refused, 3);
	assert_int_equal(kept[0]->attachments, UINT16_MAX);
	assert_int_equal(kept[0]->body_bytes, 77);
	assert_int_equal(kept[0]->flags, OBSERVED_AUTHENTICATED | OBSERVED_REFERENCES);
	assert_text(kept[0], TEXT_MAIL_FROM, "a@x");
	assert_text(kept[0], TEXT_MAIL_SUBJECT, "");
	assert_text(kept[0], TEXT_MAIL_HELO, NULL);
	assert_text(kept[0], TEXT_MAIL_HEADER_NAME, "B");
	assert_text(kept[0], TEXT_FILE_NAME, "a.doc/b.zip");
	list = observation_text(kept[0], TEXT_MAIL_RECIPIENTS);
	assert_int_equal(list.left, 1500);	/* whole addresses only */
	many[1500] = 'r';
	say(&m);
	assert_int_equal(observation_text(kept[1], TEXT_MAIL_RECIPIENTS).left, 0);
}

static void
a_file_is_looked_up(void **state)
{
	struct file l = { .kind = FILE_GZIP, .inner = FILE_PE, .name = span_text("a.png"), .bytes = 700,
		.sha256 = SHA256, .whole = true, .mismatched = true, .host = span_text("WEB.example:80"),
		.path = span_text("/a.png"), .declared = span_text("image/png") };
	struct message m = message(MESSAGE_FILE, RESPONDER);

	(void)state;
	flow.app = APP_HTTP;
	m.file = &l;
	say(&m);
	assert_int_equal(kept_count, 2);
	assert_int_equal(kept[0]->kind, OBSERVE_MATCH);
	assert_int_equal(kept[0]->indicator_type, INDICATOR_FILE_SHA256);
	assert_text(kept[0], TEXT_FILE_SHA256, SHA256);
	assert_text(kept[0], TEXT_URL, "WEB.example:80/a.png");
	assert_int_equal(kept[1]->kind, OBSERVE_FILE);
	assert_int_equal(kept[1]->detail, FILE_GZIP);
	assert_int_equal(kept[1]->inner, FILE_PE);
	assert_int_equal(kept[1]->flags, OBSERVED_WHOLE | OBSERVED_MISMATCHED | OBSERVED_RESPONSE);
	assert_text(kept[1], TEXT_SERVICE, "web.example");
	assert_text(kept[1], TEXT_FILE_NAME, "a.png");
	assert_text(kept[1], TEXT_CONTENT_TYPE, "image/png");
	l.sha256[0] = '\0';
	say(&m);
	assert_int_equal(kept_count, 3);
	assert_text(kept[2], TEXT_FILE_SHA256, NULL);
	l.ordinary = true;
	l.kind = l.inner = FILE_SCRIPT;
	say(&m);
	assert_int_equal(kept_count, 4);
	l.kind = l.inner = FILE_HTML;		/* nobody asked for it */
	say(&m);
	assert_int_equal(kept_count, 4);
}

static void
a_login_is_told(void **state)
{
	const struct login l = { .app = APP_WINRM, .method = LOGIN_NTLM, .outcome = OUTCOME_FAILURE, .code = 401,
		.user = span_text("alice"), .domain = span_text("CORP"), .workstation = span_text("DESK"),
		.service = span_text("http/x") };
	struct message m = message(MESSAGE_LOGIN, RESPONDER);

	(void)state;
	flow.app = APP_HTTP;
	m.login = &l;
	say(&m);
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0]->kind, OBSERVE_LOGIN);
	assert_int_equal(kept[0]->app, APP_WINRM);
	assert_int_equal(flow.app, APP_HTTP);
	assert_int_equal(kept[0]->detail, LOGIN_NTLM);
	assert_int_equal(kept[0]->outcome, OUTCOME_FAILURE);
	assert_int_equal(kept[0]->code, 401);
	assert_text(kept[0], TEXT_USER, "alice");
	assert_text(kept[0], TEXT_DOMAIN, "CORP");
	assert_text(kept[0], TEXT_HOST_NAME, "DESK");
	assert_text(kept[0], TEXT_TICKET, "http/x");
}

static void
remote_use_is_told(void **state)
{
	const struct remote r = { .app = APP_SMB, .action = REMOTE_FILE_WRITE, .outcome = OUTCOME_SUCCESS,
		.name = span_text("a\\b"), .command = span_text("x"), .files = 12 };
	struct message m = message(MESSAGE_REMOTE, ORIGINATOR);

	(void)state;
	m.remote = &r;
	say(&m);
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0]->kind, OBSERVE_REMOTE);
	assert_int_equal(kept[0]->app, APP_SMB);
	assert_int_equal(kept[0]->detail, REMOTE_FILE_WRITE);
	assert_int_equal(kept[0]->count, 12);
	assert_text(kept[0], TEXT_SHARE, "a\\b");
	assert_text(kept[0], TEXT_COMMAND, "x");
}

static void
an_identity_is_told(void **state)
{
	const struct identity i = { .source = IDENTITY_DHCP, .addr = flow_addr(&flow, 1),
		.mac = span_of(hardware, sizeof hardware), .host_name = span_text("desk"), .lease_sec = 60, .released = true };
	struct message m = message(MESSAGE_IDENTITY, ORIGINATOR);

	(void)state;
	m.identity = &i;
	say(&m);
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0]->kind, OBSERVE_IDENTITY);
	assert_int_equal(kept[0]->app, APP_DHCP);
	assert_int_equal(kept[0]->code, 60);
	assert_int_equal(kept[0]->flags, OBSERVED_RELEASED);
	assert_true(addr_equal(&kept[0]->named, &kept[0]->key.addr[1]));
	assert_int_equal(observation_text(kept[0], TEXT_MAC).left, MAC_BYTES);
	assert_text(kept[0], TEXT_HOST_NAME, "desk");
}

/* ---- multicast names ---- */

static void
announce(enum dns_flavour flavour, const char *name, const char *addr, uint32_t ttl_sec)
{
	struct dns_answer a = { .type = addr != NULL && strchr(addr, ':') != NULL ? 28 : 1, .ttl_sec = ttl_sec };
	const struct dns_message d = { .response = true, .flavour = flavour, .answers_count = 1, .answers = &a };
	struct message m = message(MESSAGE_DNS, ORIGINATOR);

	flow.protocol = PROTO_UDP;
	strcpy(a.name, name);
	assert_true(addr_parse(addr, strlen(addr), &a.addr));
	m.dns = &d;
	say(&m);
}

static void
a_machine_names_itself(void **state)
{
	(void)state;
	announce(DNS_MDNS, "desk.local", "10.0.0.5", 120);
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0]->kind, OBSERVE_IDENTITY);
	assert_int_equal(kept[0]->detail, IDENTITY_MDNS);
	assert_int_equal(kept[0]->app, APP_MDNS);
	assert_text(kept[0], TEXT_HOST_NAME, "desk");
	assert_true(addr_equal(&kept[0]->named, &kept[0]->key.addr[0]));
	announce(DNS_MDNS, "desk.local", "10.0.0.5", 0);
	assert_int_equal(kept[1]->flags, OBSERVED_RELEASED);
	announce(DNS_LLMNR, "desk", "10.0.0.5", 30);
	assert_int_equal(kept[2]->detail, IDENTITY_LLMNR);
	assert_int_equal(kept[2]->app, APP_LLMNR);
	assert_text(kept[2], TEXT_HOST_NAME, "desk");
}

static void
others_are_not_named_by_it(void **state)
{
	(void)state;
	announce(DNS_MDNS, "files.local", "10.0.0.6", 120);	/* another's address */
	announce(DNS_MDNS, "", "10.0.0.5", 120);
	assert_int_equal(kept_count, 0);
	announce(DNS_UNICAST, "desk.local", "10.0.0.5", 120);
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0]->kind, OBSERVE_DNS);
}

/* ---- look-ups ---- */

static void
hellos_and_agents_are_looked_up(void **state)
{
	struct tls_server t = { .version = 0x0303, .ja3s = "0123456789abcdef0123456789abcdef" };
	struct tls_certificate c = { .sha256 = SHA256 };
	const struct http_request r = { .method = span_text("GET"), .user_agent = span_text("Bot/1"),
		.forwarded_for = span_text("192.0.2.9") };
	struct message m = message(MESSAGE_TLS_SERVER, RESPONDER);

	(void)state;
	flow.contacted = true;
	m.tls_server = &t;
	say(&m);
	m = message(MESSAGE_TLS_CERTIFICATE, RESPONDER);
	m.tls_certificate = &c;
	say(&m);
	m = message(MESSAGE_HTTP_REQUEST, ORIGINATOR);
	m.http_request = &r;
	say(&m);
	assert_int_equal(kept_count, 3);
	assert_int_equal(kept[0]->indicator_type, INDICATOR_JA3S);
	assert_int_equal(kept[0]->flags & OBSERVED_RESPONSE, OBSERVED_RESPONSE);
	assert_int_equal(kept[1]->indicator_type, INDICATOR_CERT_SHA256);
	assert_int_equal(kept[2]->indicator_type, INDICATOR_USER_AGENT);
	assert_text(kept[2], TEXT_FORWARDED_FOR, "192.0.2.9");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_protocol_ends_the_wait_for_a_name, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unknown_one_shows_its_first_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_mail_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_is_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_login_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(remote_use_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(an_identity_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_machine_names_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(others_are_not_named_by_it, setup, teardown),
		cmocka_unit_test_setup_teardown(hellos_and_agents_are_looked_up, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
