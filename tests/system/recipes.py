#!/usr/bin/env python3
"""The SIEM recipes of docs/operations.md, as they stand there, against lines that hansho writes: configurations that
`hansho check` takes, ECS fields of the schema, Splunk's time format, Wazuh's rules."""
import configparser
import datetime
import ipaddress
import json
import os
import re
import sys
import xml.etree.ElementTree as xml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

try:
    import yaml
except ImportError:
    yaml = None

CAPTURES = ("emotet-like.pcap", "behaviours.pcap", "realms.pcap")

# ECS 8.11 (https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html): of its fields those that may be written, by type.
ECS = {
    "date": "@timestamp event.start event.end {indicator}.first_seen {indicator}.last_seen",
    "ip": "source.ip destination.ip {indicator}.ip",
    "long": "source.port destination.port source.bytes destination.bytes source.packets destination.packets event.severity "
            "event.sequence http.response.status_code file.size source.as.number destination.as.number {indicator}.port",
    "float": "event.risk_score",
    "keyword": "ecs.version event.kind event.category event.type event.module event.dataset event.action event.reason event.id "
               "event.outcome message rule.id rule.name rule.category rule.ruleset source.address destination.address "
               "source.domain destination.domain source.mac destination.mac source.user.name destination.user.name "
               "source.as.organization.name destination.as.organization.name source.geo.country_iso_code "
               "destination.geo.country_iso_code network.transport network.protocol network.community_id network.direction "
               "network.vlan.id tls.version tls.client.ja3 tls.client.server_name tls.server.ja3s tls.server.hash.sha1 "
               "tls.server.subject tls.server.issuer http.request.method http.request.referrer http.response.mime_type "
               "url.domain url.original user_agent.original dns.type dns.id dns.question.name dns.question.type "
               "dns.response_code file.name file.hash.sha256 email.subject email.message_id email.from.address "
               "email.to.address user.name user.domain threat.framework threat.tactic.id threat.technique.id "
               "threat.technique.subtechnique.id threat.software.name threat.feed.name observer.vendor observer.product "
               "observer.version observer.type observer.name threat.enrichments.matched.atomic "
               "threat.enrichments.matched.field threat.enrichments.matched.type {indicator}.type {indicator}.provider "
               "{indicator}.confidence {indicator}.reference {indicator}.description {indicator}.url.domain "
               "{indicator}.url.original {indicator}.file.hash.sha1 {indicator}.file.hash.sha256",
}
ALLOWED = {
    "event.kind": "alert event",
    "event.category": "authentication email file host intrusion_detection malware network session threat web",
    "event.type": "access change connection denied end error indicator info protocol start",
    "event.outcome": "success failure unknown",
    "network.direction": "ingress egress inbound outbound internal external unknown",
    "{indicator}.type": "autonomous-system artifact directory domain-name email-addr file ipv4-addr ipv6-addr mac-addr port process "
                        "software url user-account x509-certificate",
    "{indicator}.confidence": "Not|Specified None Low Medium High",
}
INDICATOR = ("threat.indicator", "threat.enrichments.indicator")
folder = rig.folder()


def snippets():
    """What stands below a remark with a file's name: {name: [texts]}."""
    with open(os.path.join(rig.TOP, "docs", "operations.md"), encoding="utf-8") as f:
        text = f.read()
    found = {}
    for name, body in re.findall(r"^    # ([\w.]+)[^\n]*\n((?:(?:    [^\n]*)?\n)*?)(?=\n\S|    # |\Z)", text[text.index("## Into a SIEM"):], re.M):
        found.setdefault(name, []).append(re.sub(r"^    ", "", body, flags=re.M))
    return found


def records(config):
    for name in CAPTURES:
        rig.replay([os.path.join(rig.PCAPS, name)], "--quiet", *rig.options(), "-c", config)


def expanded(names):
    return {n.replace("{indicator}", i) for n in names.split() for i in (INDICATOR if "{indicator}" in n else ("",))}


