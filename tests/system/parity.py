#!/usr/bin/env python3
"""Do we read in real captures what tshark and the JA4 reference read?

Compares hansho's records with $HANSHO_CORPUS/expected: HTTP requests over TCP; ClientHello (SNI and JA3) and
ServerHello (JA3S), over TCP, QUIC and DTLS; DNS queries; JA4; senders and
recipients of mails; packets and bytes of TCP conversations. Every disagreement stands with its reason in the table of
docs/parity.md: one that does not fails the test, and so does an entry that is no longer true.

parity.py --table prints the rows as they are now (with the reasons that are there); parity.py NAME shows
what differs in one capture.
"""
import collections, ipaddress, json, os, re, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import corpus_runs as c

Counter = collections.Counter
TABLE = os.path.join(c.HERE, "..", "docs", "parity.md")
FIELDS = ["http", "tls client", "tls server", "dns", "ja4", "smtp", "packets", "payload"]
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "NAPTR": 35,
         "DS": 43, "RRSIG": 46, "DNSKEY": 48, "TLSA": 52, "SVCB": 64, "HTTPS": 65, "ANY": 255}


def one_end(address, port):
    return str(ipaddress.ip_address(address.strip("[]"))), int(port)


def ends(a, a_port, b, b_port):
    """Both ends in one order: which one asked is not what is compared."""
    return tuple(sorted((one_end(a, a_port), one_end(b, b_port))))


def host(text):
    text = text or ""
    text = text[1:text.index("]")] if text.startswith("[") and "]" in text else text.split(":")[0]
    return text.rstrip(".").lower()


def dns_name(text, escape):
    """Lower case; runs of bytes that are no printable text, which everybody writes in another way, as one \ufffd."""
    text = re.sub(escape, "\ufffd", text.lower().rstrip("."))
    return re.sub(r"[^ -\[\]-~]+", "\ufffd", "" if text == "<root>" else text)


# ---- ours ----


def note_http(found, where, e):
    h = e["http"]
    if e["direction"] == "to_server":
        found["http"][where + (h.get("http_method"), host(h.get("hostname")), h.get("url", ""))] += 1


def note_tls(found, where, e):
    t = e["tls"]
    if "ja3" in t:
        found["tls client"][where + (t.get("sni", ""), t["ja3"]["hash"])] += 1
        found["ja4"][where + (t["ja4"],)] += 1
    if "ja3s" in t:
        found["tls server"][where + (t["ja3s"]["hash"],)] += 1


def note_dns(found, where, e):
    d = e["dns"]
    if d["type"] != "query":
        return
    kind = TYPES.get(d["rrtype"]) or int(d["rrtype"][len("TYPE"):])
    found["dns"][(str(ipaddress.ip_address(e["src_ip"])), str(ipaddress.ip_address(e["dest_ip"])),
                  e["dest_port"], dns_name(d.get("rrname", ""), r"\\\d{3}"), kind)] += 1


def note_smtp(found, where, e):
    """How many senders and recipients were named."""
    if "mail_from" in e["smtp"]:
        found["smtp"][where + ("MAIL FROM",)] += 1
    found["smtp"][where + ("RCPT TO",)] += e["hansho"]["mail"]["recipients"]


def note_flow(found, where, e):
    """By direction: who of both ends began is a guess where the beginning was not captured."""
    if e["proto"] != "TCP":
        return
    near, far = (one_end(e[side + "_ip"], e.get(side + "_port", 0)) for side in ("src", "dest"))
    for way, key in (((near, far), "toserver"), ((far, near), "toclient")):
        found["packets"][way] += e["flow"]["pkts_" + key]
        found["payload"][way] += e["hansho"]["payload_" + key]


def ours(path):
    run = c.Run(c.HANSHO, ["--in-process", "--quiet"], [path])
    if run.complaint():
        return None, run.complaint()
    found = {f: Counter() for f in FIELDS}
    note = {"http": note_http, "tls": note_tls, "dns": note_dns, "smtp": note_smtp, "flow": note_flow}
    for line in run.out.splitlines():
        e = json.loads(line)
        if e["event_type"] in note:
            where = ends(e["src_ip"], e.get("src_port", 0), e["dest_ip"], e.get("dest_port", 0))
            note[e["event_type"]](found, where, e)
    return found, None


# ---- theirs ----

def http_target(h):
    """Host and path of a request, whatever form its target has."""
    uri = h["uri"] or ""
    absolute = re.match(r"https?://([^/?]*)(.*)", uri, re.I)
    if h["method"] == "CONNECT":
        return uri, ""
    if absolute:
        return absolute[1], absolute[2]
    return h["host"], uri if uri.startswith("/") else "/" + uri


def messages(expected, key, protocols):
    for h in expected[key]:
        if h["proto"] in protocols:
            yield h, ends(h["src"], h["sport"], h["dst"], h["dport"])


