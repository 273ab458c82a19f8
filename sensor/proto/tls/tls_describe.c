#include "proto/tls/tls_describe.h"

#include "proto/tls/tls_fingerprint.h"
#include "proto/tls/tls_hello.h"

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

enum tls_described
tls_describe_client(struct tls_scratch *s, struct span body, char transport, struct tls_client *out)
{
	struct tls_client_hello hello;

	if (!tls_client_hello_read(body, &hello) || tls_version_is_dtls(hello.version) != (transport == 'd'))
		return TLS_NO_HELLO;
	out->version = hello.version;
	out->best_version = hello.best_version;
	out->sni = hello.sni;
	out->ech = hello.ech;
	out->resumes = hello.resumes;
	if (!join_names(s, hello.alpn, &out->alpn) || !tls_ja3(s, &hello, out) ||
	    !tls_ja4(s, transport, &hello, out))
		return TLS_NO_ROOM;
	return TLS_DESCRIBED;
}

enum tls_described
tls_describe_server(struct tls_scratch *s, struct span body, struct tls_server *out)
{
	struct tls_server_hello hello;

	if (!tls_server_hello_read(body, &hello))
		return TLS_NO_HELLO;
	out->version = hello.version;
	out->cipher = hello.cipher;
	out->retry = hello.retry;
	if (!join_names(s, hello.alpn, &out->alpn) || !tls_ja3s(s, &hello, out))
		return TLS_NO_ROOM;
	return TLS_DESCRIBED;
}
