#include "engine/metrics.h"

#include "alert/names.h"

#define SENSOR(member) METRIC_SENSOR, offsetof(struct metrics_sensor, member)
#define WORKER(member) METRIC_WORKER, offsetof(struct board_worker, member)
#define ANALYST(member) METRIC_ANALYST, offsetof(struct board, member) - offsetof(struct board, analyst)
#define KEEPER(member) METRIC_KEEPER, offsetof(struct keeper_counts, member)
#define SINK(member) METRIC_SINK, offsetof(struct metrics_sink, member)
#define FEED(member) METRIC_FEED, offsetof(struct metrics_feed, member)
#define PROCESS(member) METRIC_PROCESS, offsetof(struct board_process, member)

#define ONE NULL, NULL, NULL, 0
#define OF(label, value) label, value, NULL, 0
#define EACH(array) NULL, NULL, &array, 0
#define IN_SECONDS NULL, NULL, NULL, 1e-9

static const char *
app(unsigned i)
{
	return i == APP_UNKNOWN ? NULL : names_app((enum app)i);
}

static const char *
kind(unsigned i)
{
	return names_kind((enum finding_kind)i);
}

static const char *
severity(unsigned i)
{
	return i < SEVERITY_CRITICAL ? NULL : names_severity((enum severity)i);
}

static const char *
trouble(unsigned i)
{
	return trouble_name((enum trouble)i);
}

static const struct metric_array by_trouble = { "kind", TROUBLE_KINDS, trouble, NULL };
static const struct metric_array by_protocol = { "protocol", APP_KINDS, app, NULL };
static const struct metric_array by_severity = { "severity", SEVERITY_LOW + 1, severity, NULL };
static const struct metric_array by_kind = { "kind", FINDING_KINDS, kind, &by_severity };

static const char drops[] = "What was lost, by reason. kernel: frames; ring: observations on their way to the analyst; "
    "the others: a limit of the configuration was reached.";
static const char faults[] = "Frames that could not be read as a whole, by reason.";
static const char errors[] = "Messages that could not be read to their end, by protocol and kind.";
static const char evictions[] = "What gave way in the analyst's tables because they were full, by table.";
static const char sheds[] = "What was left undone because there was more traffic than could be followed, by what.";
static const char left_out[] = "Indicator matches that do not ring, by reason.";