def note_ja4_over_udp(found, body):
    """The Rust implementation alone has them, as YAML."""
    for stream in body.split("\n- ")[1:]:
        f = dict(re.findall(r"^ *(\w+): (\S+)$", stream, re.M))
        if f.get("transport") == "udp" and "ja4" in f:
            found[ends(f["src"], f["src_port"], f["dst"], f["dst_port"]) + (f["ja4"],)] += 1


def ja4_reference(name):
    path = os.path.join(c.FOLDER, "expected", f"ja4-{name}.txt")
    found = Counter()
    if not os.path.exists(path):
        return None
    for part in re.split(r"^##### ", open(path).read(), flags=re.M):
        head, _, body = part.partition("\n")
        if "rust" in head:
            note_ja4_over_udp(found, body)
        if "python" not in head:
            continue
        for stream in json.JSONDecoder().raw_decode(body)[0]:
            for key, value in stream.items():
                if re.fullmatch(r"JA4\.\d+", key) and value.startswith("t"):
                    found[ends(stream["src"], stream["srcport"], stream["dst"], stream["dstport"]) + (value,)] += 1
    return found


def theirs(name):
    expected = json.load(open(os.path.join(c.FOLDER, "expected", f"{name}.json")))
    found = {f: Counter() for f in FIELDS}
    for h, where in messages(expected, "http_requests", ["tcp"]):
        at, path = http_target(h)
        found["http"][where + (h["method"], host(at), path)] += 1
    for h, where in messages(expected, "tls_client_hello", ["tcp", "udp"]):
        found["tls client"][where + ((h["sni"] or "").lower(), h["ja3"])] += 1
    for h, where in messages(expected, "tls_server_hello", ["tcp", "udp"]):
        found["tls server"].update(where + (j,) for j in h["ja3s"])
    for q in expected["dns_queries"]:
        found["dns"][(str(ipaddress.ip_address(q["src"])), str(ipaddress.ip_address(q["dst"])), int(q["dport"]),
                      dns_name(q["name"], r"\\([0-7]{3}|[a-z])"), int(q["type"]))] += q["count"]
    for talk, said in expected["smtp"].items():
        where = ends(*sum((end.rsplit(":", 1) for end in talk.split(">")), []))
        found["smtp"][where + ("MAIL FROM",)] += said["mail_from"]
        found["smtp"][where + ("RCPT TO",)] += said["rcpt_to"]
    for talk in expected["tcp_conversations"]:
        a, b = (one_end(*talk[end].rsplit(":", 1)) for end in "ab")
        for way, key in (((a, b), "a2b"), ((b, a), "b2a")):
            found["packets"][way] += talk[key + "_packets"]
            found["payload"][way] += talk[key + "_payload"]
    found["ja4"] = ja4_reference(name)
    return found


# ---- the table ----

def listed():
    """(capture, field) → (missing, extra, reason)"""
    rows = {}
    for line in open(TABLE):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[1] in FIELDS:
            rows[cells[0], cells[1]] = (int(cells[2]), int(cells[3]), cells[4])
    return rows


def compare(path):
    """Field → (missing, extra) as counters, where they differ; and how many agree."""
    name = c.short(path).rsplit(".", 1)[0]
    mine, why = ours(path)
    if why:
        return name, None, why
    reference = theirs(name)
    differ, same = {}, Counter()
    for field in FIELDS:
        if reference[field] is None:
            continue
        missing, extra = reference[field] - mine[field], mine[field] - reference[field]
        same[field] = sum((reference[field] & mine[field]).values())
        if missing or extra:
            differ[field] = (missing, extra)
    return name, differ, same


def judge(name, differ, rows):
    """One case a capture: its disagreements are those of the table, no more and no fewer."""
    faults = []
    for field in FIELDS:
        now = tuple(sum(x.values()) for x in differ[field]) if field in differ else (0, 0)
        then = rows.get((name, field), (0, 0, ""))[:2]
        if now != then:
            faults.append(f"{field}: {now[0]} missing and {now[1]} extra, docs/parity.md has {then[0]} and {then[1]}")
    if faults:
        c.fail(f"parity {name}", "; ".join(faults))
    else:
        c.ok(f"parity {name}")


def show(differ):
    for field, both in differ.items():
        for sign, items in zip("-+", both):
            for item, count in items.items():
                print(f"{field:10} {sign}{count} {item}")


def main():
    if c.skip_without_folder(["parity with tshark and the JA4 reference"]):
        return
    wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
    paths = [p for p in c.captures() if not wanted or c.short(p).rsplit(".", 1)[0] in wanted]
    rows, agreed = listed(), Counter()
    for name, differ, same in c.each(compare, paths):
        if differ is None:
            c.fail(f"parity {name}", same)
            continue
        agreed += same
        if wanted:
            show(differ)
        elif "--table" in sys.argv:
            for field, both in differ.items():
                print("|", " | ".join([name, field, *(str(sum(x.values())) for x in both),
                                       rows.get((name, field), (0, 0, "?"))[2]]), "|")
        else:
            judge(name, differ, rows)
    if "--table" in sys.argv:
        print("agree:", ", ".join(f"{count} {field}" for field, count in agreed.items()))
    c.finish()


main()
