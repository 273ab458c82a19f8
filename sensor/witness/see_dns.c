/* see_dns.c - what a DNS message tells: names of addresses, and who has one. */
#include <stdio.h>

#include "witness/private.h"

/* RFC 1035, 3.2.2; RFC 3596 */
enum { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28 };

static bool
is_address(const struct dns_answer *a)
{
	return a->type == DNS_TYPE_A || a->type == DNS_TYPE_AAAA;
}

/* "1 192.0.2.10,5 www.example": type and value, as many as fit. */
static void
add_answers(struct observation_buffer *b, const struct dns_message *d)
{
	char text[2 * DNS_NAME_MAX], addr[ADDR_TEXT_MAX];
	size_t used = 0;
	unsigned i;
	int n;

	for (i = 0; i < d->answers_count; i++) {
		const struct dns_answer *a = &d->answers[i];

		n = snprintf(text + used, sizeof text - used, "%s%u %s", i == 0 ? "" : ",",
		    (unsigned)a->type, is_address(a) ? addr_text(&a->addr, addr) : a->target);
		if (n < 0 || (size_t)n >= sizeof text - used)
			break;
		used += (size_t)n;
	}
	if (used > 0)
		observation_add(b, TEXT_ANSWERS, span_of(text, used), sizeof text);
}

/* Escaped, a name may be longer than names otherwise are: its end says whose zone it is. */
static struct span
end_of_name(const char *name)
{
	struct span s = span_text(name), label;

	while (s.left > SERVICE_MAX && span_until(&s, '.', &label))
		;
	return s.left > SERVICE_MAX ? span_text("") : s;
}

static void
describe_question(struct observation_buffer *b, const struct dns_message *d)
{
	observation_add(b, TEXT_SERVICE, span_text(d->question), DNS_NAME_MAX);
	b->o.number = d->id;
	b->o.version = d->question_type;
	b->o.status = d->rcode;
	b->o.count = d->odd_payload_bytes;
	b->o.code = d->opcode;
	b->o.flags |= (uint32_t)((d->authoritative ? OBSERVED_AUTHORITATIVE : 0) |
	    (d->truncated ? OBSERVED_TRUNCATED : 0) | (d->edns ? OBSERVED_EDNS : 0));
	b->o.body_bytes = d->edns_udp_bytes;
	if (d->flavour != DNS_UNICAST)
		b->o.flags |= OBSERVED_MULTICAST;
	if (d->response)
		b->o.flags |= OBSERVED_RESPONSE;
}

static void
describe_dns(struct observation_buffer *b, const void *what)
{
	const struct dns_message *d = what;

	describe_question(b, d);
	if (d->response)
		add_answers(b, d);
}

/* Each address of the answer is called as the question asked, whatever aliases lie between. */
static void
observe_names(struct witness *w, struct flow *f, const struct message *m)
{
	const struct dns_message *d = m->dns;
	struct observation_buffer *b;
	unsigned i;

	for (i = 0; i < d->answers_count + d->extras_count; i++) {
		if (!is_address(&d->answers[i]) || (i >= d->answers_count && !d->answers[i].hint))
			continue;
		b = witness_begin(w, OBSERVE_NAME, f, m->ts_ns);
		b->o.named = d->answers[i].addr;
		observation_add(b, TEXT_SERVICE, end_of_name(d->question), SERVICE_MAX);
		witness_end(w);
	}
}

/* "host.local" → "host": the suffix says nothing (RFC 6762 section 3). */
static struct span
without_local(const char *name)
{
	static const char suffix[] = ".local";
	struct span s = span_text(name);
	size_t len = sizeof suffix - 1;

	if (s.left > len && memcmp(s.at + s.left - len, suffix, len) == 0)
		s.left -= len;
	return s;
}

/*
 * Anybody may claim any name here (RFC 6762 section 21), so only what a
 * machine says about the very address that it speaks from counts. A time to
 * live of zero takes the name back (section 10.1).
 */
static void
observe_own_names(struct witness *w, struct flow *f, const struct message *m)
{
	const struct dns_message *d = m->dns;
	struct addr sender = flow_addr(f, m->from);
	struct identity i;
	unsigned n;

	for (n = 0; n < d->answers_count + d->extras_count; n++) {
		const struct dns_answer *a = &d->answers[n];

		if (!is_address(a) || !addr_equal(&a->addr, &sender))
			continue;
		memset(&i, 0, sizeof i);
		i.source = d->flavour == DNS_MDNS ? IDENTITY_MDNS : IDENTITY_LLMNR;
		i.addr = a->addr;
		i.host_name = without_local(a->name);
		i.lease_sec = a->ttl_sec;
		i.released = d->flavour == DNS_MDNS && a->ttl_sec == 0;
		if (i.host_name.left > 0)
			witness_identity(w, f, m, &i);
	}
}

void
see_dns(struct witness *w, struct flow *f, const struct message *m)
{
	static const uint8_t apps[] = { [DNS_UNICAST] = APP_DNS, [DNS_MDNS] = APP_MDNS, [DNS_LLMNR] = APP_LLMNR };
	const struct dns_message *d = m->dns;
	const struct sighting s = { m->ts_ns, describe_dns, d };

	f->app = apps[d->flavour];
	/* The answer repeats the question: it counts only where the question was not seen. */
	if (d->question[0] != '\0' && (!d->response || f->side[ORIGINATOR].packets == 0))
		match_domain(w, f, &s, end_of_name(d->question));
	if (d->response && d->question[0] != '\0')
		observe_names(w, f, m);
	if (d->response && d->flavour != DNS_UNICAST)
		observe_own_names(w, f, m);
	/* Detection asks how names are asked for, records for the answers, too. */
	if ((w->options.records & WITNESS_DNS) != 0) {
		describe_dns(witness_begin(w, OBSERVE_DNS, f, m->ts_ns), d);
		witness_end(w);
	} else if (d->flavour == DNS_UNICAST) {
		describe_question(witness_begin(w, OBSERVE_DNS, f, m->ts_ns), d);
		witness_end(w);
	}
}
