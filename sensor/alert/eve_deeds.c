/* eve_deeds.c - mail, files, logins, remote use, identities, unknown protocols as EVE JSON. */
#include "alert/eve_parts.h"

#include <stdio.h>

#include "alert/names.h"
#include "base/addr.h"
#include "base/hex.h"
#include "message.h"

enum { BRACED_MAX = 600 };

static bool
has(const struct observation *o, unsigned flag)
{
	return (o->flags & flag) != 0;
}

/* A small number is a reply code; a large one reads as those who assigned it write it: NTSTATUS. */
static void
put_code(struct json *j, unsigned in, uint32_t code)
{
	char text[16];

	if (code == 0)
		return;
	snprintf(text, sizeof text, code > 0xffff ? "0x%08x" : "%u", code);
	json_text(j, in, "code", text);
}

static const char *
outcome_text(const struct observation *o)
{
	static const char *const names[OUTCOMES] = { "unknown", "success", "failure" };

	return o->outcome < OUTCOMES ? names[o->outcome] : names[OUTCOME_UNKNOWN];
}

/* ---- mail ---- */

/* "before<text>", cut where it grows too long. */
static struct span
braced(char buf[BRACED_MAX], struct span before, struct span text)
{
	size_t used = 0;

	if (before.left > BRACED_MAX / 2)
		before.left = BRACED_MAX / 2;
	if (text.left > BRACED_MAX / 2 - 8)
		text.left = BRACED_MAX / 2 - 8;
	if (before.left > 0) {
		buf[used++] = '"';
		memcpy(buf + used, before.at, before.left);
		used += before.left;
		buf[used++] = '"';
		buf[used++] = ' ';
	}
	buf[used++] = '<';
	if (text.left > 0)
		memcpy(buf + used, text.at, text.left);
	used += text.left;
	buf[used++] = '>';
	return span_of(buf, used);
}

static void
put_recipients(struct json *j, unsigned smtp, struct span all)
{
	struct span none = span_of(NULL, 0), one;
	char buf[BRACED_MAX];
	unsigned array;

	if (all.at == NULL || all.left == 0)
		return;
	array = json_array(j, smtp, "rcpt_to");
	while (span_until(&all, ',', &one))
		json_array_span(j, array, braced(buf, none, one));
	json_array_span(j, array, braced(buf, none, all));
}

static void
put_files(struct json *j, unsigned email, struct span files)
{
	struct span one;
	unsigned array;

	if (files.at == NULL || files.left == 0)
		return;
	array = json_array(j, email, "attachment");
	while (span_until(&files, '/', &one))
		json_array_span(j, array, one);
	json_array_span(j, array, files);
}

/* A refused mail has no header. */
static void
put_header(struct json *j, const struct observation *o)
{
	struct span name = observation_text(o, TEXT_MAIL_HEADER_NAME);
	struct span from = observation_text(o, TEXT_MAIL_HEADER_FROM);
	struct span subject = observation_text(o, TEXT_MAIL_SUBJECT), id = observation_text(o, TEXT_MAIL_ID);
	struct span files = observation_text(o, TEXT_FILE_NAME);
	char buf[BRACED_MAX];
	unsigned email;

	if (name.at == NULL && from.at == NULL && subject.at == NULL && id.at == NULL && files.at == NULL)
		return;
	email = json_object(j, JSON_ROOT, "email");
	json_span(j, email, "from", name.left > 0 ? braced(buf, name, from) : from);
	json_span(j, email, "subject", subject);
	json_span(j, email, "message_id", id);
	put_files(j, email, files);
}