const struct metric metric_rows[] = {
{ "hansho_build_info", "1, with the version as a label.", METRIC_GAUGE, SENSOR(one), "version", HANSHO_VERSION, NULL, 0 },
{ "hansho_start_time_seconds", "When the sensor was started, since 1970.", METRIC_MOMENT, SENSOR(started_ns), ONE },
{ "hansho_ready", "1 when every process works.", METRIC_GAUGE, SENSOR(ready), ONE },
{ "hansho_workers", "Workers that share the traffic.", METRIC_GAUGE, SENSOR(workers), ONE },
{ "hansho_memory_limit_bytes", "What the control group allows all processes together; 0 without a limit.", METRIC_GAUGE, SENSOR(memory_limit_bytes), ONE },
{ "hansho_memory_used_bytes", "What they use of that.", METRIC_GAUGE, SENSOR(memory_used_bytes), ONE },
{ "hansho_trouble", "1 while the sensor sees too little, or a sink or feed lags, by kind.", METRIC_GAUGE, SENSOR(trouble), EACH(by_trouble) },

{ "hansho_kernel_frames_total", "Frames that passed the filter, dropped ones included.", METRIC_COUNTER, WORKER(kernel_seen), ONE },
{ "hansho_frames_total", "Frames that were read.", METRIC_COUNTER, WORKER(counts.frames), ONE },
{ "hansho_frame_bytes_total", "Their bytes on the wire.", METRIC_COUNTER, WORKER(counts.bytes), ONE },
{ "hansho_packets_total", "IP packets in them.", METRIC_COUNTER, WORKER(counts.decode.packets), ONE },
{ "hansho_tunnelled_packets_total", "Packets that came out of a tunnel.", METRIC_COUNTER, WORKER(counts.decode.tunnelled), ONE },
{ "hansho_late_frames_total", "Frames that came behind what the analyst had been promised; they count all the same.", METRIC_COUNTER, WORKER(late), ONE },
{ "hansho_retimed_frames_total", "Frames with an impossible time.", METRIC_COUNTER, WORKER(counts.retimed), ONE },
{ "hansho_clock_set_back_total", "How often the frames' clock went back by more than an hour.", METRIC_COUNTER, WORKER(counts.set_back), ONE },
{ "hansho_last_frame_timestamp_seconds", "Time of the latest frame.", METRIC_MOMENT, WORKER(counts.last_ns), ONE },

{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(kernel_dropped), OF("reason", "kernel") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(ring_dropped), OF("reason", "ring") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(counts.flow.evicted), OF("reason", "flows") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(counts.reassembly.evicted), OF("reason", "streams") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(counts.reassembly.bound_hit), OF("reason", "stream_queue") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(counts.decode.fragments_evicted), OF("reason", "fragments") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(counts.proto.over_limit), OF("reason", "parser_bytes") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(counts.proto.pushed_out), OF("reason", "parser_total") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(counts.proto.files_refused), OF("reason", "files_total") },
{ "hansho_drops_total", drops, METRIC_COUNTER, WORKER(counts.proto.files_too_deep), OF("reason", "files_codings") },

{ "hansho_decode_faults_total", faults, METRIC_COUNTER, WORKER(counts.decode.not_ip), OF("reason", "not_ip") },
{ "hansho_decode_faults_total", faults, METRIC_COUNTER, WORKER(counts.decode.unknown_link), OF("reason", "unknown_link") },
{ "hansho_decode_faults_total", faults, METRIC_COUNTER, WORKER(counts.decode.malformed), OF("reason", "malformed") },
{ "hansho_decode_faults_total", faults, METRIC_COUNTER, WORKER(counts.decode.too_nested), OF("reason", "too_nested") },
{ "hansho_decode_faults_total", faults, METRIC_COUNTER, WORKER(counts.decode.truncated), OF("reason", "truncated") },
{ "hansho_decode_faults_total", faults, METRIC_COUNTER, WORKER(counts.decode.unopened), OF("reason", "unopened_tunnel") },
{ "hansho_decode_faults_total", faults, METRIC_COUNTER, WORKER(counts.decode.bad_checksum), OF("reason", "bad_checksum") },
{ "hansho_decode_faults_total", faults, METRIC_COUNTER, WORKER(counts.decode.fragments_timed_out), OF("reason", "fragments_timed_out") },
{ "hansho_offloaded_checksums_total", "Packets whose checksum a network card would have filled in.", METRIC_COUNTER, WORKER(counts.decode.offloaded_checksum), ONE },
{ "hansho_doubted_checksums_total", "Packets whose wrong checksum was overlooked.", METRIC_COUNTER, WORKER(counts.flow.doubted), ONE },
{ "hansho_fragments_total", "Fragments of IP packets.", METRIC_COUNTER, WORKER(counts.decode.fragments), ONE },
{ "hansho_defragmented_packets_total", "Packets that were put together from them.", METRIC_COUNTER, WORKER(counts.decode.defragmented), ONE },

{ "hansho_shed_level", "What is left undone now: 0 nothing, 1 bodies, 2 also new streams, 3 all parsing but DNS.", METRIC_GAUGE, WORKER(counts.shed_level), ONE },
{ "hansho_shed_total", sheds, METRIC_COUNTER, WORKER(counts.proto.files_shed), OF("what", "bodies") },
{ "hansho_shed_total", sheds, METRIC_COUNTER, WORKER(counts.shed_streams), OF("what", "streams") },
{ "hansho_shed_total", sheds, METRIC_COUNTER, WORKER(counts.shed_dialogues), OF("what", "dialogues") },
{ "hansho_shed_total", sheds, METRIC_COUNTER, WORKER(counts.shed_datagrams), OF("what", "datagrams") },

{ "hansho_flows_total", "Conversations that began.", METRIC_COUNTER, WORKER(counts.flow.started), ONE },
{ "hansho_flows_active", "Conversations that are followed now.", METRIC_GAUGE, WORKER(counts.flow.active), ONE },
{ "hansho_streams_total", "TCP conversations whose bytes were put in order.", METRIC_COUNTER, WORKER(counts.reassembly.opened), ONE },
{ "hansho_streams_active", "Those of now.", METRIC_GAUGE, WORKER(counts.reassembly.active), ONE },
{ "hansho_stream_bytes_total", "Bytes that were handed on in order.", METRIC_COUNTER, WORKER(counts.reassembly.delivered_bytes), ONE },
{ "hansho_stream_gaps_total", "Holes that were given up.", METRIC_COUNTER, WORKER(counts.reassembly.gaps), ONE },
{ "hansho_stream_gap_bytes_total", "Bytes that were missing in them.", METRIC_COUNTER, WORKER(counts.reassembly.gap_bytes), ONE },
{ "hansho_stream_duplicate_bytes_total", "Bytes that were sent again.", METRIC_COUNTER, WORKER(counts.reassembly.duplicate_bytes), ONE },
{ "hansho_stream_differing_segments_total", "Segments that were sent again with other bytes.", METRIC_COUNTER, WORKER(counts.reassembly.differing_segments), ONE },
{ "hansho_stream_ignored_segments_total", "Segments that belong to no stream: behind a FIN, in a RST, far off.", METRIC_COUNTER, WORKER(counts.reassembly.ignored_segments), ONE },
{ "hansho_stream_queued_bytes", "Bytes that wait behind a hole now.", METRIC_GAUGE, WORKER(counts.reassembly.queued_bytes), ONE },
{ "hansho_stream_queued_segments", "Segments that wait behind a hole now.", METRIC_GAUGE, WORKER(counts.reassembly.queued_segments), ONE },

{ "hansho_protocol_flows_total", "Conversations by what they speak.", METRIC_COUNTER, WORKER(counts.proto.recognised), EACH(by_protocol) },
{ "hansho_protocol_datagrams_total", "Datagrams of protocols without conversations.", METRIC_COUNTER, WORKER(counts.proto.datagrams), EACH(by_protocol) },
{ "hansho_unknown_flows_total", "Conversations of no known protocol.", METRIC_COUNTER, WORKER(counts.proto.unknown), ONE },
{ "hansho_parser_errors_total", errors, METRIC_COUNTER, WORKER(counts.proto.malformed), "kind", "malformed", &by_protocol, 0 },
{ "hansho_parser_errors_total", errors, METRIC_COUNTER, WORKER(counts.proto.given_up), "kind", "given_up", &by_protocol, 0 },
{ "hansho_parser_held_bytes", "What parsers hold now.", METRIC_GAUGE, WORKER(counts.proto.held_bytes), ONE },

{ "hansho_contacts_total", "Contacts: connections that began, or went on after a pause.", METRIC_COUNTER, WORKER(counts.witness.contacts), ONE },
{ "hansho_matches_total", "What feeds know and was met.", METRIC_COUNTER, WORKER(counts.witness.matches), ONE },
{ "hansho_observations_total", "Observations that workers made.", METRIC_COUNTER, WORKER(counts.witness.observations), ONE },
{ "hansho_ring_used_bytes", "Observations that wait for the analyst now.", METRIC_GAUGE, WORKER(ring_bytes), ONE },

{ "hansho_analyst_observations_total", "Observations that the analyst has taken.", METRIC_COUNTER, ANALYST(analyst.observations), ONE },
{ "hansho_alerts_total", "Alerts that were opened, by kind and severity.", METRIC_COUNTER, ANALYST(analyst.opened), EACH(by_kind) },
{ "hansho_alert_updates_total", "Further revisions of open alerts.", METRIC_COUNTER, ANALYST(analyst.alert.updated), ONE },
{ "hansho_alerts_closed_total", "Alerts that were closed.", METRIC_COUNTER, ANALYST(analyst.alert.closed), ONE },
{ "hansho_alerts_open", "Alerts that are open now.", METRIC_GAUGE, ANALYST(analyst.alert.open), ONE },
{ "hansho_matches_left_out_total", left_out, METRIC_COUNTER, ANALYST(analyst.allowed), OF("reason", "allowed") },
{ "hansho_matches_left_out_total", left_out, METRIC_COUNTER, ANALYST(analyst.expired), OF("reason", "expired") },
{ "hansho_own_observations_total", "Observations of the sensor's own traffic to feeds and receivers: not looked at.", METRIC_COUNTER, ANALYST(analyst.own), ONE },
{ "hansho_findings_held_total", "Findings that a suppression rule held back.", METRIC_COUNTER, ANALYST(analyst.suppress.held), ONE },
{ "hansho_beacon_keys", "Pairs of host and service that are followed.", METRIC_GAUGE, ANALYST(analyst.beacon.keys), ONE },
{ "hansho_behaviour_hosts", "Hosts whose behaviour is followed.", METRIC_GAUGE, ANALYST(analyst.behaviour.hosts), ONE },
{ "hansho_behaviour_held_back_total", "Findings held back because too many hosts showed the same.", METRIC_COUNTER, ANALYST(analyst.behaviour.held_back), ONE },
{ "hansho_cases", "Hosts that have a case now.", METRIC_GAUGE, ANALYST(analyst.cases.open), ONE },
{ "hansho_cases_opened_total", "Cases that opened.", METRIC_COUNTER, ANALYST(analyst.cases.opened), ONE },
{ "hansho_cases_held_back_total", "Hosts whose case waits because too many opened within an hour.", METRIC_COUNTER,
  ANALYST(analyst.cases.held_back), ONE },
{ "hansho_analyst_evicted_total", evictions, METRIC_COUNTER, ANALYST(analyst.alert.evicted), OF("table", "alerts") },
{ "hansho_analyst_evicted_total", evictions, METRIC_COUNTER, ANALYST(analyst.alert.names_evicted), OF("table", "names") },
{ "hansho_analyst_evicted_total", evictions, METRIC_COUNTER, ANALYST(analyst.alert.hosts_evicted), OF("table", "hosts") },
{ "hansho_analyst_evicted_total", evictions, METRIC_COUNTER, ANALYST(analyst.beacon.evicted), OF("table", "beacons") },
{ "hansho_analyst_evicted_total", evictions, METRIC_COUNTER, ANALYST(analyst.beacon.tracks_evicted), OF("table", "beacon_tracks") },
{ "hansho_analyst_evicted_total", evictions, METRIC_COUNTER, ANALYST(analyst.behaviour.evicted), OF("table", "behaviour") },
{ "hansho_analyst_evicted_total", evictions, METRIC_COUNTER, ANALYST(analyst.cases.evicted), OF("table", "cases") },
{ "hansho_journal_records_total", "Records in the journal, over its whole life.", METRIC_COUNTER, ANALYST(journal_records), ONE },
{ "hansho_journal_lost_records_total", "Records that could not be written to it.", METRIC_COUNTER, ANALYST(analyst.records_lost), ONE },
{ "hansho_journal_removed_records_total", "Records that were removed from it before every sink had them.", METRIC_COUNTER,
  ANALYST(analyst.gave_way), ONE },
{ "hansho_history_dropped_total", "Contacts that found no room on their way to the history.", METRIC_COUNTER, ANALYST(kept_dropped), ONE },

{ "hansho_history_contacts_total", "Contacts that were noted in the history.", METRIC_COUNTER, KEEPER(history.contacts), ONE },
{ "hansho_history_lost_total", "Contacts that could not be written to it.", METRIC_COUNTER, KEEPER(history.lost), ONE },
{ "hansho_history_left_out_total", "Contacts of new pairs of host and service beyond what an hour may bring.", METRIC_COUNTER, KEEPER(history.left_out), ONE },
{ "hansho_history_evicted_total", "Services of hosts that were forgotten, by reason.", METRIC_COUNTER, KEEPER(history.evicted_age), OF("reason", "age") },
{ "hansho_history_evicted_total", "Services of hosts that were forgotten, by reason.", METRIC_COUNTER, KEEPER(history.evicted_size), OF("reason", "size") },
{ "hansho_history_matches_total", "Earlier contacts of what feeds learnt later.", METRIC_COUNTER, KEEPER(retro), ONE },
{ "hansho_contact_log_contacts_total", "Contacts in the contact log.", METRIC_COUNTER, KEEPER(log.contacts), ONE },
{ "hansho_contact_log_lost_total", "Contacts that are not in it.", METRIC_COUNTER, KEEPER(log.lost), ONE },

{ "hansho_sink_delivered_total", "Records that a sink has delivered since the courier began.", METRIC_COUNTER, SINK(delivered), ONE },
{ "hansho_sink_refused_total", "Records that the receiver does not want.", METRIC_COUNTER, SINK(refused), ONE },
{ "hansho_sink_given_up_total", "Of those refused: what failed again and again while the receiver took others.", METRIC_COUNTER,
  SINK(given_up), ONE },
{ "hansho_sink_failures_total", "Attempts to deliver that failed.", METRIC_COUNTER, SINK(failures), ONE },
{ "hansho_sink_lost_total", "Records that were removed from a full journal before the sink had them.", METRIC_COUNTER, SINK(lost), ONE },
{ "hansho_sink_failing", "1 while it cannot deliver.", METRIC_GAUGE, SINK(failing), ONE },
{ "hansho_sink_lag_records", "Records of the journal that it is not done with.", METRIC_GAUGE, SINK(lag_records), ONE },
{ "hansho_sink_lag_seconds", "How long it has not been done with all of them.", METRIC_GAUGE, SINK(lag_ns), IN_SECONDS },

{ "hansho_feed_entries", "Indicators of a feed that are in force.", METRIC_GAUGE, FEED(entries), ONE },
{ "hansho_feed_refused_lines", "Lines of it that were not understood.", METRIC_GAUGE, FEED(refused), ONE },
{ "hansho_feed_well", "1 when what there was last could be read.", METRIC_GAUGE, FEED(well), ONE },
{ "hansho_feed_age_seconds", "Since it was known to be current.", METRIC_GAUGE, FEED(age_sec), ONE },

{ "hansho_process_up", "1 while the process runs.", METRIC_GAUGE, PROCESS(up), ONE },
{ "hansho_process_starts_total", "How often it was begun.", METRIC_COUNTER, PROCESS(starts), ONE },
{ "hansho_process_resident_memory_bytes", "Its memory.", METRIC_GAUGE, PROCESS(resident_bytes), ONE },
{ "hansho_process_cpu_seconds_total", "Processor time of the one that runs.", METRIC_COUNTER, PROCESS(cpu_ns), IN_SECONDS },
};

const size_t metric_rows_count = sizeof metric_rows / sizeof *metric_rows;
