/* Mail, files, logins, remote use, identities and unknown protocols as EVE lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "alert/eve.h"
#include "alert_rig.h"
#include "message.h"

static struct observation_buffer b;

static int
setup(void **state)
{
	(void)state;
	memset(&b, 0, sizeof b);
	return 0;
}

/* The line from behind the community ID on, which is the same in all of them. */
static void
assert_line(const char *event, const char *expected)
{
	char *line, *body, head[64];

	observation_seal(&b);
	assert_true(observation_valid(&b.o, b.o.bytes));
	line = eve_record(&b.o, "s");
	assert_non_null(line);
	snprintf(head, sizeof head, "\"event_type\":\"%s\",\"host\":\"s\",", event);
	assert_non_null(strstr(line, head));
	body = strstr(line, "\"community_id\"");
	assert_non_null(body);
	body = strstr(body, ",");
	assert_non_null(body);
	assert_string_equal(body + 1, expected);
	free(line);
}

static void
a_mail(void **state)
{
	(void)state;
	rig_observation(&b, OBSERVE_MAIL, 1);
	b.o.app = APP_SMTP;
	b.o.number = 2;
	b.o.count = 3;
	b.o.refused = 1;
	b.o.status = 250;
	b.o.body_bytes = 5000;
	b.o.attachments = 2;
	b.o.flags = OBSERVED_AUTHENTICATED | OBSERVED_REFERENCES | OBSERVED_LIST;
	rig_text(&b, TEXT_MAIL_HELO, "desk");
	rig_text(&b, TEXT_MAIL_FROM, "a@x.example");
	rig_text(&b, TEXT_MAIL_RECIPIENTS, "b@y.example,c@y.example");
	rig_text(&b, TEXT_USER, "alice");
	rig_text(&b, TEXT_MAIL_HEADER_NAME, "The \"Boss\"");
	rig_text(&b, TEXT_MAIL_HEADER_FROM, "boss@x.example");
	rig_text(&b, TEXT_MAIL_SUBJECT, "RE: \x1b[1m");
	rig_text(&b, TEXT_MAIL_ID, "1@x");
	rig_text(&b, TEXT_MAIL_ORIGINAL_ID, "7@x");
	rig_text(&b, TEXT_FILE_NAME, "a.doc/b\xff.zip");
	assert_line("smtp", "\"direction\":\"to_server\",\"tx_id\":1,"
	    "\"smtp\":{\"helo\":\"desk\",\"mail_from\":\"<a@x.example>\","
	    "\"rcpt_to\":[\"<b@y.example>\",\"<c@y.example>\"]},"
	    "\"email\":{\"from\":\"\\\"The \\\"Boss\\\"\\\" <boss@x.example>\",\"subject\":\"RE: \\u001b[1m\","
	    "\"message_id\":\"1@x\",\"attachment\":[\"a.doc\",\"b\\\\xff.zip\"]},"
	    "\"hansho\":{\"mail\":{\"recipients\":3,\"refused\":1,\"authenticated\":true,\"user\":\"alice\","
	    "\"status\":250,\"bytes\":5000,\"references\":true,\"report\":false,\"list\":true,\"original_id\":\"7@x\",\"attachments\":2}}}");
}

static void
a_bounce_has_no_sender(void **state)
{
	(void)state;
	rig_observation(&b, OBSERVE_MAIL, 1);
	b.o.flags = OBSERVED_REPORT;
	rig_text(&b, TEXT_MAIL_FROM, "");
	rig_text(&b, TEXT_MAIL_HEADER_FROM, "mailer@x.example");
	assert_line("smtp", "\"direction\":\"to_server\",\"smtp\":{\"mail_from\":\"<>\"},"
	    "\"email\":{\"from\":\"mailer@x.example\"},"
	    "\"hansho\":{\"mail\":{\"recipients\":0,\"refused\":0,\"authenticated\":false,"
	    "\"bytes\":0,\"references\":false,\"report\":true,\"attachments\":0}}}");
}