def leaves(o, path=""):
    if isinstance(o, dict):
        for key, value in o.items():
            if path or key != "hansho":
                yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(o, list):
        for value in o:
            yield from leaves(value, path)
    else:
        yield path, o


def fits(kind, value):
    if kind == "date":
        datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
    elif kind == "ip":
        ipaddress.ip_address(value)
    return isinstance(value, {"long": int, "float": (int, float)}.get(kind, str))


def elastic(found):
    config = next(text for text in found["hansho.yaml"] if "format: ecs" in text)
    path = os.path.join(folder, "ecs.json")
    config = rig.write(os.path.join(folder, "ecs.yaml"), config.replace("/var/log/hansho/ecs.json", path).replace("records: [alert]", ""))
    records(config)
    kinds = {name: kind for kind, names in ECS.items() for name in expanded(names)}
    allowed = {n: {w.replace("|", " ") for w in words.split()} for names, words in ALLOWED.items() for n in expanded(names)}
    lines = [json.loads(line) for line in rig.lines(path)]
    bad = set()
    for name, value in (pair for line in lines for pair in leaves(line)):
        if name not in kinds:
            bad.add(f"{name} is no field of ECS")
        elif not fits(kinds[name], value):
            bad.add(f"{name}: {value!r} is no {kinds[name]}")
        elif name in allowed and value not in allowed[name]:
            bad.add(f"{name}: {value!r} is not allowed")
    rig.check("recipes: every field of an ECS line is the schema's", len(lines) > 50 and not bad, sorted(bad) or f"{len(lines)} lines")
    ids = [line["event"]["id"] for line in lines if line["event"]["kind"] == "alert"]
    rig.check("recipes: event.id is each revision's own", ids and len(set(ids)) == len(ids), len(ids) - len(set(ids)))
    if yaml is None:
        rig.skip("recipes: filebeat.yml", "python3-yaml is not installed")
        return
    beat = yaml.safe_load(found["filebeat.yml"][0])
    source = beat["filebeat.inputs"][0]
    rig.check("recipes: filebeat.yml", source["type"] == "filestream" and source["paths"] == ["/var/log/hansho/ecs.json"] and
              source["parsers"][0]["ndjson"]["target"] == "" and source["parsers"][0]["ndjson"]["overwrite_keys"] is True and
              source["processors"][0]["fingerprint"]["fields"] == ["event.id"] and
              beat["output.elasticsearch"]["hosts"], beat)


def splunk(found, eve):
    inputs, props = (configparser.RawConfigParser(delimiters=("=",)) for _ in range(2))
    inputs.read_string(found["inputs.conf"][0])
    props.read_string(found["props.conf"][0].split("\nsourcetype=")[0])
    monitor, kind = inputs["monitor:///var/log/hansho/eve.json"], props["hansho:eve"]
    rig.check("recipes: Splunk reads what is configured", monitor["sourcetype"] == "hansho:eve" and kind["kv_mode"] == "json" and
              kind["should_linemerge"] == "false", dict(kind))
    # Splunk's %N with a number of digits is six of a second's parts here.
    form = kind["time_format"].replace("%6N", "%f")
    good = 0
    for line in eve:
        at = re.search(kind["time_prefix"], line)
        text = line[at.end():line.index('"', at.end())]
        when = datetime.datetime.strptime(text, form)
        good += at.start() < 5 and when.utcoffset() == datetime.timedelta(0)
    rig.check("recipes: Splunk finds every line's time, and no line is cut", good == len(eve) and
              max(map(len, eve)) < int(kind["truncate"]), f"{good} of {len(eve)}, longest {max(map(len, eve))}")
    search = found["props.conf"][0].split("\nsourcetype=")[1]
    for name in re.findall(r"hansho\.\w+|alert\.\w+|event_type", search):
        there = sum(value_of(json.loads(line), name) is not None for line in eve)
        rig.check(f"recipes: Splunk's search finds {name}", there > 0, search)


