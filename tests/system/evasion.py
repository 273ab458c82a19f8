#!/usr/bin/env python3
"""What a client may do so that its server understands and a sensor does not: each trick is understood, or rings.

Every case is one conversation with c2.example, which the feed lists; the name must be seen all the same. TOLD: the first
copy of some bytes was another, and nobody knows which the host took: that rings, too.
"""
import json
import os
import struct
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests"), os.path.join(TOP, "tools")]
import rig
from captures import frames
from captures.frames import ACK, FIN, PSH, RST, SYN

CLIENT, SERVER = ("10.30.0.4", "2001:db8::4"), ("192.0.2.77", "2001:db8::77")
FEED = os.path.join(TOP, "tests/golden/golden.txt")
FOLDER = rig.folder()
REQUEST = b"GET /gate HTTP/1.1\r\nHost: c2.example\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POST = b"POST / HTTP/1.1\r\nHost: a.example\r\n"
EMPTY = b"\x16\x03\x05\x00\x00"            # a record


def hello(name=b"c2.example"):
    sni = struct.pack("!HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
    groups = bytes.fromhex("000a0004 0002001d".replace(" ", ""))
    body = b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0" + struct.pack("!H", len(sni + groups)) + sni + groups
    return record(b"\1" + len(body).to_bytes(3, "big") + body)


def record(body):
    return b"\x16\3\1" + struct.pack("!H", len(body)) + body


class Talk:
    """A TCP connection with every number in the caller's hand."""

    def __init__(self, port=80, shake=True, version=0):
        self.port, self.version, self.frames, self.now, self.next = port, version, [], 0, [1000, 5000]
        if shake:
            self.put(0, SYN)
            self.next[0] += 1
            self.put(1, SYN | ACK)
            self.next[1] += 1
            self.put(0, ACK)

    def put(self, side, flags, payload=b"", seq=None, ack=None, ttl=64, spoil=0):
        ends = (CLIENT[self.version], SERVER[self.version]), (40000, self.port)
        (a, b), (pa, pb) = (e[::-1] if side else e for e in ends)
        seq = self.next[side] if seq is None else seq
        ack = (self.next[1 - side] if flags & ACK else 0) if ack is None else ack
        body = bytearray(frames.tcp(a, b, pa, pb, seq % 2**32, ack % 2**32, flags, payload))
        body[16] ^= spoil
        self.now += 1_000_000
        for packet in frames.ip_packets(a, b, frames.TCP, bytes(body), self.now // 1_000_000, ttl):
            self.frames.append((1_790_000_000 * 10**9 + self.now, frames.ethernet(b"\2" * 6, b"\2" * 6, [], packet)))

    def say(self, side, data, step=1400):
        for at in range(0, len(data), step):
            piece = data[at:at + step]
            self.put(side, ACK | PSH, piece)
            self.next[side] += len(piece)
        self.put(1 - side, ACK)

    def end(self):
        self.say(1, ANSWER)
        for side in (0, 1):
            self.put(side, FIN | ACK)
            self.next[side] += 1
        self.put(0, ACK)
        return self.frames


def http(*requests):
    t = Talk()
    for n, request in enumerate(requests):
        if n > 0:
            t.say(1, ANSWER)
        t.say(0, request)
    return t.end()


def within(text, port, *trick, at=10, **how):
    """The text, with one segment of the client (or of `side`) thrown in behind its first bytes."""
    t = Talk(port)
    t.say(0, text[:at]) if at else None
    t.put(how.pop("side", 0), *trick, **how)
    t.say(0, text[at:])
    return t.end()


def extended(count):
    """IPv6, each packet with so many destination options in front."""
    t = Talk(version=1)
    t.say(0, REQUEST)
    chain = b"".join(bytes((60 if n + 1 < count else 6, 0, 1, 4, 0, 0, 0, 0)) for n in range(count))
    return [(ns, f[:18] + struct.pack("!HB", len(f) - 54 + len(chain), 60) + f[21:54] + chain + f[54:])
            for ns, f in t.end()]


def without_handshake():
    t = Talk(shake=False)
    t.put(0, SYN)
    t.next[0] += 1
    t.put(0, ACK | PSH, b"X" * len(REQUEST), ack=12345)
    t.put(1, SYN | ACK)
    t.next[1] += 1
    t.say(0, REQUEST)
    return t.end()


def chunked(text):
    return http(POST + b"Transfer-Encoding: chunked\r\n\r\n" + text, REQUEST)


def request(old, new):
    assert old in REQUEST
    return http(REQUEST.replace(old, new))


TLS = hello()
READ = {
    "nothing": http(REQUEST),
    "a tab in the request line": request(b"GET ", b"GET\t"),
    "a version in small letters": request(b"HTTP/", b"http/"),
    "blank lines in front": request(b"GET", b"\r\n" * 50 + b"GET"),
    "a folded line behind the request line": request(b"\r\nHost", b"\r\n X: y\r\nHost"),
    "a folded host": request(b"Host: ", b"Host:\r\n\t"),
    "an empty host first": request(b"Host", b"Host:\r\nHost"),
    "LF alone": request(b"\r\n", b"\n"),
    "a host in capitals, with dot and port": request(b"c2.example", b"C2.Example.:80"),
    "a host in the target": http(b"GET HTTP://u:p@C2.example:80/gate HTTP/1.1\r\nHost: good.example\r\n\r\n"),
    "a header that is too long": request(b"\r\n\r\n", b"\r\nX: " + b"a" * 70000 + b"\r\n\r\n"),
    "behind a header that is too long": http(POST + b"X: " + b"a" * 70000 + b"\r\n\r\n", REQUEST),
    "behind a transfer coding that nobody knows": http(POST + b"Transfer-Encoding: x\r\n\r\n", REQUEST),
    "behind a length that is none": http(POST + b"Content-Length: +5\r\n\r\nhello", REQUEST),
    "two transfer codings": http(POST + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 b"5\r\nhello\r\n0\r\n\r\n", REQUEST),
    "chunks with zeros and blanks in front": chunked(b"00000000000000000005\r\nhello\r\n \t0\r\n\r\n"),
    "behind chunks that are none": chunked(b"zz\r\n"),
    "a hello behind empty records": within(EMPTY * 3 + TLS, 443, ACK, at=0),
    "a hello in records of one byte": within(b"".join(record(bytes((c,))) for c in TLS[5:]), 443, ACK, at=0),
    "a name in capitals, with a dot": within(hello(b"C2.Example."), 443, ACK, at=0),
    "a FIN within": within(REQUEST, 80, FIN | ACK, ttl=1),
    "a FIN within TLS": within(TLS, 443, FIN | ACK, ttl=1),
    "a FIN without ACK": within(REQUEST, 80, FIN),
    "a RST within": within(REQUEST, 80, RST | ACK, ttl=1),
    "a SYN within": within(REQUEST, 80, SYN, seq=7777),
    "a SYN within TLS, a little ahead": within(TLS, 443, SYN, seq=6000),
    "a SYN+ACK within TLS": within(TLS, 443, SYN | ACK, seq=7777, side=1),
    "other bytes with a wrong checksum": within(REQUEST, 80, ACK, b"X" * 100, at=0, spoil=0x55),
    "other bytes without ACK": within(REQUEST, 80, PSH, b"X" * 100, at=0),
    "other bytes far off": within(REQUEST, 80, ACK, b"X" * 100, at=0, seq=1001 + 2**30),
    "30 extension headers": extended(30),
    "150 extension headers": extended(150),
}
TOLD = {
    "other bytes that die on the way": within(REQUEST, 80, ACK, b"X" * len(REQUEST), at=0, ttl=1),
    "other bytes for a number that was not sent": within(REQUEST, 80, ACK, b"X" * len(REQUEST), at=0, ack=2**31),
    "other bytes before the handshake": without_handshake(),
}


def alerts(name, sent):
    path = rig.write_pcap(os.path.join(FOLDER, "evasion.pcap"), sent)
    p = rig.replay([path], "--quiet", "--in-process", "--feed", FEED, "--records", "alert", "--eve", "-")
    if p.returncode != 0:
        rig.fail(name, p.stderr)
    return [json.loads(line)["hansho"] for line in p.stdout.splitlines()]


for name, sent in READ.items():
    found = {a["subject"] for a in alerts(name, sent) if a["kind"] != "evasion"}
    rig.check(f"read: {name}", "c2.example" in found, f"alerts: {sorted(found)}")
for name, sent in TOLD.items():
    found = alerts(name, sent)
    rig.check(f"told: {name}", "evasion" in {a["kind"] for a in found} and "c2.example" in {a["subject"] for a in found},
              f"alerts: {[(a['kind'], a['subject']) for a in found]}")
sys.exit(1 if rig.failures else 0)
