#include "config/options.h"

#include "alert/ageing.h"
#include "beacon/score.h"
#include "capture/capture.h"
#include "record.h"
#include "sinks/format/format.h"

#define IN(record, member) offsetof(struct record, member), sizeof(((struct record *)0)->member)
#define TEXT_MOST(record, member) (sizeof(((struct record *)0)->member) - 1)

#define SECTION OPTION_SECTION, 0, 0, 1, "", 0, 0, "", NULL, NULL
#define LIST(member, most, example) \
	OPTION_LIST, IN(config, member), 1, "", 0, most, "", NULL, example
#define NETWORKS(member, least, most, fallback) \
	OPTION_NETWORKS, IN(config, member), 1, "", least, most, fallback, NULL, NULL
#define RECORDS(record, member, fallback) \
	OPTION_RECORDS, IN(record, member), 1, "", 0, 0, fallback, record_choices, NULL
#define SCALED(member, scale, unit, least, most, fallback) \
	OPTION_INTEGER, IN(config, member), scale, unit, least, most, fallback, NULL, NULL
#define INTEGER(member, unit, least, most, fallback) \
	SCALED(member, 1, unit, least, most, fallback)
#define MILLIS(member, least, fallback) \
	OPTION_INTEGER, IN(sink_options, member), 1, "ms", least, 3600000, fallback, NULL, NULL
#define SINK_INTEGER(member, unit, least, most, fallback) \
	OPTION_INTEGER, IN(sink_options, member), 1, unit, least, most, fallback, NULL, NULL
#define FEED_INTEGER(member, unit, most, fallback) \
	OPTION_INTEGER, IN(config_feed, member), 1, unit, 0, most, fallback, NULL, NULL
#define NUMBER(member, least, most, fallback) \
	OPTION_NUMBER, IN(config, member), 1, "", least, most, fallback, NULL, NULL
#define BOOLEAN(member, fallback) \
	OPTION_BOOLEAN, IN(config, member), 1, "", 0, 1, fallback, NULL, NULL
#define CHOICE(record, member, choices, fallback) \
	OPTION_CHOICE, IN(record, member), 1, "", 0, 0, fallback, choices, NULL
#define FETCH_INTEGER(member, unit, least, most, fallback) \
	OPTION_INTEGER, IN(config_feed, member), 1, unit, least, most, fallback, NULL, NULL
#define FETCH_BOOLEAN(member, fallback) \
	OPTION_BOOLEAN, IN(config_feed, member), 1, "", 0, 1, fallback, NULL, NULL
#define TEXT(record, member, fallback) \
	OPTION_TEXT, IN(record, member), 1, "", 0, TEXT_MOST(record, member), fallback, NULL, NULL
#define PATH(record, member, fallback) \
	OPTION_PATH, IN(record, member), 1, "", 0, TEXT_MOST(record, member), fallback, NULL, NULL

/* Private, shared (RFC 6598), link-local and unique local (RFC 4193) networks. */
#define HOME_NETWORKS "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, fe80::/10, fc00::/7"

static const struct option_choice record_choices[] = {
	{ "alert", 1 << RECORD_ALERT }, { "beacon", 1 << RECORD_BEACON }, { "http", 1 << RECORD_HTTP },
	{ "tls", 1 << RECORD_TLS }, { "dns", 1 << RECORD_DNS }, { "flow", 1 << RECORD_FLOW },
	{ "smtp", 1 << RECORD_SMTP }, { "fileinfo", 1 << RECORD_FILEINFO },
	{ "login", 1 << RECORD_LOGIN }, { "remote", 1 << RECORD_REMOTE },
	{ "identity", 1 << RECORD_IDENTITY }, { "unknown", 1 << RECORD_UNKNOWN }, { "held", 1 << RECORD_HELD },
	{ "member", 1 << RECORD_MEMBER }, { "census", 1 << RECORD_CENSUS },
	{ NULL, 0 },
};

static const struct option_choice member_choices[] = { { "quiet", 0 }, { "ring", 1 }, { NULL, 0 } };

static const struct option_choice checksum_choices[] = {
	{ "auto", CHECKSUM_AUTO }, { "strict", CHECKSUM_STRICT }, { "off", CHECKSUM_OFF }, { NULL, 0 },
};

static const struct option_choice role_choices[] = {
	{ "listed", 0 }, { "c2", ROLE_C2 + 1 }, { "download", ROLE_DOWNLOAD + 1 },
	{ "infected", ROLE_INFECTED + 1 }, { "suspicious", ROLE_SUSPICIOUS + 1 },
	{ "sinkhole", ROLE_SINKHOLE + 1 }, { "scanner", ROLE_SCANNER + 1 },
	{ "resolver", ROLE_RESOLVER + 1 }, { NULL, 0 },
};

static const struct option_choice sink_choices[] = {
	{ "console", SINK_CONSOLE }, { "eve", SINK_EVE }, { "file", SINK_EVE }, { "syslog", SINK_SYSLOG },
	{ "webhook", SINK_WEBHOOK }, { "store", SINK_STORE },
	{ "mail", SINK_MAIL }, { NULL, 0 },
};

static const struct option_choice severity_choices[] = {
	{ "low", 4 }, { "medium", 3 }, { "high", 2 }, { "critical", 1 }, { NULL, 0 },
};

static const struct option_choice kind_choices[] = {
	{ "indicator", 1 << HEAD_INDICATOR }, { "beacon", 1 << HEAD_BEACON }, { "behaviour", 1 << HEAD_BEHAVIOUR },
	{ "case", 1 << HEAD_CASE }, { "retro", 1 << HEAD_RETRO }, { "evasion", 1 << HEAD_EVASION },
	{ "sensor", 1 << HEAD_SENSOR }, { "summary", 1 << HEAD_SUMMARY }, { NULL, 0 },
};