def value_of(record, path):
    for key in path.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def os_regex(text):
    r"""Wazuh's own kind of expression: \. is any character, and a dot is a dot."""
    return re.compile(re.sub(r"\\\.|\.", lambda m: "." if m[0] == "\\." else "\\.", text))


def wazuh_rules(text):
    """Wazuh's own two for Suricata's JSON, and the recipe's: (number, level, parent, [(field, expression)], description)."""
    rules = [(86600, 0, None, [("timestamp", os_regex(r"\.+")), ("event_type", os_regex(r"\.+"))], ""),
             (86601, 3, 86600, [("event_type", os_regex("^alert$"))], "Suricata: Alert - $(alert.signature)")]
    for rule in xml.fromstring(text).iter("rule"):
        rules.append((int(rule.get("id")), int(rule.get("level")), int(rule.find("if_sid").text),
                      [(f.get("name"), os_regex(f.text)) for f in rule.findall("field")], rule.find("description").text))
    return rules


def wazuh(found, eve):
    source = xml.fromstring(found["ossec.conf"][0])
    rig.check("recipes: Wazuh's agent reads the file", (source.find("log_format").text, source.find("location").text) ==
              ("json", "/var/log/hansho/eve.json"), found["ossec.conf"][0])
    rules = wazuh_rules(found["local_rules.xml"][0])
    numbers = [r[0] for r in rules]
    rig.check("recipes: Wazuh's rules have numbers of their own, and parents", len(set(numbers)) == len(numbers) and
              all(r[2] is None or r[2] in numbers for r in rules) and all(100000 <= n < 120000 for n in numbers[2:]), numbers)

    def level_of(record, parent=None, so_far=(0, "")):
        # Children with the highest level are asked first; the deepest that fits counts.
        for number, level, above, fields, words in sorted(rules, key=lambda r: -r[1]):
            if above == parent and all(f.search(str(value_of(record, n) or "")) for n, f in fields):
                return level_of(record, number, (level, words))
        return so_far
    levels = {"critical": 13, "high": 10, "medium": 7, "low": 3}
    bad, seen = [], set()
    for record in map(json.loads, eve):
        own = record.get("hansho", {})
        opens = record["event_type"] == "alert" and own.get("state") == "open"
        wanted = levels[own["severity"]] if opens else 0
        level, words = level_of(record)
        if level != wanted or any(value_of(record, n) is None for n in re.findall(r"\$\(([^)]+)\)", words) if own.get("kind") != "sensor"):
            bad.append((own.get("state"), own.get("severity"), level, words))
        seen.add(wanted)
    rig.check("recipes: Wazuh's level follows the severity of what opens", not bad and len(seen) >= 3, f"{seen} {bad[:5]}")


def recipes():
    found = snippets()
    wanted = {"hansho.yaml", "filebeat.yml", "inputs.conf", "props.conf", "ossec.conf", "local_rules.xml"}
    if not rig.check("recipes: the document has them", wanted <= set(found), sorted(found)):
        return
    token = rig.write(os.path.join(folder, "token"), "Authorization: Splunk 0000\n")
    for n, text in enumerate(found["hansho.yaml"]):
        path = rig.write(os.path.join(folder, f"{n}.yaml"), text.replace("/etc/hansho/splunk.token", token).replace("/var/log/hansho", folder))
        done = rig.replay([os.path.join(rig.PCAPS, "raw.pcap")], "--quiet", "-c",
                          rig.write(path, open(path, encoding="utf-8").read() + "drain_sec: 0\n"))
        rig.check(f"recipes: hansho takes configuration {n + 1}", "expected" not in done.stderr and done.returncode in (0, 1), done.stderr)
    elastic(found)
    path = os.path.join(folder, "eve.json")
    records(rig.write(os.path.join(folder, "eve.yaml"), f"sinks: [{{type: file, path: {path}}}]\n"))
    eve = rig.lines(path)
    splunk(found, eve)
    wazuh(found, eve)


rig.run_cases([recipes])
