#include "proto/proto.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/content/content.h"
#include "proto/dcerpc/dcerpc.h"
#include "proto/dhcp/dhcp.h"
#include "proto/dns/dns.h"
#include "proto/ftp/ftp.h"
#include "proto/http/http.h"
#include "proto/imap/imap.h"
#include "proto/kerberos/kerberos.h"
#include "proto/ldap/ldap.h"
#include "proto/nbns/nbns.h"
#include "proto/pop3/pop3.h"
#include "proto/private.h"
#include "proto/proxy/proxy.h"
#include "proto/rdp/rdp.h"
#include "proto/smtp/smtp.h"
#include "proto/quic/quic.h"
#include "proto/tls/dtls.h"
#include "proto/smb/smb.h"
#include "proto/socks/socks.h"
#include "proto/ssh/ssh.h"
#include "proto/support/support.h"
#include "proto/tls/tls.h"

/* A protocol is added by its row, nothing else. */
const struct proto_row *const proto_rows[] = {
	&proxy_row,		/* before HTTP, whose methods may be any word */
	&http_row,
	&http2_row,
	&tls_row,
	&ssh_row,
	&smb_row,
	&dcerpc_row,
	&rdp_row,
	&kerberos_row,
	&dns_row,
	&smtp_row,
	&imap_row,
	&pop3_row,
	&ftp_row,
	&ldap_row,
	&teamviewer_row,
	&rfb_row,
	&rustdesk_row,
	&socks_row,
	NULL
};

const struct datagram_row *const datagram_rows[] = {
	&dhcp_datagram_row,
	&dhcpv6_datagram_row,
	&nbns_datagram_row,
	&kerberos_datagram_row,
	&quic_row,
	&dtls_row,
	&dns_datagram_row,
	&teamviewer_datagram_row,
	&rustdesk_datagram_row,
	NULL
};

_Static_assert(sizeof proto_rows / sizeof proto_rows[0] <= SHARED_MOST &&
    sizeof datagram_rows / sizeof datagram_rows[0] <= SHARED_MOST, "each row has its place");

struct proto *
proto_new(const struct proto_limits *limits, message_fn *emit, void *to)
{
	struct proto *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->limits = *limits;
	p->emit = emit;
	p->to = to;
	if ((p->over = dialogue_over(p)) == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void
proto_free(struct proto *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < SHARED_MOST; i++) {
		if (p->shared[i] != NULL)
			proto_rows[i]->unshare(p->shared[i]);
		if (p->datagram_shared[i] != NULL)
			datagram_rows[i]->unshare(p->datagram_shared[i]);
	}
	content_tools_free(p->content);
	free(p->over);
	free(p);
}

struct content_tools *
proto_content(struct proto *p)
{
	if (p->content == NULL)
		p->content = content_tools_new();
	return p->content;
}

void *
proto_shared(struct proto *p, const struct proto_row *row)
{
	size_t i;

	for (i = 0; proto_rows[i] != row; i++)
		assert(proto_rows[i] != NULL);
	if (p->shared[i] == NULL)
		p->shared[i] = row->share();
	return p->shared[i];
}

const struct proto_row *
proto_row_of(enum app app)
{
	size_t i;

	for (i = 0; proto_rows[i] != NULL; i++)
		if (proto_rows[i]->app == app)
			return proto_rows[i];
	return NULL;
}

void *
proto_datagram_shared(struct proto *p, const struct datagram_row *row)
{
	size_t i;

	for (i = 0; datagram_rows[i] != row; i++)
		assert(datagram_rows[i] != NULL);
	if (p->datagram_shared[i] == NULL)
		p->datagram_shared[i] = row->share();
	return p->datagram_shared[i];
}

const struct proto_counts *
proto_counts(const struct proto *p)
{
	return &p->counts;
}

void
proto_shed_bodies(struct proto *p, bool shed)
{
	p->sheds_bodies = shed;
}

bool
proto_sheds_bodies(const struct proto *p)
{
	return p->sheds_bodies;
}

const struct proto_limits *
proto_limits(const struct proto *p)
{
	return &p->limits;
}

struct proto_counts *
proto_counters(struct proto *p)
{
	return &p->counts;
}

uint64_t *
proto_held(struct proto *p)
{
	return &p->counts.held_bytes;
}

void
proto_emit(struct proto *p, const struct message *m)
{
	p->emitted++;
	p->counts.messages[m->kind]++;
	p->emit(p->to, m);
}
