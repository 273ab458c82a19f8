/*
 * private.h - what the witness's parts share: witness.c joins and counts,
 * see*.c read each kind of message, match.c holds it against indicators.
 */
#ifndef SENSOR_WITNESS_PRIVATE_H
#define SENSOR_WITNESS_PRIVATE_H

#include "packet.h"
#include "witness/witness.h"

enum { FORWARDED_MAX = 256, SERVICE_MAX = 255, TEXT_SHORT_MAX = 256, TEXT_LONG_MAX = 1024 };
enum { NOTE_MAX = 96 };

/* What is known of a flow's server: its name, behind it what it calls itself, and for whom a balancer says that it speaks. */
struct service {
	uint16_t len, software_len;	/* 0: not known */
	uint8_t claimed_len;
	bool refused;			/* a proxy did not reach it */
	char cert_sha1[41];		/* "": not seen */
	char text[];
};

/* What all observations of a flow have in common, and takes longer than the rest. */
struct known_flow {
	const struct flow *flow;	/* compared, never followed */
	struct flow_key key;
	uint8_t home;			/* bits 1 << side */
	int64_t first_ns;
	uint64_t first_ordinal;
	uint64_t id;			/* flow_id(); 0: none */
};

/* What clients say of themselves again and again: its hash takes five times as long as to find it here. */
enum { KNOWN_FLOWS = 64, KNOWN_VOICES = 32, VOICE_BYTES = 160 };

struct known_voice {
	uint32_t voice;			/* 0: free */
	uint8_t len;
	uint8_t text[VOICE_BYTES];
};

struct witness {
	struct witness_options options;
	const struct indicators *set;
	observation_fn *emit;
	void *to;
	uint64_t ordinal;
	enum observation_phase phase;
	int64_t deadline_ns;
	uint32_t index;
	struct witness_counts counts;
	struct known_flow known[KNOWN_FLOWS];	/* by first_ordinal: the latest flows */
	struct known_voice voices[KNOWN_VOICES];	/* by hash: the latest */
	struct observation_buffer buffer;
};

/* Fill the fixed part from the flow; add texts; witness_end() emits. */
struct observation_buffer *witness_begin(struct witness *w, enum observation_kind kind,
    const struct flow *f, int64_t ts_ns);
void witness_end(struct witness *w);

/* Does it belong to those that we watch over? */
bool witness_is_home(const struct witness *w, const struct addr *a);

/* Which side is the host that we watch over? */
int witness_host_side(const struct witness *w, const struct flow *f);

/* A host with or without port → lower-case name without either. False: empty, too long, or with odd bytes. */
bool witness_host_name(struct span host, char *name, size_t size);

/* The flow speaks with `name`: remember it, and observe the contact if this is one. */
void witness_named(struct witness *w, struct flow *f, const char *name, const struct message *m,
    bool proxied);

/* The server showed this certificate: the flow's contacts and its end tell of it. */
void witness_certificate(struct flow *f, const char *sha1);

/* What the flow's server calls itself, the first time that it says so. */
void witness_software(struct flow *f, struct span software);

/* Who this flow's client is, by the word of a balancer before it. */
void witness_claimed(struct flow *f, struct span addr);

/* The proxy said no: there was no connection to the service. */
void witness_refused(struct flow *f);

/* Whom a balancer claimed to speak for, unless the message itself said more. */
void witness_add_claimed(struct observation_buffer *b, const struct flow *f);

/* A fingerprint in short: equal ones are equal in every run. Never 0. */
uint32_t witness_voice(struct witness *w, struct span fingerprint);

/* ---- see*.c ---- */

void see_http_request(struct witness *w, struct flow *f, const struct message *m);
void see_http_response(struct witness *w, struct flow *f, const struct message *m);
void see_tls_client(struct witness *w, struct flow *f, const struct message *m);
void see_tls_server(struct witness *w, struct flow *f, const struct message *m);
void see_tls_certificate(struct witness *w, struct flow *f, const struct message *m);
void see_dns(struct witness *w, struct flow *f, const struct message *m);
void see_mail(struct witness *w, struct flow *f, const struct message *m);
void see_file(struct witness *w, struct flow *f, const struct message *m);
void see_login(struct witness *w, struct flow *f, const struct message *m);
void see_remote(struct witness *w, struct flow *f, const struct message *m);
void see_identity(struct witness *w, struct flow *f, const struct message *m);
void see_proxy(struct witness *w, struct flow *f, const struct message *m);

/* What this hello's flow speaks: TLS, QUIC, or DNS inside one of them. */
enum app witness_tls_app(const struct flow *f, const struct tls_client *c);

/* `i` instead of a message of its own: what another one tells by the way. */
void witness_identity(struct witness *w, struct flow *f, const struct message *m,
    const struct identity *i);

void witness_add_url(struct observation_buffer *b, struct span host, struct span path);
void witness_add_service(struct observation_buffer *b, struct span host);

/* As many whole items of "a,b,c" as fit into `most` bytes: half a name is another name. */
struct span witness_whole_items(struct span list, char separator, size_t most);

/* The port behind a host's name. False: there is none. */
bool witness_port(struct span host, uint16_t *port);

/* ---- match.c ---- */

/* When, and how to add what else is known of it (SNI, URL, ...) to the observation. */
struct sighting {
	int64_t ts_ns;
	void (*describe)(struct observation_buffer *b, const void *what);	/* NULL: nothing to add */
	const void *what;
};

/* Both ends of a new flow. */
void match_addresses(struct witness *w, struct flow *f, int64_t ts_ns);
void match_peer(struct witness *w, struct flow *f, const struct sighting *s, const struct addr *a,
    uint16_t port);
void match_domain(struct witness *w, struct flow *f, const struct sighting *s, struct span name);
void match_url(struct witness *w, struct flow *f, const struct sighting *s, struct span host,
    struct span path);
void match_text(struct witness *w, struct flow *f, const struct sighting *s,
    enum indicator_type type, struct span text);

#endif
