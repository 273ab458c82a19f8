"""A capture of the contacts that a set of Zeek logs tells of (conn, dns, http, ssl; TSV or JSON, gzip).

Addresses, ports, times, how connections began and ended, names asked and answered, Host, URI, user agent, SNI, who
signed for whom, and the bytes of each side are the log's. A frame carries what a parser reads; the rest of a long
payload is announced by its length and cut, as a snap length does, so that a gigabyte takes a megabyte. What logs do
not tell is as harmless as it can be: POSTs are forms, certificates a year old, all clients say the same hello. When
bytes went in a long connection is not told either: by chance, so that no clock is made that was not there.
"""
import csv
import gzip
import ipaddress
import json
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tools"))
from captures import actions, frames, tls
from captures.frames import ACK, FIN, PSH, RST, SYN

KEPT, MOST, RTT = 1500, 60000, 20_000_000      # bytes of a segment in the file; bytes of a segment; ns
TURNS = 6                                       # of a long connection
DAY = 86400 * 10**9
HELLO = tls.Hello({"ciphers": "0x1301,0x1302,0xc02b,0xc02f,0xc02c,0xc030", "extensions": "0,23,0xff01,10,11,16,5,13,43,45,51"})
KINDS = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "NULL": 10, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "HTTPS": 65, "*": 255}
STATES = {"S0": "S", "S1": "ShADad", "SF": "ShADadFf", "REJ": "Sr", "RSTO": "ShADadR", "RSTR": "ShADadr", "RSTOS0": "SR",
          "RSTRH": "hr", "SH": "SF", "SHR": "hf", "S2": "ShADadF", "S3": "ShADadf", "OTH": "Dd"}


# ---- logs ----

def rows(path):
    """Rows of one log as dictionaries without what is unset."""
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as f:
        names = None
        for line in f:
            if line.startswith("{"):
                yield {k.replace("id_", "id.", 1) if k.startswith("id_") else k: v for k, v in json.loads(line).items()}
            elif line.startswith("#fields"):
                names = line.rstrip("\n").split("\t")[1:]
            elif not line.startswith("#") and names:
                values = zip(names, line.rstrip("\n").split("\t"))
                yield {k: v for k, v in values if v not in ("-", "(empty)")}


def listed(value):
    return value if isinstance(value, list) else value.split(",") if value else []


def by_uid(folder, kind):
    found = {}
    for name in sorted(os.listdir(folder)):
        if f"{kind}.log" in name and not name.startswith("open_"):
            for row in rows(os.path.join(folder, name)):
                found.setdefault(row.get("uid"), []).append(row)
    return found


def nanoseconds(value):
    return round(float(value or 0) * 1e6) * 1000


# ---- certificates (RFC 5280), with keys and signatures that are none ----

def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


OIDS = {"CN": "550403", "C": "550406", "L": "550407", "ST": "550408", "O": "55040a", "OU": "55040b"}
SHA256_RSA = der(0x30, bytes.fromhex("06092a864886f70d01010b0500"))


def der_name(text):
    found = []
    for part in text.replace("\\,", " ").split(","):
        key, _, value = part.strip().partition("=")
        if key in OIDS and value:
            found.append(der(0x31, der(0x30, der(6, bytes.fromhex(OIDS[key])), der(12, value.encode()))))
    return der(0x30, *found)