static void
a_file(void **state)
{
	(void)state;
	rig_observation(&b, OBSERVE_FILE, 1);
	b.o.app = APP_HTTP;
	b.o.detail = FILE_GZIP;
	b.o.inner = FILE_PE;
	b.o.body_bytes = 700;
	b.o.flags = OBSERVED_RESPONSE | OBSERVED_WHOLE | OBSERVED_MISMATCHED;
	rig_text(&b, TEXT_FILE_NAME, "logo.png");
	rig_text(&b, TEXT_CONTENT_TYPE, "image/png");
	rig_text(&b, TEXT_FILE_SHA256, "00ff");
	rig_text(&b, TEXT_SERVICE, "web.example");
	rig_text(&b, TEXT_URL, "web.example/logo.png");
	assert_line("fileinfo", "\"direction\":\"to_client\",\"app_proto\":\"http\","
	    "\"http\":{\"hostname\":\"web.example\",\"url\":\"/logo.png\",\"http_content_type\":\"image/png\","
	    "\"length\":700},"
	    "\"fileinfo\":{\"filename\":\"logo.png\",\"magic\":\"gzip\",\"gaps\":false,\"state\":\"CLOSED\","
	    "\"sha256\":\"00ff\",\"stored\":false,\"size\":700},"
	    "\"hansho\":{\"file\":{\"kind\":\"gzip\",\"inner\":\"pe\",\"declared\":\"image/png\","
	    "\"encrypted\":false,\"macros\":false,\"mismatched\":true}}}");
}

static void
a_file_with_holes(void **state)
{
	(void)state;
	rig_observation(&b, OBSERVE_FILE, 1);
	b.o.app = APP_SMTP;
	b.o.detail = b.o.inner = FILE_OLE;
	b.o.flags = OBSERVED_MACROS | OBSERVED_ENCRYPTED;
	assert_line("fileinfo", "\"direction\":\"to_server\",\"app_proto\":\"smtp\","
	    "\"fileinfo\":{\"filename\":\"\",\"magic\":\"ole\",\"gaps\":true,\"state\":\"TRUNCATED\","
	    "\"stored\":false,\"size\":0},"
	    "\"hansho\":{\"file\":{\"kind\":\"ole\",\"encrypted\":true,\"macros\":true,\"mismatched\":false}}}");
}

static void
a_login(void **state)
{
	(void)state;
	rig_observation(&b, OBSERVE_LOGIN, 1);
	b.o.app = APP_SMB;
	b.o.detail = LOGIN_NTLM;
	b.o.outcome = OUTCOME_FAILURE;
	b.o.code = 0xc000006d;
	rig_text(&b, TEXT_USER, "alice");
	rig_text(&b, TEXT_DOMAIN, "CORP");
	rig_text(&b, TEXT_HOST_NAME, "DESK-7");
	rig_text(&b, TEXT_TICKET, "cifs/files");
	rig_text(&b, TEXT_SOFTWARE, "3.1.1");
	assert_line("login", "\"direction\":\"to_server\",\"app_proto\":\"smb\","
	    "\"login\":{\"method\":\"ntlm\",\"outcome\":\"failure\",\"code\":\"0xc000006d\",\"user\":\"alice\","
	    "\"domain\":\"CORP\",\"workstation\":\"DESK-7\",\"service\":\"cifs/files\",\"software\":\"3.1.1\"}}");
}

static void
remote_use(void **state)
{
	(void)state;
	rig_observation(&b, OBSERVE_REMOTE, 1);
	b.o.app = APP_DCERPC;
	b.o.detail = REMOTE_SERVICE;
	b.o.outcome = OUTCOME_SUCCESS;
	b.o.code = 5;
	b.o.count = 4;
	rig_text(&b, TEXT_SHARE, "psexesvc");
	rig_text(&b, TEXT_COMMAND, "%COMSPEC% /c x");
	assert_line("remote", "\"direction\":\"to_server\",\"app_proto\":\"dcerpc\","
	    "\"remote\":{\"action\":\"service\",\"outcome\":\"success\",\"code\":\"5\",\"name\":\"psexesvc\","
	    "\"command\":\"%COMSPEC% /c x\",\"files\":4}}");
}