static void
put_mail_extra(struct json *j, const struct observation *o)
{
	unsigned mail = json_object(j, json_object(j, JSON_ROOT, "hansho"), "mail");

	json_number(j, mail, "recipients", o->count);
	json_number(j, mail, "refused", o->refused);
	json_bool(j, mail, "authenticated", has(o, OBSERVED_AUTHENTICATED));
	json_span(j, mail, "user", observation_text(o, TEXT_USER));
	if (o->status != 0)
		json_number(j, mail, "status", o->status);
	json_number(j, mail, "bytes", o->body_bytes);
	json_bool(j, mail, "references", has(o, OBSERVED_REFERENCES));
	json_bool(j, mail, "report", has(o, OBSERVED_REPORT));
	if (has(o, OBSERVED_LIST))
		json_bool(j, mail, "list", true);
	if (observation_text(o, TEXT_MAIL_ORIGINAL_ID).at != NULL)
		json_span(j, mail, "original_id", observation_text(o, TEXT_MAIL_ORIGINAL_ID));
	json_number(j, mail, "attachments", o->attachments);
}

void
eve_mail(struct json *j, const struct observation *o)
{
	struct span from = observation_text(o, TEXT_MAIL_FROM), none = span_of(NULL, 0);
	char buf[BRACED_MAX];
	unsigned smtp;

	if (o->number > 0)
		json_number(j, JSON_ROOT, "tx_id", o->number - 1);
	smtp = json_object(j, JSON_ROOT, "smtp");
	json_span(j, smtp, "helo", observation_text(o, TEXT_MAIL_HELO));
	if (from.at != NULL)
		json_span(j, smtp, "mail_from", braced(buf, none, from));
	put_recipients(j, smtp, observation_text(o, TEXT_MAIL_RECIPIENTS));
	put_header(j, o);
	put_mail_extra(j, o);
}

/* ---- files ---- */

void
eve_file(struct json *j, const struct observation *o)
{
	unsigned file = json_object(j, JSON_ROOT, "fileinfo");
	struct span name = observation_text(o, TEXT_FILE_NAME);

	json_span(j, file, "filename", name.at == NULL ? span_of("", 0) : name);
	json_text(j, file, "magic", file_kind_text((enum file_kind)o->detail));
	json_bool(j, file, "gaps", !has(o, OBSERVED_WHOLE));
	json_text(j, file, "state", has(o, OBSERVED_WHOLE) ? "CLOSED" : "TRUNCATED");
	json_span(j, file, "sha256", observation_text(o, TEXT_FILE_SHA256));
	json_bool(j, file, "stored", false);
	json_number(j, file, "size", o->body_bytes);
}

/* Members of an observation of a file that are not of EVE. */
void
eve_file_extra(struct json *j, unsigned hansho, const struct observation *o)
{
	unsigned file = json_object(j, hansho, "file");

	json_text(j, file, "kind", file_kind_text((enum file_kind)o->detail));
	if (o->inner != o->detail && o->inner != FILE_UNKNOWN)
		json_text(j, file, "inner", file_kind_text((enum file_kind)o->inner));
	json_span(j, file, "declared", observation_text(o, TEXT_CONTENT_TYPE));
	json_bool(j, file, "encrypted", has(o, OBSERVED_ENCRYPTED));
	json_bool(j, file, "macros", has(o, OBSERVED_MACROS));
	json_bool(j, file, "mismatched", has(o, OBSERVED_MISMATCHED));
}

void
eve_fileinfo(struct json *j, const struct observation *o)
{
	json_text(j, JSON_ROOT, "app_proto", names_app((enum app)o->app));
	if (observation_text(o, TEXT_URL).at != NULL)
		eve_http(j, o);
	eve_file(j, o);
	eve_file_extra(j, json_object(j, JSON_ROOT, "hansho"), o);
}

/* ---- logins, remote use ---- */

void
eve_login(struct json *j, const struct observation *o)
{
	static const char *const methods[LOGIN_METHODS] = {
		"other", "password", "ntlm", "kerberos", "key", "anonymous",
	};
	unsigned login;

	json_text(j, JSON_ROOT, "app_proto", names_app((enum app)o->app));
	login = json_object(j, JSON_ROOT, "login");
	json_text(j, login, "method", o->detail < LOGIN_METHODS ? methods[o->detail] : methods[LOGIN_OTHER]);
	json_text(j, login, "outcome", outcome_text(o));
	put_code(j, login, o->code);
	json_span(j, login, "user", observation_text(o, TEXT_USER));
	json_span(j, login, "domain", observation_text(o, TEXT_DOMAIN));
	json_span(j, login, "workstation", observation_text(o, TEXT_HOST_NAME));
	json_span(j, login, "service", observation_text(o, TEXT_TICKET));
	json_span(j, login, "software", observation_text(o, TEXT_SOFTWARE));
}

