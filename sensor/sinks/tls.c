#include "sinks/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "sinks/wait.h"

enum { HOST_MOST = 255, VERDICT_MS = 300, UNASKED_READS = 64, YOUNG_MS = 2000 };

struct tls {
	SSL_CTX *context;
	SSL *ssl;			/* NULL: no session */
	char host[HOST_MOST + 1];
	bool own;			/* we have a certificate */
	int64_t young_until_ns;		/* monotonic: the session is new */
	bool welcomed;			/* TLS 1.3: a session ticket came, so our side was accepted */
};

/* ---- files ---- */

/* A key that needs a password is refused, not asked for. */
static int
no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

static const char *
library_text(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e == 0 ? NULL : ERR_reason_error_string(e);

	return text == NULL ? "no reason given" : text;
}

static int
load_files(struct tls *t, const char *ca_file, const char *cert_file, const char *key_file, struct fault *fault)
{
	const char *key = key_file[0] != '\0' ? key_file : cert_file;

	ERR_clear_error();
	if (ca_file[0] == '\0' ? SSL_CTX_set_default_verify_paths(t->context) != 1 :
	    SSL_CTX_load_verify_locations(t->context, ca_file, NULL) != 1)
		return fault_set(fault, SE_USAGE, "%s: %s: expected certificates (PEM)", ca_file, library_text());
	if (cert_file[0] == '\0')
		return 0;
	t->own = true;
	if (SSL_CTX_use_certificate_chain_file(t->context, cert_file) != 1)
		return fault_set(fault, SE_USAGE, "%s: %s: expected our certificate (PEM)", cert_file, library_text());
	if (SSL_CTX_use_PrivateKey_file(t->context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(t->context) != 1)
		return fault_set(fault, SE_USAGE, "%s: %s: expected the certificate's private key (PEM, not encrypted)", key,
		    library_text());
	return 0;
}

static int
note_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = SSL_get_app_data(ssl);

	(void)session;
	t->welcomed = true;
	return 0;
}

int
tls_new(const char *host, const char *ca_file, const char *cert_file, const char *key_file, struct tls **out,
    struct fault *fault)
{
	struct tls *t = calloc(1, sizeof *t);
	int r;

	*out = NULL;
	if (t == NULL || (t->context = SSL_CTX_new(TLS_client_method())) == NULL) {
		r = fault_set(fault, SE_NOMEM, "TLS: out of memory");
		goto done;
	}
	memcpy(t->host, host, strnlen(host, HOST_MOST));
	SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_passwd_cb(t->context, no_password);
	SSL_CTX_set_mode(t->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(t->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(t->context, note_ticket);
	if ((r = load_files(t, ca_file, cert_file, key_file, fault)) < 0)
		goto done;
	*out = t;
	t = NULL;
done:
	tls_free(t);
	return r;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	free(t);
}

/* ---- a session ---- */

/* Some receivers look at our name behind the handshake, and say nothing when they do not know it. */
static int
tell_closed(const struct tls *t, struct fault *fault)
{
	if (wait_now() > t->young_until_ns)
		return fault_set(fault, SE_PEER, "the receiver has closed the connection");
	return fault_set(fault, SE_PEER, "the receiver has closed the connection right behind the handshake: %s",
	    t->own ? "does it permit the name in our certificate?" : "does it want a certificate of ours (cert_file)?");
}

/* What went wrong, told once: whose certificate, or what the library or the system says. */
static int
tell(struct tls *t, int code, struct fault *fault)
{
	int saved = errno;
	long verdict = SSL_get_verify_result(t->ssl);
	unsigned long e = ERR_peek_last_error();

	if (verdict != X509_V_OK)
		return fault_set(fault, SE_PEER, "the receiver's certificate is refused: %s",
		    X509_verify_cert_error_string(verdict));
	if (code == SSL_ERROR_SSL && ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) > SSL_AD_REASON_OFFSET)
		return fault_set(fault, SE_PEER, "the receiver refuses us: %s", library_text());
	if (code == SSL_ERROR_ZERO_RETURN || (code == SSL_ERROR_SYSCALL && e == 0 && saved == 0) ||
	    ERR_GET_REASON(e) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return tell_closed(t, fault);
	if (code == SSL_ERROR_SYSCALL && e == 0)
		return fault_set(fault, SE_PEER, "%s", strerror(saved));
	return fault_set(fault, SE_PEER, "TLS: %s", library_text());
}

/* Until what the library waits for may be. 0, or SE_PEER told. */
static int
wait_for_library(struct tls *t, int result, int64_t until_ns, const atomic_bool *cancelled, struct fault *fault)
{
	int code = SSL_get_error(t->ssl, result);

	if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE)
		return tell(t, code, fault);
	if (wait_for(SSL_get_fd(t->ssl), code == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ns, cancelled))
		return 0;
	return fault_set(fault, SE_PEER, "no progress: %s", strerror(errno));
}

static bool
set_name(struct tls *t)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(t->ssl);
	unsigned char address[16];