static void
an_identity(void **state)
{
	(void)state;
	rig_observation(&b, OBSERVE_IDENTITY, 1);
	b.o.app = APP_DHCP;
	b.o.detail = IDENTITY_DHCP;
	b.o.named = rig_addr("10.0.0.7");
	b.o.code = 3600;
	observation_add(&b, TEXT_MAC, span_of("\2\0\x5e\x10\0\1", 6), 6);
	rig_text(&b, TEXT_HOST_NAME, "desk\x7f");
	assert_line("identity", "\"direction\":\"to_server\",\"app_proto\":\"dhcp\","
	    "\"identity\":{\"source\":\"dhcp\",\"ip\":\"10.0.0.7\",\"mac\":\"02:00:5e:10:00:01\","
	    "\"name\":\"desk\\\\x7f\",\"lease\":3600}}");
	rig_observation(&b, OBSERVE_IDENTITY, 1);
	b.o.detail = IDENTITY_NTLM;
	b.o.flags = OBSERVED_RELEASED;
	b.o.named = rig_addr("10.0.0.7");
	rig_text(&b, TEXT_MAC, "four");
	rig_text(&b, TEXT_USER, "alice");
	rig_text(&b, TEXT_DOMAIN, "CORP");
	rig_text(&b, TEXT_SOFTWARE, "x");
	assert_line("identity", "\"direction\":\"to_server\",\"identity\":{\"source\":\"ntlm\",\"ip\":\"10.0.0.7\","
	    "\"user\":\"alice\",\"domain\":\"CORP\",\"software\":\"x\",\"released\":true}}");
}

static void
what_nobody_knows(void **state)
{
	(void)state;
	rig_observation(&b, OBSERVE_UNKNOWN, 1);
	b.o.entropy[ORIGINATOR] = 2585;
	observation_add(&b, TEXT_FIRST_ASKED, span_of("A\0\xff\"", 4), 64);
	assert_line("unknown", "\"app_proto\":\"failed\",\"unknown\":{\"toserver\":{\"hex\":\"4100ff22\","
	    "\"printable\":\"A..\\\"\",\"entropy\":2.585}}}");
}

static void
whatever_a_worker_says(void **state)
{
	static uint8_t many[500];

	(void)state;
	rig_observation(&b, OBSERVE_UNKNOWN, 1);
	b.o.entropy[RESPONDER] = UINT16_MAX;
	observation_add(&b, TEXT_FIRST_ANSWERED, span_of(many, sizeof many), sizeof many);
	observation_seal(&b);
	free(eve_record(&b.o, "s"));
	rig_observation(&b, OBSERVE_MAIL, 1);
	memset(many, 'a', sizeof many);
	observation_add(&b, TEXT_MAIL_FROM, span_of(many, sizeof many), sizeof many);
	observation_add(&b, TEXT_MAIL_HEADER_NAME, span_of(many, sizeof many), sizeof many);
	observation_add(&b, TEXT_MAIL_HEADER_FROM, span_of(many, sizeof many), sizeof many);
	observation_add(&b, TEXT_MAIL_RECIPIENTS, span_of(many, sizeof many), sizeof many);
	observation_seal(&b);
	free(eve_record(&b.o, "s"));
	rig_observation(&b, OBSERVE_EVASION, 1);
	observation_seal(&b);
	free(eve_record(&b.o, "s"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_mail, setup), cmocka_unit_test_setup(a_bounce_has_no_sender, setup),
		cmocka_unit_test_setup(a_file, setup), cmocka_unit_test_setup(a_file_with_holes, setup),
		cmocka_unit_test_setup(a_login, setup), cmocka_unit_test_setup(remote_use, setup),
		cmocka_unit_test_setup(an_identity, setup), cmocka_unit_test_setup(what_nobody_knows, setup),
		cmocka_unit_test_setup(whatever_a_worker_says, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
