#include "alert/names.h"

/*
 * Indicators: base + 1 + 10 * role + type, types from the eleventh on
 * base + 1001 + 10 * role + type - 10. The others have a number each.
 * T1071.001: web protocols, .002: file transfer, .003: mail, .004: DNS, T1095:
 * something that is no application protocol we know, T1001.001: junk data in
 * the protocol, T1219: remote support tools, T1105: tools fetched. A list of infected addresses does not
 * tell how they are commanded.
 */
enum {
	SIGNATURE_BEACON = SIGNATURE_BASE + 101, SIGNATURE_SENSOR = SIGNATURE_BASE + 201,
	SIGNATURE_EVASION = SIGNATURE_BASE + 301, SIGNATURE_RETRO = SIGNATURE_BASE + 401,
	SIGNATURE_BEHAVIOUR = SIGNATURE_BASE + 501, SIGNATURE_CASE = SIGNATURE_BASE + 601,
	SIGNATURE_SUMMARY = SIGNATURE_BASE + 801,
	SIGNATURE_MORE_TYPES = SIGNATURE_BASE + 1001
};

static const char *const categories[ROLE_KINDS] = {
	[ROLE_C2] = "Malware Command and Control Activity Detected",
	[ROLE_DOWNLOAD] = "A Network Trojan was detected",
	[ROLE_INFECTED] = "A Network Trojan was detected",
	[ROLE_SUSPICIOUS] = "Potentially Bad Traffic",
	[ROLE_SINKHOLE] = "A Network Trojan was detected",
	[ROLE_SCANNER] = "Detection of a Network Scan",
	[ROLE_RESOLVER] = "Potentially Bad Traffic",
};

/* T1071: an application protocol that has no technique of its own. */
static const char *
channel_technique(const struct finding *f)
{
	static const char *const techniques[APP_KINDS] = {
		[APP_UNKNOWN] = "T1095",
		[APP_HTTP] = "T1071.001", [APP_HTTP2] = "T1071.001", [APP_TLS] = "T1071.001", [APP_QUIC] = "T1071.001",
		[APP_FTP] = "T1071.002", [APP_SMB] = "T1071.002",
		[APP_SMTP] = "T1071.003", [APP_IMAP] = "T1071.003", [APP_POP3] = "T1071.003",
		[APP_DNS] = "T1071.004", [APP_DOT] = "T1071.004", [APP_DOH] = "T1071.004", [APP_DOQ] = "T1071.004",
		[APP_MDNS] = "T1071.004", [APP_LLMNR] = "T1071.004",
		[APP_TEAMVIEWER] = "T1219", [APP_ANYDESK] = "T1219", [APP_RUSTDESK] = "T1219", [APP_RFB] = "T1219",
		[APP_SOCKS] = "T1090",
	};
	uint8_t app = f->because == NULL ? APP_UNKNOWN : f->because->app;

	return techniques[app] == NULL ? "T1071" : techniques[app];
}

static const char *
indicator_technique(const struct finding *f)
{
	switch (f->indicator->role) {
	case ROLE_DOWNLOAD:
		return "T1105";
	case ROLE_INFECTED:
		return "";
	default:
		break;
	}
	/* These are only seen in web traffic, whatever the observation knows of the flow. */
	switch (f->indicator->type) {
	case INDICATOR_URL:
	case INDICATOR_JA3:
	case INDICATOR_JA4:
	case INDICATOR_CERT_SHA1:
		return "T1071.001";
	default:
		return channel_technique(f);
	}
}

static unsigned
indicator_signature(const struct indicator *i)
{
	unsigned role = (unsigned)i->role, type = (unsigned)i->type;

	return type < 10 ? SIGNATURE_BASE + 1 + 10 * role + type :
	    SIGNATURE_MORE_TYPES + 10 * role + type - 10;
}

struct alert_names
names_of(const struct finding *f)
{
	struct alert_names n = { SIGNATURE_SENSOR, "Misc activity", "" };

	if (f->kind == FINDING_INDICATOR && f->indicator != NULL && f->indicator->role < ROLE_KINDS) {
		n.signature_id = indicator_signature(f->indicator);
		n.category = categories[f->indicator->role];
		n.technique = indicator_technique(f);
	}
	if (f->kind == FINDING_BEACON) {
		n.signature_id = SIGNATURE_BEACON;
		n.category = categories[ROLE_C2];
		n.technique = channel_technique(f);
	}
	if (f->kind == FINDING_RETRO && f->indicator != NULL && f->indicator->role < ROLE_KINDS) {
		n.signature_id = SIGNATURE_RETRO + (unsigned)f->indicator->role;
		n.category = categories[f->indicator->role];
		/* The history does not know what was spoken. */
		n.technique = f->indicator->role == ROLE_DOWNLOAD ? "T1105" : "";
	}
	if (f->kind == FINDING_EVASION) {
		n.signature_id = SIGNATURE_EVASION;
		n.category = categories[ROLE_SUSPICIOUS];
		n.technique = "T1001.001";
	}
	if (f->kind == FINDING_BEHAVIOUR && f->behaviour != NULL) {
		n.signature_id = SIGNATURE_BEHAVIOUR + f->behaviour->signature;
		n.category = "A Network Trojan was detected";
		n.technique = f->behaviour->technique;
	}
	if (f->kind == FINDING_CASE) {
		n.signature_id = SIGNATURE_CASE;
		n.category = "A Network Trojan was detected";
	}
	if (f->kind == FINDING_SUMMARY && f->summary != NULL)
		n.signature_id = f->summary->signature == 0 ? SIGNATURE_SUMMARY : SIGNATURE_SUMMARY + 1;
	return n;
}

const char *
names_severity(enum severity s)
{
	static const char *const names[] = { "?", "critical", "high", "medium", "low" };

	return s >= SEVERITY_CRITICAL && s <= SEVERITY_LOW ? names[s] : names[0];
}

const char *
names_kind(enum finding_kind k)
{
	static const char *const names[FINDING_KINDS] = {
		"indicator", "beacon", "sensor", "evasion", "retro", "behaviour", "case", "summary",
	};

	return k < FINDING_KINDS ? names[k] : "?";
}

const char *
names_sign(enum beacon_sign_kind k)
{
	static const char *const names[BEACON_SIGN_KINDS] = {
		"timing", "hosts", "program", "page", "browsing", "answers", "questions", "unattended",
		"steady", "nameless", "self_signed", "failing", "labels", "types", "internal", "novelty",
	};

	return k < BEACON_SIGN_KINDS ? names[k] : "?";
}

const char *
names_app(enum app a)
{
	static const char *const names[APP_KINDS] = {
		"failed", "http", "tls", "dns",
		"http2", "quic", "dot", "doh", "mdns", "llmnr", "nbns", "dhcp",
		"smtp", "imap", "pop3", "ftp", "ldap", "krb5",
		"smb", "dcerpc", "rdp", "ssh", "winrm", "doq",
		"teamviewer", "anydesk", "rustdesk", "rfb", "socks", "proxy",
	};

	return a < APP_KINDS ? names[a] : names[APP_UNKNOWN];
}
