#include "proto/tls/tls_describe.h"

#include "proto/tls/tls_fingerprint.h"
#include "proto/tls/tls_hello.h"
#include "proto/tls/tls_repeat.h"

/* Names of an ALPN list joined by ",", GREASE left out. False when there is no room. */
static bool
join_names(struct tls_scratch *s, struct span list, struct span *out)
{
	struct tls_text t;
	struct span name;

	if (list.at == NULL)
		return true;
	if (!tls_text_begin(&t, &s->arena, list.left + 1))
		return false;
	while (tls_next_name(&list, &name)) {
		if (tls_name_is_grease(name))
			continue;
		if (t.used > 0)
			tls_text_byte(&t, ',');
		tls_text_bytes(&t, name.at, name.left);
	}
	*out = tls_text_span(&t);
	return true;
}

/* Is there room to form all texts of such a body? Else what was formed before may not matter. */
static bool
has_room(const struct tls_scratch *s, struct span body)
{
	const size_t least = 16 * body.left + 256;

	return s->arena.most_bytes >= least && s->arena.used_bytes <= s->arena.most_bytes - least;
}

static enum tls_described
form_client(struct tls_scratch *s, const struct tls_client_hello *hello, char transport, struct tls_client *out)
{
	return join_names(s, hello->alpn, &out->alpn) && tls_ja3(s, hello, out) && tls_ja4(s, transport, hello, out) ?
	    TLS_DESCRIBED : TLS_NO_ROOM;
}

enum tls_described
tls_describe_client(struct tls_scratch *s, struct span body, char transport, struct tls_client *out)
{
	struct tls_repeats *repeats = tls_tools_repeats(s->tools);
	struct tls_client_hello hello;
	struct tls_said said;

	if (!tls_client_hello_read(body, &hello) || tls_version_is_dtls(hello.version) != (transport == 'd'))
		return TLS_NO_HELLO;
	out->version = hello.version;
	out->best_version = hello.best_version;
	out->sni = hello.sni;
	out->ech = hello.ech;
	out->resumes = hello.resumes;
	if (!has_room(s, body))
		return form_client(s, &hello, transport, out);
	tls_said_client(&said, transport, &hello);
	if (tls_repeats_client(repeats, &said, out))
		return TLS_DESCRIBED;
	if (form_client(s, &hello, transport, out) != TLS_DESCRIBED)
		return TLS_NO_ROOM;
	tls_repeats_keep_client(repeats, &said, out);
	return TLS_DESCRIBED;
}

static enum tls_described
form_server(struct tls_scratch *s, const struct tls_server_hello *hello, struct tls_server *out)
{
	return join_names(s, hello->alpn, &out->alpn) && tls_ja3s(s, hello, out) ? TLS_DESCRIBED : TLS_NO_ROOM;
}

enum tls_described
tls_describe_server(struct tls_scratch *s, struct span body, struct tls_server *out)
{
	struct tls_repeats *repeats = tls_tools_repeats(s->tools);
	struct tls_server_hello hello;
	struct tls_said said;

	if (!tls_server_hello_read(body, &hello))
		return TLS_NO_HELLO;
	out->version = hello.version;
	out->cipher = hello.cipher;
	out->retry = hello.retry;
	if (!has_room(s, body))
		return form_server(s, &hello, out);
	tls_said_server(&said, &hello);
	if (tls_repeats_server(repeats, &said, out))
		return TLS_DESCRIBED;
	if (form_server(s, &hello, out) != TLS_DESCRIBED)
		return TLS_NO_ROOM;
	tls_repeats_keep_server(repeats, &said, out);
	return TLS_DESCRIBED;
}