/* RFC 5424, table 1. */
static const struct option_choice facility_choices[] = {
	{ "kern", 0 }, { "user", 1 }, { "mail", 2 }, { "daemon", 3 }, { "auth", 4 }, { "syslog", 5 },
	{ "lpr", 6 }, { "news", 7 }, { "uucp", 8 }, { "cron", 9 }, { "authpriv", 10 }, { "ftp", 11 },
	{ "local0", 16 }, { "local1", 17 }, { "local2", 18 }, { "local3", 19 }, { "local4", 20 },
	{ "local5", 21 }, { "local6", 22 }, { "local7", 23 }, { NULL, 0 },
};

static const struct option_choice same_choices[] = {
	{ "subject", SAME_SUBJECT }, { "malware", SAME_MALWARE }, { "host", SAME_HOST }, { NULL, 0 },
};

static const struct option_choice format_choices[] = {
	{ "eve", FORMAT_EVE }, { "ecs", FORMAT_ECS }, { "ocsf", FORMAT_OCSF }, { "cef", FORMAT_CEF }, { NULL, 0 },
};

static const struct option_choice sync_choices[] = {
	{ "never", JOURNAL_SYNC_NEVER }, { "interval", JOURNAL_SYNC_INTERVAL }, { "always", JOURNAL_SYNC_ALWAYS }, { NULL, 0 },
};

static const struct option_choice rfc_choices[] = {
	{ "5424", SINK_RFC_5424 }, { "3164", SINK_RFC_3164 }, { NULL, 0 },
};

static const struct option_choice starttls_choices[] = {
	{ "try", SINK_STARTTLS_TRY }, { "require", SINK_STARTTLS_REQUIRE }, { "off", SINK_STARTTLS_OFF }, { NULL, 0 },
};

static const struct option_choice language_choices[] = {
	{ "en", LANGUAGE_EN }, { "ja", LANGUAGE_JA }, { NULL, 0 },
};