def der_time(ns):
    import datetime
    moment = datetime.datetime.fromtimestamp(ns // 10**9, datetime.timezone.utc)
    return der(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def certificate(row, ns, rng):
    """As the log has it; the names beside the subject's it does not have: one that was asked for is among them, where another signed."""
    key = der(0x30, der(2, b"\0" + rng.randbytes(256)), der(2, b"\1\0\1"))
    extensions = b""
    if row["subject"] != row.get("issuer") and "server_name" in row:
        names = der(0x30, der(0x82, row["server_name"].encode()))
        extensions = der(0xa3, der(0x30, der(0x30, bytes.fromhex("0603551d11"), der(4, names))))
    begins, ends = (max(ns + d * DAY, 0) for d in (-200, 165))
    body = der(0x30, der(0xa0, der(2, b"\2")), der(2, b"\x01" + rng.randbytes(8)), SHA256_RSA, der_name(row.get("issuer", "")),
               der(0x30, der_time(begins), der_time(ends)), der_name(row["subject"]),
               der(0x30, bytes.fromhex("300d06092a864886f70d0101010500"), der(3, b"\0" + key)), extensions)
    return der(0x30, body, SHA256_RSA, der(3, b"\0" + rng.randbytes(256)))


# ---- the capture ----

class Capture:
    def __init__(self):
        self.sent = []

    def frame(self, ns, packet, length):
        """`length`: of the packet as it was; more than what is kept of it."""
        kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
        self.sent.append((ns, len(self.sent), b"\2\0\0\0\0\1\2\0\0\0\0\2" + kind + packet, 14 + length))

    def ip(self, ns, ends, protocol, body, cut):
        """`cut`: bytes of the body that the file does not have."""
        source, target = (frames.packed(a) for a in ends)
        if len(source) == 4:
            head = frames.ipv4_header(source, target, protocol, len(body) + cut, len(self.sent) & 0xffff, 0x4000, 64)
        else:
            head = frames.ipv6_header(source, target, protocol, len(body) + cut, 64)
        self.frame(ns, head + body, len(head) + len(body) + cut)

    def write(self, path):
        self.sent.sort()
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
            for ns, _, kept, length in self.sent:
                f.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(kept), length) + kept)


class Tcp:
    def __init__(self, out, c, rng):
        self.out, self.rng = out, rng
        self.ends, self.ports = (c["id.orig_h"], c["id.resp_h"]), (int(c["id.orig_p"]), int(c["id.resp_p"]))
        self.next = [rng.getrandbits(32), rng.getrandbits(32)]

    def put(self, ns, side, flags, payload=b"", length=None):
        length = len(payload) if length is None else length
        kept = payload[:KEPT]
        ends, ports = (self.ends, self.ports) if side == 0 else (self.ends[::-1], self.ports[::-1])
        ack = self.next[1 - side] if flags & ACK else 0
        body = frames.tcp(*ends, *ports, self.next[side], ack, flags, kept)
        self.out.ip(ns, ends, frames.TCP, body, length - len(kept))
        self.next[side] = (self.next[side] + length + bool(flags & (SYN | FIN))) & 0xffffffff

    def say(self, ns, side, data, length):
        """`data` as far as it is known of `length` bytes; the other side acknowledges. When the last of it went."""
        length = max(length, len(data))
        at = 0
        while at < length:
            step = KEPT if at < len(data) else MOST
            step = min(step, length - at)
            piece = data[at:at + step].ljust(min(step, 16), b"\xfe")
            self.put(ns, side, ACK | PSH, piece, step)
            at += step
            ns += 50_000
        self.put(ns, 1 - side, ACK)
        return ns


def http_turns(requests, sums):
    """What was asked and answered, with the sizes the log has."""
    for r in requests:
        body, size = int(r.get("request_body_len", 0)), int(r.get("response_body_len", 0))
        method, uri = r.get("method", "GET"), r.get("uri", "/")
        lines = [f"{method} {uri} HTTP/{r.get('version', '1.1')}"]
        lines += [f"{name}: {r[key]}" for name, key in (("Host", "host"), ("User-Agent", "user_agent"), ("Referer", "referrer")) if key in r]
        if body or method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {body}"]
        asked = ("\r\n".join(lines) + "\r\n\r\n").encode()
        kind = (listed(r.get("resp_mime_types")) or ["text/html"])[0]
        lines = [f"HTTP/1.1 {r.get('status_code', 200)} {r.get('status_msg', 'OK')}"]
        if method == "CONNECT":
            answered = (lines[0] + "\r\n\r\n").encode()
        else:
            held = "pe" if "dosexec" in kind else None
            head = actions.content(random.Random(uri), kind, min(size, 200), held) if size >= 200 else b"." * size
            lines += [f"Content-Type: {kind}", f"Content-Length: {size}"]
            answered = ("\r\n".join(lines) + "\r\n\r\n").encode() + head
        rest = size - min(size, 200) if method != "CONNECT" else 0
        sums[0] += len(asked) + body
        sums[1] += len(answered) + rest
        yield nanoseconds(r["ts"]), [(0, asked, len(asked) + body), (1, answered, len(answered) + rest)]


