/*
 * row_check_in.c - a bot that reports to servers by their bare addresses:
 * POSTs of ever other paths and bodies that are no text, on web or odd ports,
 * to one address after another, many of them dead.
 */
#include "behaviour/private.h"

enum { PEERS = 16, PATHS = 16, DEAD = 16, POSTS_LEAST = 2, NAMELESS_TLS_LEAST = 3, PORT_HTTP = 80, PORT_TLS = 443, PROTOCOL_TCP = 6 };

enum { DID_POST = 1, DID_TLS = 2, DID_OTHER_PORT = 4 };

struct peer {
	uint32_t tag;			/* of the address */
	uint8_t did;
};

struct check_in {
	int64_t first_ns, last_ns;
	struct peer peer[PEERS];
	unsigned peers, next_peer;
	uint32_t dead[DEAD];
	unsigned died, next_dead;
	uint32_t path[PATHS];
	unsigned paths, next_path;
	uint32_t posts, opaque;		/* requests; those with a body that is no text */
};

const size_t check_in_part_bytes = sizeof(struct check_in);

static struct check_in *
part_of(struct sight *s)
{
	struct check_in *k = sight_part(s, ROW_CHECK_IN);
	int64_t now = s->o->ts_ns;

	if (k == NULL)
		return NULL;
	if (k->peers == 0 || now - k->last_ns > (int64_t)s->limits->check_in_sec * NS_PER_SEC) {
		memset(k, 0, sizeof *k);
		k->first_ns = now;
	}
	k->last_ns = now;
	return k;
}

static struct peer *
peer_find(struct check_in *k, uint32_t tag)
{
	unsigned i;

	for (i = 0; i < k->peers; i++)
		if (k->peer[i].tag == tag)
			return &k->peer[i];
	return NULL;
}

static struct peer *
peer_of(struct check_in *k, struct sight *s)
{
	uint32_t tag = sight_peer_tag(s);
	struct peer *p = peer_find(k, tag);

	if (p != NULL)
		return p;
	p = k->peers < PEERS ? &k->peer[k->peers++] : &k->peer[k->next_peer++ % PEERS];
	*p = (struct peer){ .tag = tag };
	return p;
}

static unsigned
count(const struct check_in *k, unsigned did)
{
	unsigned i, n = 0;

	for (i = 0; i < k->peers; i++)
		n += (k->peer[i].did & did) == did;
	return n;
}

static void
weigh(struct sight *s, struct check_in *k)
{
	static const struct step servers[] = { { 1, 25 }, { 2, 40 }, { 3, 55 }, { 0, 0 } };
	static const struct step nameless[] = { { 3, 30 }, { 6, 50 }, { 0, 0 } };
	static const struct step dead[] = { { 2, 5 }, { 4, 15 }, { 8, 25 }, { 0, 0 } };
	unsigned posted = count(k, DID_POST), tls = count(k, DID_TLS);
	struct score c;

	if (k->posts < POSTS_LEAST && tls < NAMELESS_TLS_LEAST)
		return;
	score_begin(&c);
	if (k->posts > 0) {
		score_number(&c, "servers", posted, score_step(servers, posted));
		score_number(&c, "posts", k->posts, 0);
		score_number(&c, "paths", k->paths, k->paths >= 2 && k->paths + 1 >= k->posts ? 20 : 0);
		if (k->opaque > 0)
			score_number(&c, "opaque_bodies", k->opaque, 15);
	}
	if (tls >= NAMELESS_TLS_LEAST)
		score_number(&c, "unnamed_tls_servers", tls, score_step(nameless, tls));
	if (count(k, DID_OTHER_PORT) > 0)
		score_number(&c, "other_ports", count(k, DID_OTHER_PORT), 10);
	if (k->died > 0)
		score_number(&c, "dead", k->died, score_step(dead, k->died));
	score_minutes(&c, k->first_ns, k->last_ns);
	if (score_confidence(&c) >= s->limits->confidence)	/* the text of an address costs more than all before */
		score_addr(&c, "peer", s->peer, 0);
	sight_ring(s, ROW_CHECK_IN, &c, k->first_ns);
}

/* The path without its query: a speed test changes that alone. */
static struct span
path_of(const struct observation *o)
{
	struct span url = observation_text(o, TEXT_URL), path = url, host;
	const uint8_t *end;

	if (url.left == 0 || !span_until(&path, '/', &host))
		return span_of("", 0);
	if (path.left > 0 && (end = memchr(path.at, '?', path.left)) != NULL)
		path.left = (size_t)(end - path.at);
	return path;
}

/* What devices and their programs say to one another. */
static bool
is_device_type(struct span type)
{
	return span_has(type, "json") || span_has(type, "xml") || span_has(type, "soap") || span_has(type, "grpc") ||
	    span_has(type, "dns-message") || span_has(type, "ocsp") || span_has(type, "ipp");
}

static void
note_request(struct sight *s)
{
	const struct observation *o = s->o;
	struct span path, type = observation_text(o, TEXT_CONTENT_TYPE);
	struct check_in *k;
	struct peer *p;

	if ((o->flags & (OBSERVED_RESPONSE | OBSERVED_PROXIED)) != 0 ||
	    !span_equal(observation_text(o, TEXT_METHOD), span_text("POST")) || is_device_type(type) ||
	    o->body_bytes > s->limits->check_in_body_bytes || (k = part_of(s)) == NULL)
		return;
	p = peer_of(k, s);
	p->did |= DID_POST;
	if (s->peer_port != PORT_HTTP)
		p->did |= DID_OTHER_PORT;
	k->posts++;
	path = path_of(o);
	tags_add(k->path, PATHS, &k->paths, &k->next_path, tag_of(path.at, path.left));
	k->opaque += type.left == 0 || span_has(type, "octet-stream") || span_has(type, "multipart/");
	weigh(s, k);
}

/* TLS that names nobody, to a bare address. Without a voice the client's hello was not seen, and it may have named somebody. */
static void
note_contact(struct sight *s)
{
	struct check_in *k;
	struct peer *p;
	uint8_t before;

	if (s->o->app != APP_TLS || s->o->number == 0 || (k = part_of(s)) == NULL)
		return;
	p = peer_of(k, s);
	before = p->did;
	p->did |= DID_TLS;
	if (s->peer_port != PORT_TLS)
		p->did |= DID_OTHER_PORT;
	if (p->did != before)
		weigh(s, k);
}

/* Nobody answered; it counts only beside servers that did. */
static void
note_end(struct sight *s)
{
	const struct observation *o = s->o;
	struct check_in *k;
	struct host *h;
	uint32_t tag;

	if (o->key.protocol != PROTOCOL_TCP || o->flow_bytes[RESPONDER] > o->packets[RESPONDER] * 80 ||
	    (o->flow_state != FLOW_NEW && o->flow_state != FLOW_RESET) || (o->flags & OBSERVED_MIDWAY) != 0)
		return;
	h = sight_known(s);
	if (h == NULL || h->part[ROW_CHECK_IN] == NULL || (k = part_of(s)) == NULL || k->peers == 0)
		return;
	tag = sight_peer_tag(s);
	if (peer_find(k, tag) == NULL && tags_add(k->dead, DEAD, &k->died, &k->next_dead, tag))
		weigh(s, k);
}

void
check_in_note(struct sight *s)
{
	if (s->o->host_side != ORIGINATOR)
		return;
	if (s->o->kind == OBSERVE_HTTP)
		note_request(s);
	else if (s->o->kind == OBSERVE_CONTACT)
		note_contact(s);
	else
		note_end(s);
}
