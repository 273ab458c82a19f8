/* see.c - each kind of message to who knows it, and what several of them need. */
#include "witness/private.h"

enum { URL_MAX = 2048 };

/*
 * "host/path" in one text; cut where it grows too long. Crude programs send
 * targets without the first slash ("GET ?id=7"): it is put there, so that
 * the text always shows where the host ends.
 */
void
witness_add_url(struct observation_buffer *b, struct span host, struct span path)
{
	char url[URL_MAX];
	size_t used = host.left < TEXT_SHORT_MAX ? host.left : TEXT_SHORT_MAX, path_len;

	if (used > 0)
		memcpy(url, host.at, used);
	if (path.left > 0 && path.at[0] != '/')
		url[used++] = '/';
	path_len = path.left < sizeof url - used ? path.left : sizeof url - used;
	if (path_len > 0)
		memcpy(url + used, path.at, path_len);
	observation_add(b, TEXT_URL, span_of(url, used + path_len), sizeof url);
}

void
witness_add_service(struct observation_buffer *b, struct span host)
{
	char name[SERVICE_MAX + 1];

	if (witness_host_name(host, name, sizeof name))
		observation_add(b, TEXT_SERVICE, span_text(name), SERVICE_MAX);
}

struct span
witness_whole_items(struct span list, char separator, size_t most)
{
	const uint8_t *cut;

	if (list.at == NULL || list.left <= most)
		return list;
	cut = memrchr(list.at, separator, most + 1);
	return span_of(list.at, cut == NULL ? 0 : (size_t)(cut - list.at));
}

static void
describe_unknown(struct observation_buffer *b, const struct protocol *p)
{
	static const enum observation_text tags[2] = { TEXT_FIRST_ASKED, TEXT_FIRST_ANSWERED };
	int side;

	for (side = 0; side < 2; side++) {
		double entropy = p->entropy[side] > 0 && p->entropy[side] <= 8 ? p->entropy[side] : 0;

		if (p->first[side].left > 0)
			observation_add(b, tags[side], p->first[side], PROTOCOL_FIRST_BYTES);
		b->o.entropy[side] = (uint16_t)(entropy * 1000 + 0.5);
	}
}

/* No message will name the service: the contact is complete as it is. */
static void
see_protocol(struct witness *w, struct flow *f, const struct message *m)
{
	const struct protocol *p = m->protocol;

	if (p->app != APP_UNKNOWN)
		f->app = (uint8_t)p->app;
	witness_software(f, p->software);
	witness_flow_unnamed(w, f);
	if (p->app == APP_UNKNOWN) {
		describe_unknown(witness_begin(w, OBSERVE_UNKNOWN, f, m->ts_ns), p);
		witness_end(w);
	}
}

void
witness_message(struct witness *w, struct flow *f, const struct message *m)
{
	static void (*const see[MESSAGE_KINDS])(struct witness *, struct flow *, const struct message *) = {
		[MESSAGE_HTTP_REQUEST] = see_http_request,
		[MESSAGE_HTTP_RESPONSE] = see_http_response,
		[MESSAGE_TLS_CLIENT] = see_tls_client,
		[MESSAGE_TLS_SERVER] = see_tls_server,
		[MESSAGE_TLS_CERTIFICATE] = see_tls_certificate,
		[MESSAGE_DNS] = see_dns,
		[MESSAGE_PROTOCOL] = see_protocol,
		[MESSAGE_MAIL] = see_mail,
		[MESSAGE_FILE] = see_file,
		[MESSAGE_LOGIN] = see_login,
		[MESSAGE_REMOTE] = see_remote,
		[MESSAGE_IDENTITY] = see_identity,
		[MESSAGE_PROXY] = see_proxy,
	};

	if (see[m->kind] != NULL)
		see[m->kind](w, f, m);
}