const struct option_row option_rows[] = {
{ "sensor_name", "What this sensor calls itself in its records. Without it: the name of the host.",
  TEXT(config, sensor_name, "") },
{ "state_directory", "Where the journal and the sinks' positions are kept.",
  PATH(config, state_directory, "/var/lib/hansho") },
{ "user", "`hansho watch` started as root becomes this user once the interface is open. \"\" stays root.",
  TEXT(config, user, "nobody") },
{ "home", "The networks whose hosts are watched over, as CIDRs or addresses. If both or neither end of a "
  "conversation is home, the one that asked is the host.",
  NETWORKS(home, 1, 4096, HOME_NETWORKS) },
{ "relays", "IPv6 addresses or networks of the provider's ends of DS-Lite and MAP-E tunnels (AFTRs, border relays): "
  "the other end is the customer. Without it the customer is told by addresses: see include/realm.h.",
  NETWORKS(relays, 0, 4096, "") },
{ "workers", "Processes that share the traffic. One for each core is right, less one for the analyst.",
  INTEGER(workers, "processes", 1, WORKERS_MAX, "1") },
{ "pin_workers", "`hansho watch` binds each worker to one of the processors it may use; analyst and others keep the rest, "
  "where there is a rest.",
  BOOLEAN(pin_workers, "no") },
{ "records", "What is written at all. Each sink takes its own choice of these.",
  RECORDS(config, records, "alert, beacon, held, census") },
{ "checksum", "auto leaves out packets with a wrong IPv4, TCP or UDP checksum, unless a network card that "
  "fills them in later (offload) is recognised, or this side of the conversation has shown no right one; "
  "strict leaves them all out; off verifies nothing.",
  CHOICE(config, decode.checksum, checksum_choices, "auto") },
{ "language", "Titles and explanations of alerts are told in it: en or ja. The log is English.",
  CHOICE(config, behaviour.language, language_choices, "en") },
{ "drain_sec", "At the end, how long failing sinks are tried before the rest stays in the journal.",
  INTEGER(drain_sec, "s", 0, 86400, "10") },
{ "save_sec", "How often `hansho watch` saves what it learned (beacons, correspondents) in the state directory. It does at its end, too.",
  INTEGER(save_sec, "s", 1, 86400, "300") },

{ "capture", "Where `hansho watch` listens. `hansho replay` needs none of it.", SECTION },
{ "capture.interface", "The interface; `hansho watch -i` wins over it.",
  TEXT(config, capture.interface, "") },
{ "capture.filter", "A capture filter in the language of tcpdump. \"\" takes everything. It does not look "
  "behind VLAN tags unless it says so: vlan and (...).",
  TEXT(config, capture.filter, "") },
{ "capture.snaplen", "Bytes of each frame that are read. Less than the largest frame loses evidence.",
  INTEGER(capture.snaplen, "bytes", 64, CAPTURE_FRAME_MAX, "262144") },
{ "capture.buffer_mib", "Frames that may wait in the kernel, for each worker. Raise it when `hansho watch` "
  "tells of kernel drops.",
  INTEGER(capture.buffer_mib, "MiB", 1, 2047, "64") },
{ "capture.promiscuous", "Also take frames that are not addressed to this machine: a span port needs that.",
  BOOLEAN(capture.promiscuous, "yes") },
{ "capture.immediate", "Take each frame as it comes. Costs more of the processor, saves up to poll_ms.",
  BOOLEAN(capture.immediate, "no") },
{ "capture.poll_ms", "The longest a quiet interface is waited for.",
  INTEGER(capture.poll_ms, "ms", 1, 10000, "100") },

{ "metrics", "How the sensor is, for Prometheus: /metrics, /healthz, /readyz. `hansho status` needs none of it.", SECTION },
{ "metrics.listen", "Address and port. There is no password: keep it on the loopback, or on a network of your own. \"\" opens no port.",
  TEXT(config, metrics_listen, "127.0.0.1:9477") },

{ "blindness", "When does the sensor see too little? Each is an alert about the sensor, open as long as it is so. 0 switches one off.", SECTION },
{ "blindness.window_sec", "Shares are taken over so long.", INTEGER(blindness.window_sec, "s", 1, 3600, "60") },
{ "blindness.quiet_sec", "No packet at all for so long.", INTEGER(blindness.quiet_sec, "s", 0, 604800, "300") },
{ "blindness.one_sided_percent", "So many of the TCP conversations with data show one direction only.",
  INTEGER(blindness.one_sided_percent, "%", 0, 100, "80") },
{ "blindness.silent_flows", "So many conversations began within a window, and none was TLS, or none DNS.",
  INTEGER(blindness.silent_flows, "conversations", 0, 100000000, "2000") },
{ "blindness.checksum_percent", "So many packets have a wrong checksum.", INTEGER(blindness.checksum_percent, "%", 0, 100, "50") },
{ "blindness.truncated_percent", "So many packets arrive cut: the snapshot length, here or at the mirror, is too short.",
  INTEGER(blindness.truncated_percent, "%", 0, 100, "5") },
{ "blindness.drop_percent", "So many frames are dropped by the kernel.", INTEGER(blindness.drop_percent, "%", 0, 100, "1") },
{ "blindness.ring_percent", "So many observations are lost on their way to the analyst.", INTEGER(blindness.ring_percent, "%", 0, 100, "1") },
{ "blindness.clock_sec", "This machine's clock was set by so much, or the frames' went back by an hour.",
  INTEGER(blindness.clock_sec, "s", 0, 86400, "10") },
{ "blindness.sink_lag_sec", "A sink has not had all its records for so long.", INTEGER(blindness.sink_lag_sec, "s", 0, 604800, "600") },
{ "blindness.memory_percent", "So much of the memory is used that the service manager or the container allows.",
  INTEGER(blindness.memory_percent, "%", 0, 100, "90") },

{ "overload", "What a worker leaves undone when it cannot follow: bodies first, then putting further conversations in order, then parsing all "
  "but DNS. Never feeds and contacts.", SECTION },
{ "overload.drop_percent", "A step up after a second in which the kernel dropped so many frames. 0: nothing is left undone.",
  INTEGER(overload.drop_percent, "%", 0, 100, "1") },
{ "overload.ring_percent", "Or in which the ring to the analyst was so full. 0: that does not matter.",
  INTEGER(overload.ring_percent, "%", 0, 100, "75") },
{ "overload.calm_sec", "A step down after so long without.", INTEGER(overload.calm_sec, "s", 1, 86400, "30") },

{ "catalogue", "The catalogue that feeds[].from names entries of. Without it: the one that came with the program.",
  PATH(config, catalogue, "") },
{ "advice", "A file of your own of what to do about each malware, over what is shipped (feeds/advice.yaml, the same form).",
  PATH(config, advice, "") },
{ "feeds", "Lists of what attackers use: destinations are held against them. The format is recognised; "
  "`hansho check --formats` lists those that are understood.",
  LIST(feeds, FEEDS_MAX, "- path: feeds/feodo.csv\n- path: feeds/urlhaus.csv\n  name: urlhaus\n  format: urlhaus-csv\n"
  "- name: partner\n  url: https://feeds.example/list.txt\n  interval_sec: 7200\n- from: feodo\n") },
{ "feeds[].path", "The file, which somebody else renews. Each feed has one of path, url and from.",
  PATH(config_feed, path, "") },
{ "feeds[].name", "What alerts call it. Without it: the file's name up to the first dot. With a url required: "
  "letters, digits, \"-\" and \"_\".",
  TEXT(config_feed, name, "") },
{ "feeds[].format", "One of `hansho check --formats`. Without it the format is recognised.",
  TEXT(config_feed, format, "") },
{ "feeds[].url", "http:// or https://: `hansho watch` and `hansho feed update` fetch it, and keep it in the state "
  "directory. Of a MISP feed its manifest.json, of a TAXII 2.1 collection its objects. Nothing that hansho writes "
  "shows more than its host.", TEXT(config_feed, fetch.url, "") },
{ "feeds[].from", "Its name in the catalogue (`hansho feed list --catalogue`): what is not said here is taken from there.",
  TEXT(config_feed, from, "") },
{ "feeds[].role", "What its entries are of, whatever the feed says. infected: addresses of infected machines of one's own; "
  "entries that are no addresses keep their role.",
  CHOICE(config_feed, role, role_choices, "listed") },
{ "feeds[].confidence", "How far it is trusted, whatever the feed says. 0: as listed.",
  FEED_INTEGER(confidence, "%", 100, "0") },
{ "feeds[].fade_days", "An alert about an entry that nobody has seen for so long is one step less severe. 0: by the "
  "entry's type, see docs/feeds.md; 36500: never.",
  FEED_INTEGER(fade_days, "days", AGEING_NEVER, "0") },
{ "feeds[].expire_days", "An entry that nobody has seen for so long rings no more. 0: by the entry's type; 36500: never.",
  FEED_INTEGER(expire_days, "days", AGEING_NEVER, "0") },
{ "feeds[].licence", "Its terms, shown by `hansho feed list`.", TEXT(config_feed, licence, "") },
{ "feeds[].enabled", "no: as if it did not stand here.", FETCH_BOOLEAN(enabled, "yes") },
{ "feeds[].interval_sec", "How often a url is asked, give or take a tenth.",
  FETCH_INTEGER(fetch.interval_sec, "s", 1, 2592000, "3600") },
{ "feeds[].timeout_sec", "The longest one request may take.", FETCH_INTEGER(fetch.timeout_sec, "s", 1, 3600, "60") },
{ "feeds[].max_mib", "More than that is not taken of a url, also behind gzip.",
  FETCH_INTEGER(fetch.max_mib, "MiB", 1, 2048, "64") },
{ "feeds[].auth_header_file", "A file with one header line, such as \"Auth-Key: ...\", that is sent to the url's own "
  "host. The user hansho runs as must be able to read it.", PATH(config_feed, fetch.auth_header_file, "") },
{ "feeds[].ca_file", "Certificates (PEM) that may vouch for the server, instead of the system's.",
  PATH(config_feed, fetch.ca_file, "") },
{ "feeds[].proxy", "http://host:port, https://, socks5h://. Without it: directly.", TEXT(config_feed, fetch.proxy, "") },
{ "feeds[].min_entries", "What was fetched and has fewer entries is held back; the last good file stays in force.",
  FETCH_INTEGER(min_entries, "entries", 0, 100000000, "0") },
{ "feeds[].shrink_percent", "What was fetched and has so many percent fewer entries than the last good file is held "
  "back, unless it is a list with the right header and none at all. 100 holds nothing back.",
  FETCH_INTEGER(shrink_percent, "%", 1, 100, "50") },
{ "feeds[].max_age_hours", "When a url could not be renewed for so long, an alert about the sensor says so. 0: three "
  "intervals, at least a day.", FETCH_INTEGER(max_age_hours, "h", 0, 87600, "0") },

{ "allow", "What must never be an indicator, whatever a feed says: such entries are counted, shown and not loaded.",
  SECTION },
{ "allow.shipped", "Use the shipped list (feeds/allow.txt: private networks, public resolvers, root name servers, names that "
  "host everybody's content).",
  BOOLEAN(allow_shipped, "yes") },
{ "allow.documentation", "Also the networks and names that are set aside for documentation. Samples and tests live there.",
  BOOLEAN(allow_documentation, "no") },
{ "allow.path", "A list of your own, or a folder of lists, with a rule on a line: KIND VALUE [until=2026-12-31] REASON; KIND is "
  "address, name, domain, asn or subject. MISP warning lists are read too.",
  PATH(config, allow_path, "") },

{ "sinks", "Where records go. Without any: a table on standard output.",
  LIST(sinks, SINKS_MAX,
  "- type: eve\n  path: /var/log/hansho/eve.json\n  records: [alert, beacon]\n"
  "- type: syslog\n  target: local:/dev/log\n  facility: local0\n"
  "- type: webhook\n  url: https://soc.example/hook\n  secret: file:/etc/hansho/webhook.key\n  min_severity: medium\n"
  "- type: webhook\n  name: slack\n  url: env:SLACK_URL\n  template: /usr/local/share/hansho/templates/slack.json\n") },
{ "sinks[].type", "console: a table on standard output; eve or file: a file of EVE JSON lines, or of another format; syslog; webhook: "
  "HTTP POST of each record; store: an SQLite file for `hansho alerts`; "
  "mail: a digest through an SMTP relay. Required.",
  CHOICE(sink_options, kind, sink_choices, "") },
{ "sinks[].path", "eve or file: the file, appended to; \"-\" is standard output. store: the SQLite file; without it `hansho watch` keeps it in "
  "state_directory/delivery.", PATH(sink_options, target, "") },
{ "sinks[].target", "syslog: local:/dev/log as syslog(3) writes it; or RFC 5424 to /a/socket, "
  "udp://host:port, tcp://host:port or tls://host:port.",
  TEXT(sink_options, target, "") },
{ "sinks[].url", "webhook: http:// or https://; may carry user:password@. Or file:PATH, env:NAME: its first line, that variable of "
  "the environment. Nothing that hansho writes shows more than its host. mail: the relay, smtp://host:port or smtps://host:port.",
  TEXT(sink_options, target, "") },
{ "sinks[].name", "For the journal position and messages: a-z, 0-9 and \"-\". A sink that is renamed starts "
  "at the journal's oldest record. Without it: type and number.",
  TEXT(sink_options, name, "") },
{ "sinks[].records", "Which records it takes, of those written. Without it: eve takes all, the others alert.",
  RECORDS(sink_options, records, "") },
{ "sinks[].min_severity", "Of alerts: those that are at least so severe.",
  CHOICE(sink_options, least_severity, severity_choices, "low") },
{ "sinks[].kinds", "Of alerts: those of these kinds (hansho.kind). Without it: all. Those of kind sensor are about the sensor itself.",
  OPTION_RECORDS, IN(sink_options, kinds), 1, "", 0, 0, "", kind_choices, NULL },
{ "sinks[].networks", "Only what is about hosts in these networks, as CIDRs or addresses. Without it: all. With it nothing about "
  "the sensor itself.",
  OPTION_NETWORKS, offsetof(struct sink_options, networks), 0, 1, "", 0, SINK_NETWORKS_MAX, "", NULL, NULL },
{ "sinks[].format", "eve or file: the form of its lines. ecs: Elastic Common Schema 8.11; ocsf: OCSF 1.3 Detection Finding, of "
  "alerts only; cef: Common Event Format.", CHOICE(sink_options, format, format_choices, "eve") },
{ "sinks[].rotate_mib", "eve or file: when it is longer it becomes FILE.1, that FILE.2 and so on. 0: it grows, or somebody else "
  "moves it and sends SIGHUP.",
  OPTION_INTEGER, IN(sink_options, rotate_bytes), 1u << 20, "MiB", 0, 1048576, "0", NULL, NULL },
{ "sinks[].rotate_keep", "So many files are kept beside it.",
  OPTION_INTEGER, IN(sink_options, rotate_keep), 1, "files", 1, 1000, "5", NULL, NULL },
{ "sinks[].timeout_ms", "The longest one delivery may take.", MILLIS(timeout_ms, 100, "5000") },
{ "sinks[].retry_min_ms", "The first pause after a failed delivery; each further one is twice as long.",
  MILLIS(retry_min_ms, 10, "500") },
{ "sinks[].retry_max_ms", "The longest pause. Not below retry_min_ms.", MILLIS(retry_max_ms, 10, "60000") },
{ "sinks[].batch", "webhook: up to so many records in a request, as a JSON array. 0: each alone, as an object.",
  SINK_INTEGER(batch, "records", 0, SINK_BATCH_MOST, "0") },
{ "sinks[].parallel", "webhook: so many requests at once. What belongs to one incident stays in order.",
  SINK_INTEGER(parallel, "requests", 1, SINK_PARALLEL_MOST, "4") },
{ "sinks[].give_up_sec", "webhook: a record that fails for so long, a dozen times and more, while the receiver takes others, goes into "
  "dead_letters. 0: never. When all fail nothing is given up.", SINK_INTEGER(give_up_sec, "s", 0, 604800, "600") },
{ "sinks[].template", "webhook: a file that says what is sent instead of the EVE object, see etc/templates and "
  "docs/alerts-delivery.md.", PATH(sink_options, template, "") },
{ "sinks[].header", "webhook: one more header line, such as \"Authorization: Bearer ...\", in file:PATH or env:NAME.",
  TEXT(sink_options, header, "") },
{ "sinks[].secret", "webhook: file:PATH or env:NAME with the key that signs each request (HMAC-SHA256). The user hansho runs as "
  "must be able to read such files.", TEXT(sink_options, secret, "") },
{ "sinks[].ca_file", "Of TLS: certificates (PEM) that may vouch for the receiver, instead of the system's.",
  PATH(sink_options, ca_file, "") },
{ "sinks[].cert_file", "Of TLS: our own certificate (PEM), for receivers that ask for one.", PATH(sink_options, cert_file, "") },
{ "sinks[].key_file", "Of TLS: its private key (PEM, not encrypted). Without it: in cert_file, too.",
  PATH(sink_options, key_file, "") },
{ "sinks[].dead_letters", "webhook: a file for records that the receiver refuses for good, with the reason; 16 MiB, and as much of "
  "an older one. Without it: `hansho watch` keeps it in state_directory/delivery, `hansho replay` none.",
  PATH(sink_options, dead_letters, "") },
{ "sinks[].from", "mail: the sender's address.", TEXT(sink_options, mail_from, "") },
{ "sinks[].to", "mail: who gets it: addresses with commas between.", TEXT(sink_options, mail_to, "") },
{ "sinks[].interval_sec", "mail: what was told within so long goes out as one mail.",
  SINK_INTEGER(mail_interval_sec, "s", 1, 604800, "900") },
{ "sinks[].mail_alerts", "mail: incidents that are told in one mail; further ones are counted.",
  SINK_INTEGER(mail_alerts, "alerts", 1, 10000, "100") },
{ "sinks[].starttls", "mail: over smtp:// TLS is used when the relay offers it (try), always (require), or never (off). With a "
  "login it is always required.", CHOICE(sink_options, starttls, starttls_choices, "try") },
{ "sinks[].login", "mail: file:PATH or env:NAME with user:password for the relay.", TEXT(sink_options, login, "") },
{ "sinks[].max_alerts", "store: incidents that are kept. Beyond, the one told longest ago goes.",
  SINK_INTEGER(store_rows, "alerts", 100, 100000000, "100000") },
{ "sinks[].max_days", "store: an incident of which nothing was told for so long goes.",
  SINK_INTEGER(store_days, "days", 1, 36500, "365") },
{ "sinks[].facility", "syslog only.", CHOICE(sink_options, facility, facility_choices, "local0") },
{ "sinks[].rfc", "syslog only: the form of its messages; 3164 is the older one. local:/dev/log has its own.",
  CHOICE(sink_options, rfc, rfc_choices, "5424") },

{ "geoip", "MaxMind databases (GeoLite2 or GeoIP2). What is not named is left out of the alerts.", SECTION },
{ "geoip.asn", "GeoLite2-ASN.mmdb: who runs a destination.", PATH(config, geoip_asn, "") },
{ "geoip.country", "GeoLite2-Country.mmdb or GeoLite2-City.mmdb: where it is.", PATH(config, geoip_country, "") },

{ "beacon", "When is contact regular enough to ring?", SECTION },
{ "beacon.min_contacts", "No alert before so many contacts.",
  INTEGER(beacon.min_contacts, "contacts", SCORE_GAPS_MIN + 1, 1000, "6") },
{ "beacon.alert_score", "An alert at this score or above. At 0.8 chance alone rings for 3 of "
  "100,000 pairs of host and service.",
  NUMBER(beacon.alert_score, 0.01, 1, "0.8") },
{ "beacon.record_score", "A beacon record at the end, at this score or above.",
  NUMBER(beacon.record_score, 0, 1, "0.5") },
{ "beacon.burst_ms", "A contact sooner than this after the one before is the same one.",
  INTEGER(beacon.burst_ms, "ms", 0, 3600000, "500") },
{ "beacon.pause_sec", "In a connection that stays open, the client's first words after so long a silence "
  "are a new contact.",
  INTEGER(burst_pause_sec, "s", 1, 3600, "3") },
{ "beacon.long_sec", "A connection to a service outside that is open for so long is told of, by packet time; again when that has "
  "doubled. 0: it is not.", INTEGER(beacon_lasting_sec, "s", 0, 172800, "14400") },
{ "beacon.harmless", "Leave out what the shipped list calls harmless (feeds/harmless.txt: time, updates, telemetry, "
  "push). It is recorded, low, and never rings.",
  BOOLEAN(beacon_harmless, "yes") },
{ "beacon.allow", "A file of your own such rules, one on a line: KIND VALUE [host=CIDR] [until=2026-12-31] REASON; "
  "KIND is domain, asn, cert, address, upload (a domain where people put files) or support (a domain or protocol of a "
  "tool of remote support, whose name is the reason).",
  PATH(config, beacon_allow, "") },
{ "beacon.max_keys", "Pairs of host and service that are followed. Beyond, the one idle longest is forgotten.",
  INTEGER(beacon.max_keys, "pairs", 1, 100000000, "500000") },

{ "behaviour", "What infected machines do besides calling home. Each sign has points; docs/behaviours.md lists them.", SECTION },
{ "behaviour.confidence", "An alert when the points of a behaviour sum up to this or more.",
  INTEGER(behaviour.confidence, "points", 1, 99, "60") },
{ "behaviour.hosts", "Hosts whose behaviour is followed. Beyond, the one idle longest is forgotten. 0: none, nothing is looked for.",
  INTEGER(behaviour.hosts, "hosts", 0, 10000000, "50000") },
{ "behaviour.flood_hosts", "When more hosts than this begin to show one behaviour within an hour, that is one alert about the sensor's "
  "configuration, and further hosts are held back.",
  INTEGER(behaviour.flood_hosts, "hosts", 1, 10000000, "100") },
{ "behaviour.lure_sec", "A download so soon after mail or an Office program's request is taken for its doing.",
  INTEGER(behaviour.lure_sec, "s", 1, 86400, "600") },
{ "behaviour.chain_sec", "A new contact so soon after a suspicious download is taken for its doing.",
  INTEGER(behaviour.chain_sec, "s", 1, 86400, "600") },
{ "behaviour.check_in_sec", "Check-ins to bare addresses belong together when no longer a pause is between them.",
  INTEGER(behaviour.check_in_sec, "s", 60, 604800, "7200") },
{ "behaviour.check_in_body_bytes", "A longer body is an upload and no check-in.",
  INTEGER(behaviour.check_in_body_bytes, "bytes", 256, 1073741824, "65536") },
{ "behaviour.young_days", "A certificate younger than this is new.",
  INTEGER(behaviour.young_days, "days", 0, 365, "7") },
{ "behaviour.mail_sec", "Mail that a host sends itself is counted over so long.",
  INTEGER(behaviour.mail_sec, "s", 60, 604800, "3600") },
{ "behaviour.mail_exchangers", "From so many mail servers on it weighs; twice and four times as many weigh more.",
  INTEGER(behaviour.mail_exchangers, "servers", 1, 12, "3") },
{ "behaviour.mail_recipients", "From so many recipients on it weighs; five times as many weigh more.",
  INTEGER(behaviour.mail_recipients, "recipients", 1, 100000, "10") },
{ "behaviour.mail_hosts", "Hosts that may send mail themselves: mail servers, printers, newsletter hosts. As CIDRs or addresses.",
  NETWORKS(behaviour.mail_hosts, 0, 4096, "") },
{ "behaviour.stranger_days", "Who wrote no mail to us for so long is a stranger, once mail was watched for 14 days.",
  INTEGER(behaviour.stranger_days, "days", 1, 3650, "90") },
{ "behaviour.spread_sec", "Machines that a host reaches for are counted over so long.",
  INTEGER(behaviour.spread_sec, "s", 60, 604800, "1800") },
{ "behaviour.spread_hosts", "From so many machines on it weighs; twice and five times as many weigh more.",
  INTEGER(behaviour.spread_hosts, "machines", 2, 12, "5") },
{ "behaviour.tunnel_sec", "Names under one DNS zone are counted over so long.",
  INTEGER(behaviour.tunnel_sec, "s", 60, 604800, "3600") },
{ "behaviour.tunnel_names", "From so many names under a zone on it weighs as a DNS tunnel; five times and 25 times as many weigh more.",
  INTEGER(behaviour.tunnel_names, "names", 8, 100000, "40") },
{ "behaviour.generated_sec", "DNS zones that do not exist are counted over so long.",
  INTEGER(behaviour.generated_sec, "s", 60, 604800, "3600") },
{ "behaviour.generated_names", "From so many zones that do not exist on it weighs; three and ten times as many weigh more.",
  INTEGER(behaviour.generated_names, "zones", 4, 10000, "10") },
{ "behaviour.strobe_minutes", "From so many minutes of calls without a pause on it weighs; twice and eight times as many weigh more.",
  INTEGER(behaviour.strobe_minutes, "minutes", 5, 1440, "30") },
{ "behaviour.strobe_calls", "So many connections of a host to a service in each of these minutes.",
  INTEGER(behaviour.strobe_calls, "connections", 6, 100000, "30") },
{ "behaviour.account_sec", "From where a user logs in is counted over so long.",
  INTEGER(behaviour.account_sec, "s", 3600, 604800, "86400") },
{ "behaviour.account_countries", "From so many countries on it weighs as a stolen account; one and two more weigh more. Needs geoip.country.",
  INTEGER(behaviour.account_countries, "countries", 2, 8, "2") },
{ "behaviour.account_networks", "From so many networks (AS) on it weighs as a stolen account; twice and four times as many weigh more. Needs geoip.asn.",
  INTEGER(behaviour.account_networks, "networks", 2, 4, "3") },
{ "behaviour.theft_kib", "From so much on that a host sends to one service outside within a day it weighs as theft; five and twenty times as much weigh more.",
  INTEGER(behaviour.theft_kib, "KiB", 16, 100000000, "102400") },
{ "behaviour.theft_hours", "From so many hours of a day on with a hundredth of that in each it weighs, too; twice and four times as many weigh more.",
  INTEGER(behaviour.theft_hours, "hours", 1, 24, "4") },
{ "behaviour.destroy_sec", "Files of other machines that a host writes, renames and deletes (SMB) are counted over so long.",
  INTEGER(behaviour.destroy_sec, "s", 60, 86400, "1800") },
{ "behaviour.destroy_files", "From so many files on it weighs as destruction; a quarter of it with a new ending, and four and sixteen times as many weigh more.",
  INTEGER(behaviour.destroy_files, "files", 16, 1000000, "256") },
{ "behaviour.relay_sec", "Mails that a mail server relays outwards for one giver are counted over so long.",
  INTEGER(behaviour.relay_sec, "s", 60, 604800, "3600") },
{ "behaviour.relay_mails", "From so many suspicious mails of one giver on it weighs; four and sixteen times as many weigh more.",
  INTEGER(behaviour.relay_mails, "mails", 2, 10000, "5") },
{ "behaviour.attack_sec", "Packets that a host sends outside and nobody answers are counted over so long.",
  INTEGER(behaviour.attack_sec, "s", 10, 86400, "300") },
{ "behaviour.attack_packets", "From so many of them to one address on it weighs as a flood; four and sixteen times as many weigh more.",
  INTEGER(behaviour.attack_packets, "packets", 100, 100000000, "10000") },
{ "behaviour.attack_hosts", "From so many addresses on at whose same port a host knocks it weighs as a scan; four and sixteen times as many weigh more.",
  INTEGER(behaviour.attack_hosts, "addresses", 32, 1000000, "200") },
{ "behaviour.own_rounds", "From so many connections, or turns behind a pause inside one, on in a protocol that is not known here it weighs; twice as many weigh more.",
  INTEGER(behaviour.own_rounds, "rounds", 2, 10000, "3") },
{ "behaviour.own_addresses", "A host with more such addresses than this within an hour shares files, or plays: then it weighs nothing.",
  INTEGER(behaviour.own_addresses, "addresses", 1, 7, "4") },
{ "behaviour.admin_hosts", "Hosts that may reach for many machines: vulnerability scanners, management and backup. As CIDRs or addresses.",
  NETWORKS(behaviour.admin_hosts, 0, 4096, "") },

{ "cases", "What the alerts of one host come to: how far has an infection got? docs/cases.md has the points.", SECTION },
{ "cases.threshold", "A host has a case from so many points on. No single alert has more than 60.",
  INTEGER(cases.threshold, "points", 1, 1000, "80") },
{ "cases.members", "What a case tells of: quiet alerts are written as records, and ring (console, syslog, webhook) as the case "
  "alone; ring: each by itself too.",
  CHOICE(config, cases.ring_members, member_choices, "quiet") },
{ "cases.close_sec", "A case without news for so long is closed; what is older opens none.",
  INTEGER(cases.close_sec, "s", 60, 2592000, "259200") },
{ "cases.flood_hosts", "When more cases than this open within an hour, that is one alert about the sensor's configuration, and further "
  "hosts wait.",
  INTEGER(cases.flood_hosts, "hosts", 1, 10000000, "50") },
{ "cases.hosts", "Hosts of which alerts are remembered. Beyond, the one without a case that is idle longest is forgotten, "
  "else the case idle longest ends. 0: no cases.",
  INTEGER(cases.hosts, "hosts", 0, 1000000, "10000") },

{ "alerts", "The life of an alert: it opens, is updated while it goes on, and closes.", SECTION },
{ "alerts.update_sec", "An open alert that goes on is told again after this, then after twice as long each time; at once when it "
  "gets more severe. No more than update_most_sec.",
  INTEGER(alert.update_sec, "s", 1, 86400, "300") },
{ "alerts.update_most_sec", "The longest that an open alert that goes on is not told again.",
  INTEGER(alert.update_most_sec, "s", 1, 2592000, "21600") },
{ "alerts.close_sec", "An alert without news for so long is closed.",
  INTEGER(alert.close_sec, "s", 1, 2592000, "3600") },
{ "alerts.expired", "Ring also for indicators that have expired, as low. Without it they are only counted.",
  BOOLEAN(tell_expired, "no") },
{ "alerts.max_open", "Alerts open at once. Beyond, the one idle longest is closed early.",
  INTEGER(alert.max_open, "alerts", 1, 10000000, "100000") },
{ "alerts.names", "Addresses whose name from DNS is remembered. Beyond, the oldest is forgotten.",
  INTEGER(alert.max_names, "addresses", 1, 100000000, "200000") },
{ "alerts.hosts", "Addresses of which is remembered whose they are (DHCP, NetBIOS, logins, ...). Beyond, the one heard "
  "longest ago is forgotten.",
  INTEGER(alert.max_hosts, "addresses", 1, 100000000, "100000") },

{ "alerts.same", "What makes findings of one kind about one host the same incident. subject: the indicator's value or the "
  "service; malware: also all indicators of one malware; host: everything of that kind.",
  CHOICE(config, alert.same, same_choices, "subject") },
{ "alerts.host_hourly", "When more alerts than this open for one host within an hour, one alert says how many more, and they "
  "are records of kind held instead. Critical ones are always told. 0: no limit.",
  INTEGER(alert.host_hourly, "alerts", 0, 1000000, "100") },
{ "alerts.rule_hourly", "The same for the alerts of one rule (signature) about all hosts together.",
  INTEGER(alert.rule_hourly, "alerts", 0, 100000000, "1000") },

{ "suppress", "What is not to be told, why, and until when. All that a rule names must be so: host, service, indicator, rule. "
  "It is counted for each rule. In force anew at each reload.",
  LIST(suppress, SUPPRESS_MAX, "- service: backup.example\n  rule: beacon\n  reason: nightly backup, ticket 4711\n"
  "  until: 2026-12-31\n"
  "- host: 10.0.9.0/24\n  reason: malware laboratory\n  until: never\n") },
{ "suppress[].host", "Address or CIDR of the host that is watched over.", TEXT(suppress_rule, host, "") },
{ "suppress[].service", "A name and all beneath it, an address or CIDR of the peer, or a subject as alerts have it.",
  TEXT(suppress_rule, service, "") },
{ "suppress[].indicator", "The value of an indicator, as alerts have it.", TEXT(suppress_rule, indicator, "") },
{ "suppress[].rule", "A signature number, the name of a behaviour, or a kind: indicator, beacon, evasion, retro, behaviour, sensor.",
  TEXT(suppress_rule, rule, "") },
{ "suppress[].reason", "Why. Required.", TEXT(suppress_rule, reason, "") },
{ "suppress[].until", "Its last day, such as 2026-12-31, or never. Required.", TEXT(suppress_rule, until, "") },

{ "journal", "Every record is in the journal before a sink sees it; a sink that is down finds it there.", SECTION },
{ "journal.segment_mib", "The journal is kept in files of this size.",
  SCALED(journal.segment_bytes, 1u << 20, "MiB", 1, 1024, "16") },
{ "journal.max_mib", "All files together. Beyond, the oldest is removed, delivered or not. At least twice "
  "segment_mib, or the files become smaller.",
  SCALED(journal.max_bytes, 1u << 20, "MiB", 2, 1048576, "1024") },
{ "journal.max_hours", "A file to which nothing was added for so long is removed, delivered or not. 0: never.",
  INTEGER(journal.max_hours, "h", 0, 87600, "0") },
{ "journal.sync", "What a power cut cannot take back: never leaves that to the kernel (some 30 s); interval: all that is older than "
  "sync_ms; always: each alert at once, which costs speed.",
  CHOICE(config, journal.sync, sync_choices, "never") },
{ "journal.sync_ms", "How often the journal reaches the disk with sync: interval.",
  INTEGER(journal.sync_interval_ms, "ms", 10, 3600000, "1000") },

{ "history", "Which host called which service, for months: what a feed learns later is held against it.", SECTION },
{ "history.enabled", "`hansho watch` keeps it in state_directory/history; `hansho replay` only with --state.",
  BOOLEAN(history_enabled, "yes") },
{ "history.days", "Whom a host has not called for so long is forgotten.",
  INTEGER(history.days, "days", 1, 3650, "90") },
{ "history.max_mib", "The file's size. Beyond, those whose last contact is oldest are forgotten.",
  SCALED(history.max_bytes, 1u << 20, "MiB", 1, 1048576, "1024") },

{ "contact_log", "Every single contact with its port and time, for `hansho hunt`: who was behind an address and "
  "port at that moment?", SECTION },
{ "contact_log.enabled", "Kept in state_directory/contacts, some 24 bytes a contact over IPv4, 47 over IPv6.",
  BOOLEAN(contact_log_enabled, "no") },
{ "contact_log.days", "So many days are kept.", INTEGER(contact_log.days, "days", 1, 3650, "60") },
{ "contact_log.max_mib", "All days together. Beyond, the oldest goes; when today's alone is larger, contacts are left out.",
  SCALED(contact_log.max_bytes, 1u << 20, "MiB", 1, 16777216, "20480") },

{ "limits", "Ceilings, for each worker. `hansho replay` and `hansho watch` say when one was hit.", SECTION },
{ "limits.flows", "Conversations that are followed. Beyond, the one idle longest ends.",
  INTEGER(flow.max_flows, "flows", 1, 100000000, "1000000") },
{ "limits.streams", "TCP conversations whose bytes are put in order at once. Beyond, the one idle longest is let go.",
  INTEGER(reassembly.max_streams, "streams", 1, 16777215, "65536") },
{ "limits.stream_queue_bytes", "Bytes that may wait behind a lost packet, in each direction of a stream.",
  INTEGER(reassembly.side_bytes, "bytes", 4096, 268435456, "1048576") },
{ "limits.stream_queue_segments", "Packets that may wait behind a lost one, in each direction of a stream.",
  INTEGER(reassembly.side_segments, "segments", 16, 16384, "4096") },
{ "limits.total_queue_mib", "What may wait behind lost packets in all streams together.",
  SCALED(reassembly.total_bytes, 1u << 20, "MiB", 1, 65536, "256") },
{ "limits.hole_sec", "A lost packet that the receiver has got is waited for so long.",
  INTEGER(reassembly.hole_sec, "s", 0, 300, "2") },
{ "limits.fragments", "Datagrams being put together from fragments. Beyond, the oldest gives way.",
  INTEGER(decode.fragment_datagrams, "datagrams", 1, 1000000, "4096") },
{ "limits.fragment_mib", "What their fragments may hold.",
  SCALED(decode.fragment_bytes, 1u << 20, "MiB", 1, 4095, "16") },
{ "limits.fragment_timeout_sec", "A datagram that is not whole after so long is given up.",
  INTEGER(decode.fragment_timeout_sec, "s", 1, 600, "30") },
{ "limits.parser_header_bytes", "The longest header of an HTTP message that is read.",
  INTEGER(proto.header_bytes, "bytes", 1024, 16777216, "65536") },
{ "limits.parser_handshake_bytes", "The longest message of a TLS handshake that is read.",
  INTEGER(proto.handshake_bytes, "bytes", 1024, 16777216, "65536") },
{ "limits.parser_bytes", "What the parser of one conversation may hold. Beyond, it gives up.",
  INTEGER(proto.flow_bytes, "bytes", 4096, 67108864, "262144") },
{ "limits.parser_total_mib", "What the parsers of all conversations may hold together. Beyond, the one idle longest gives up.",
  SCALED(proto.total_bytes, 1u << 20, "MiB", 1, 65536, "256") },
{ "limits.mail_recipients", "Recipients of one mail that are kept by name. Further ones are counted.",
  INTEGER(proto.mail_recipients, "recipients", 0, 10000, "100") },
{ "limits.indicators", "Indicators from all feeds together. Beyond, they are left out, and counted.",
  INTEGER(max_indicators, "indicators", 1, 100000000, "5000000") },
{ "limits.feed_mib", "What a packed feed (gzip, xz, zstd, zip) may become when it is unpacked. A larger one is not read.",
  SCALED(feed_bytes, 1u << 20, "MiB", 1, 1048576, "4096") },
{ "limits.ring_mib", "Observations that may wait between a worker and the analyst. A full ring makes a replay wait; "
  "a live sensor loses observations and says so.",
  INTEGER(ring_mib, "MiB", 1, 1024, "16") },

{ "files", "Bodies and attachments: what they are by content, and their SHA-256.", SECTION },
{ "files.hash_mib", "Of each body so much is looked at and hashed; a longer one has no hash. 0: no body is looked into.",
  SCALED(proto.file_bytes, 1u << 20, "MiB", 0, 4096, "8") },
{ "files.total_mib", "What is held while bodies are looked into, in each worker. Beyond, further ones are not.",
  SCALED(proto.file_total_bytes, 1u << 20, "MiB", 1, 65536, "64") },

{ "flow_timeouts", "After so long without a packet a conversation is over.", SECTION },
{ "flow_timeouts.tcp_new_sec", "TCP, as long as one side has not answered.",
  INTEGER(flow.tcp_new_sec, "s", 1, 604800, "60") },
{ "flow_timeouts.tcp_established_sec", "TCP, both sides heard. NATs and firewalls keep one for 7440 s at least (RFC 5382).",
  INTEGER(flow.tcp_established_sec, "s", 1, 604800, "7440") },
{ "flow_timeouts.tcp_closed_sec", "TCP after its end: stragglers still belong to it.",
  INTEGER(flow.tcp_closed_sec, "s", 1, 604800, "10") },
{ "flow_timeouts.udp_sec", "UDP.", INTEGER(flow.udp_sec, "s", 1, 604800, "120") },
{ "flow_timeouts.icmp_sec", "ICMP.", INTEGER(flow.icmp_sec, "s", 1, 604800, "30") },
{ "flow_timeouts.other_sec", "All other protocols.", INTEGER(flow.other_sec, "s", 1, 604800, "60") },
};

const size_t option_rows_count = sizeof option_rows / sizeof *option_rows;