void
eve_remote(struct json *j, const struct observation *o)
{
	static const char *const actions[REMOTE_ACTIONS] = {
		"share", "pipe", "file_write", "service", "task", "bind",
	};
	unsigned remote;

	json_text(j, JSON_ROOT, "app_proto", names_app((enum app)o->app));
	remote = json_object(j, JSON_ROOT, "remote");
	json_text(j, remote, "action", o->detail < REMOTE_ACTIONS ? actions[o->detail] : "?");
	json_text(j, remote, "outcome", outcome_text(o));
	put_code(j, remote, o->code);
	json_span(j, remote, "name", observation_text(o, TEXT_SHARE));
	json_span(j, remote, "command", observation_text(o, TEXT_COMMAND));
	if (o->count > 0)
		json_number(j, remote, "files", o->count);
	if (o->body_bytes > 0)
		json_number(j, remote, "existing", o->body_bytes);
	if (o->refused > 0)
		json_number(j, remote, "deleted", o->refused);
	if (o->number > 0)
		json_number(j, remote, "marked", o->number);
	json_span(j, remote, "ending", observation_text(o, TEXT_FILE_NAME));
}

/* ---- identities ---- */

void
eve_identity(struct json *j, const struct observation *o)
{
	struct span mac = observation_text(o, TEXT_MAC);
	char text[MAC_TEXT_MAX];
	unsigned identity;

	if (o->app != APP_UNKNOWN)
		json_text(j, JSON_ROOT, "app_proto", names_app((enum app)o->app));
	identity = json_object(j, JSON_ROOT, "identity");
	json_text(j, identity, "source", identity_source_text((enum identity_source)o->detail));
	json_addr(j, identity, "ip", &o->named);
	if (mac.left == MAC_BYTES)
		json_text(j, identity, "mac", mac_text(mac.at, text));
	json_span(j, identity, "name", observation_text(o, TEXT_HOST_NAME));
	json_span(j, identity, "user", observation_text(o, TEXT_USER));
	json_span(j, identity, "domain", observation_text(o, TEXT_DOMAIN));
	json_span(j, identity, "software", observation_text(o, TEXT_SOFTWARE));
	if (o->code > 0)
		json_number(j, identity, "lease", o->code);
	if (has(o, OBSERVED_RELEASED))
		json_bool(j, identity, "released", true);
}

/* ---- protocols that nobody here knows ---- */

static void
put_first(struct json *j, unsigned unknown, const char *key, struct span first, unsigned entropy)
{
	char hex[2 * PROTOCOL_FIRST_BYTES], shown[PROTOCOL_FIRST_BYTES];
	unsigned side;
	size_t i;

	if (first.at == NULL)
		return;
	if (first.left > PROTOCOL_FIRST_BYTES)
		first.left = PROTOCOL_FIRST_BYTES;
	hex_put(hex, first.at, first.left);
	for (i = 0; i < first.left; i++)
		shown[i] = first.at[i] >= 0x20 && first.at[i] < 0x7f ? (char)first.at[i] : '.';
	side = json_object(j, unknown, key);
	json_span(j, side, "hex", span_of(hex, 2 * first.left));
	json_span(j, side, "printable", span_of(shown, first.left));
	json_decimal(j, side, "entropy", entropy / 1000.0);
}

void
eve_unknown(struct json *j, const struct observation *o)
{
	unsigned unknown;

	json_text(j, JSON_ROOT, "app_proto", names_app(APP_UNKNOWN));
	unknown = json_object(j, JSON_ROOT, "unknown");
	put_first(j, unknown, "toserver", observation_text(o, TEXT_FIRST_ASKED), o->entropy[ORIGINATOR]);
	put_first(j, unknown, "toclient", observation_text(o, TEXT_FIRST_ANSWERED), o->entropy[RESPONDER]);
}