def tls_turns(c, row, start, rng, sums):
    hello = tls.record(tls.HANDSHAKE, HELLO.message(row.get("server_name", ""), rng), 0x0301)
    # A client that was not seen to begin, and named nobody: its hello was lost with its first packets.
    seen = "S" in c.get("history", "S") or "server_name" in row
    turns = [(0, hello, len(hello))] if seen else []
    if int(c.get("resp_bytes", 0)) > 0:
        with_certificate = row.get("version") in ("TLSv10", "TLSv11", "TLSv12") and "subject" in row
        flights = [(1, tls.server_flight12([certificate(row, start, rng)], rng)), (0, tls.client_finish12(rng)), (1, tls.server_finish12(rng))] \
            if with_certificate else [(1, tls.server_flight13(rng)), (0, tls.client_finish13(rng))]
        turns += [(side, data, len(data)) for side, data in flights]
    for side, data, _ in turns:
        sums[side] += len(data)
    yield start, turns


def rest_turns(c, start, end, head, sums, rng):
    """What is left of each side's bytes, in one turn or some by chance."""
    left = [max(0, int(c.get(key, 0)) - done) for key, done in zip(("orig_bytes", "resp_bytes"), sums)]
    if not any(left):
        return
    turns = 1 if end - start < 2 * 10**9 else max(1, min(TURNS, int(c.get("orig_pkts", 2)) // 3))
    moments = [start] + sorted(rng.randrange(start, end + 1) for _ in range(turns - 1))
    for moment in moments:
        yield moment, [(side, head, left[side] // turns) for side in (0, 1) if left[side] // turns]


def tcp(out, c, http, ssl, rng):
    history = c.get("history") or STATES.get(c.get("conn_state"), "")
    start, length = nanoseconds(c["ts"]), nanoseconds(c.get("duration"))
    talk, now = Tcp(out, c, rng), start
    before = [l for l in history if l in "SshH"][:2]
    for letter in before:
        side = int(letter.islower())
        again = min(int(c.get("orig_pkts", 1)), 3) if history.strip("^") == "S" else 1
        for n in range(again):
            talk.put(now + n * 10**9, side, SYN | (ACK if letter in "hH" else 0))
            talk.next[side] -= 1 if n + 1 < again else 0
        now += RTT
    if "A" in history and len(before) == 2:
        talk.put(now, 0, ACK)
    sums = [0, 0]
    turns = []
    if "D" in history or "d" in history:
        if http:
            turns += http_turns(http, sums)
        elif ssl:
            turns += tls_turns(c, ssl[0], now, rng, sums)
        head = tls.record(tls.DATA, b"") if ssl else b"\xfe"
        last = max([now] + [t for t, _ in turns])
        turns += rest_turns(c, last + (RTT if turns else 0), max(start + length, last + RTT), head, sums, rng)
    for moment, said in turns:
        now = max(now, moment) + 1_000_000
        for side, data, size in said:
            if ("d" if side else "D") in history:
                now = talk.say(now, side, data, size) + RTT // 2
    now = max(now, start + length)
    for letter in history:
        if letter in "FfRr":
            talk.put(now, int(letter.islower()), (FIN if letter in "Ff" else RST) | ACK)
            now += 1_000_000


# ---- datagrams ----

def dns_record(owner, text, kind):
    try:
        data = ipaddress.ip_address(text).packed
        kind = 28 if len(data) == 16 else 1
    except ValueError:
        if kind == 16:
            words = text.split(" ", 2)[2][:255].encode() if text.startswith("TXT ") and text.count(" ") > 1 else text[:255].encode()
            data = bytes([len(words)]) + words
        else:
            kind = kind if kind in (2, 5, 12) else 5
            data = dns_name(text)
    return owner + struct.pack("!HHIH", kind, 1, 300, len(data)) + data, kind


def dns_name(text):
    return b"".join(bytes([len(p)]) + p for p in text.encode().split(b".") if 0 < len(p) < 64) + b"\0"


def dns_messages(row):
    """Question, and answer or None."""
    answers = [a for a in listed(row.get("answers")) if a]
    kind = KINDS.get(row.get("qtype_name"), int(row.get("qtype", 28 if any(":" in a for a in answers) else 1)))
    question = dns_name(row.get("query", "")) + struct.pack("!HH", kind, 1)
    ident = int(row.get("trans_id", 0))
    asked = struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + question
    if "rcode" not in row:
        return asked, None
    said, owner = [], b"\xc0\x0c"
    for text in answers[:12]:
        record, got = dns_record(owner, text, kind)
        said.append(record)
        if got == 5:
            owner = dns_name(text)
    head = struct.pack("!HHHHHH", ident, 0x8180 | int(row["rcode"]) & 15, 1, len(said), 0, 0)
    return asked, head + question + b"".join(said)


def datagram(out, ns, c, side, payload, length):
    ends = (c["id.orig_h"], c["id.resp_h"])[::-1 if side else 1]
    ports = (int(c["id.orig_p"]), int(c["id.resp_p"]))[::-1 if side else 1]
    kept = payload[:KEPT]
    if length > len(kept):
        body = struct.pack("!HHHH", *ports, 8 + length, 0) + kept
    else:
        body = frames.udp(*ends, *ports, kept)
    out.ip(ns, ends, frames.UDP, body, max(0, length - len(kept)))


def udp(out, c, dns, rng):
    start, length = nanoseconds(c["ts"]), nanoseconds(c.get("duration"))
    count = [int(c.get("orig_pkts", 1)), int(c.get("resp_pkts", 0))]
    for row in dns:
        asked, answered = dns_messages(row)
        moment = nanoseconds(row["ts"])
        if count[0]:
            datagram(out, moment, c, 0, asked, len(asked))
        if answered and count[1]:
            datagram(out, moment + nanoseconds(row.get("rtt", 0.01)), c, 1, answered, len(answered))
    if dns:
        return
    for side, key in ((0, "orig_bytes"), (1, "resp_bytes")):
        most = min(count[side], 8)
        for n in range(most):
            size = min(MOST, int(c.get(key, 0)) // most)
            moment = start + (side * min(RTT, length) if n == 0 else rng.randrange(length + 1))
            datagram(out, moment, c, side, b"\xfe" + rng.randbytes(min(size, 40)) if size else b"", size)


def capture_of(folder, path):
    """Writes the capture. How many connections became traffic, and how many other rows there were."""
    out, used, other = Capture(), 0, 0
    conn, http, ssl, dns = (by_uid(folder, kind) for kind in ("conn", "http", "ssl", "dns"))
    for uid, found in conn.items():
        for c in found:
            rng = random.Random(f"{uid} {c['ts']}")
            if c.get("proto") == "tcp":
                tcp(out, c, http.get(uid, []), ssl.get(uid, []), rng)
            elif c.get("proto") == "udp":
                udp(out, c, dns.get(uid, []), rng)
            used += c.get("proto") in ("tcp", "udp")
            other += c.get("proto") not in ("tcp", "udp")
    out.write(path)
    return used, other


# ---- whose they are, by the collection's manifest ----

def sets(collection):
    """Name of each set of logs and its row of the manifest: all files of a set say the same."""
    found = {}
    with open(os.path.join(collection, "MANIFEST.tsv"), encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            part = row["file"].split("/")
            if part[0] == "zeek-logs":
                found.setdefault(part[1], row)
    return sorted(found.items())


def addresses(text):
    """All that are in a list that people wrote."""
    found = []
    for one in text.replace(" ", ",").replace("(", ",").split(","):
        try:
            found.append(ipaddress.ip_address(one.rsplit(":", 1)[0]))
        except ValueError:
            pass
    return found


def home(row):
    """The machine alone where it has a public address, or where its C2 servers are in private networks; a proxy there is of the house."""
    here, there = addresses(row["victim"]), addresses(row["c2_endpoints"])
    if any(not a.is_private for a in here) or any(a.is_private for a in there) and "PROXY" not in row["c2_endpoints"]:
        return [w for a in here for w in ("--home", str(a))]
    return []