	if (inet_pton(AF_INET, t->host, address) == 1 || inet_pton(AF_INET6, t->host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(p, t->host) == 1;
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(t->ssl, t->host) == 1 && SSL_set1_host(t->ssl, t->host) == 1;
}

static bool
has_come(struct tls *t, int fd)
{
	return SSL_set_fd(t->ssl, fd) == 1 && SSL_set_app_data(t->ssl, t) == 1 && set_name(t);
}

/*
 * In TLS 1.3 the client has finished before the server has looked at its
 * certificate. A ticket says that it holds, an alert that it does not; who says nothing is believed.
 */
static int
wait_for_verdict(struct tls *t, const atomic_bool *cancelled, struct fault *fault)
{
	int64_t until_ns = wait_deadline(VERDICT_MS);
	int r;

	if (SSL_version(t->ssl) < TLS1_3_VERSION)
		return 0;
	while (!t->welcomed && (r = tls_check(t, fault)) == 0)
		if (!wait_for(SSL_get_fd(t->ssl), POLLIN, until_ns, cancelled))
			return 0;
	return t->welcomed ? 0 : r;
}

int
tls_connect(struct tls *t, int fd, int64_t until_ns, const atomic_bool *cancelled, struct fault *fault)
{
	int n, r;

	SSL_free(t->ssl);
	t->welcomed = false;
	t->young_until_ns = 0;
	ERR_clear_error();
	if ((t->ssl = SSL_new(t->context)) == NULL || !has_come(t, fd))
		return fault_set(fault, SE_NOMEM, "TLS: out of memory");
	for (;;) {
		errno = 0;
		ERR_clear_error();
		if ((n = SSL_connect(t->ssl)) == 1)
			break;
		if ((r = wait_for_library(t, n, until_ns, cancelled, fault)) < 0)
			return r;
	}
	t->young_until_ns = wait_deadline(YOUNG_MS);
	return wait_for_verdict(t, cancelled, fault);
}

int
tls_send(struct tls *t, const char *bytes, size_t len, int64_t until_ns, const atomic_bool *cancelled,
    struct fault *fault)
{
	size_t done = 0;
	int n, r;

	while (len > 0) {
		errno = 0;
		ERR_clear_error();
		if ((n = SSL_write_ex(t->ssl, bytes, len, &done)) == 1) {
			bytes += done;
			len -= done;
		} else if ((r = wait_for_library(t, n, until_ns, cancelled, fault)) < 0) {
			return r;
		}
	}
	return 0;
}

int
tls_check(struct tls *t, struct fault *fault)
{
	char unasked[512];
	size_t len;
	int n, i, code;

	for (i = 0; i < UNASKED_READS; i++) {
		errno = 0;
		ERR_clear_error();
		if ((n = SSL_read_ex(t->ssl, unasked, sizeof unasked, &len)) == 1)
			continue;
		code = SSL_get_error(t->ssl, n);
		return code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE ? 0 : tell(t, code, fault);
	}
	return 0;
}

void
tls_end(struct tls *t)
{
	if (t == NULL || t->ssl == NULL)
		return;
	ERR_clear_error();
	if (SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	t->ssl = NULL;
}
