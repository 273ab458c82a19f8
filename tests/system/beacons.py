#!/usr/bin/env python3
"""What rings as a beacon and what does not, in captures made here: each case and its twin."""
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.dont_write_bytecode = True
import rig

sys.path.insert(0, os.path.join(rig.TOP, "tools"))
from captures import frames, tls
from captures.wire import CLIENT, SERVER, Tcp, Udp, Wire

START_NS = 1_790_000_000 * 10**9
FOLDER = rig.folder()
HOST, PEER = "10.1.0.9", "192.0.2.99"


def ends(host, peer):
    return ({"address": host, "vlan": [], "ttl": 64, "mac": b"\2\0\0\0\0\1"},
            {"address": peer, "vlan": [], "ttl": 52, "mac": frames.GROUP_MAC})


def replay(name, wire, *words):
    """Beacon records and the titles of all alerts."""
    path = rig.write_pcap(os.path.join(FOLDER, name + ".pcap"), wire if isinstance(wire, list) else wire.frames())
    done = subprocess.run([rig.HANSHO, "replay", "--in-process", "--quiet", "--eve", "-", "--records", "alert,beacon,flow", *words, path],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return ([r for r in found if r["event_type"] == "beacon"], [r for r in found if r["event_type"] == "alert"],
            [r for r in found if r["event_type"] == "flow"])


def rings(alerts):
    return any(a["alert"]["signature"].startswith("Beacon") for a in alerts)


def said(rng, size, kind):
    """What is said inside a connection: a TLS record, or bytes of nothing known."""
    return tls.record(23, rng.randbytes(size)) if kind == "tls" else rng.randbytes(size)


def talk(wire, rng, moments, port, first, kind, host=HOST):
    """One TCP connection in which the client says something at these seconds, and is answered."""
    t = Tcp(wire, ends(host, PEER), (50123, port), {"end": "none"}, rng, START_NS)
    for side, data in first:
        t.say(side, data)
    begun = t.now + 10**9
    for at in moments:
        t.now = begun + int(at * 10**9)
        asked, answered = kind(rng) if callable(kind) else (said(rng, 180, kind), said(rng, 60, kind))
        for side, data in ((CLIENT, asked), (SERVER, answered)):
            if data:
                t.say(side, data)


def beats(rng, every, times, jitter=0.05):
    return [i * every + rng.uniform(-jitter, jitter) * every * (i > 0) for i in range(times)]


# ---- tools of remote support ----

def teamviewer(command, rng, size):
    return b"\x17\x24" + bytes([command]) + size.to_bytes(2, "little") + rng.randbytes(size)


def rustdesk_alive(ident):
    inner = b"\x0a" + bytes([len(ident)]) + ident
    return b"\x32" + bytes([len(inner)]) + inner


def support_tcp(name, port, first, kind, tool):
    """The tool's own bytes are low and named; others, at the same moments on the same port, ring."""
    for own in (True, False):
        rng, wire = random.Random(name), Wire("ethernet")
        moments = beats(rng, 20, 60)
        strange = random.Random("bytes of nobody").randbytes
        talk(wire, rng, moments, port, first(rng) if own else [(s, strange(len(d))) for s, d in first(rng)],
             kind if own else (lambda r: tuple(strange(len(d)) for d in kind(r))))
        told, alerts, flows = replay(f"{name}-{own}", wire)
        if own:
            rig.check(f"{name}: low, by its name", len(told) == 1 and told[0].get("tool") == tool and told[0]["score"] < 0.6 and
                      not alerts and flows[0]["app_proto"] == name, (told, alerts))
            rig.check(f"{name}: says what to ask", "if nobody here uses it, ask" in told[0]["reason"], told)
        else:
            rig.check(f"{name}: other bytes ring", rings(alerts) and "tool" not in told[0], told)


def case_teamviewer():
    support_tcp("teamviewer", 5938, lambda r: [(CLIENT, teamviewer(10, r, 32)), (SERVER, teamviewer(10, r, 32))],
                lambda r: (teamviewer(27, r, 4), teamviewer(17, r, 4)), "TeamViewer")


def case_vnc():
    support_tcp("rfb", 5900, lambda r: [(SERVER, b"RFB 003.008\n"), (CLIENT, b"RFB 003.008\n")],
                lambda r: (r.randbytes(10), r.randbytes(40)), "VNC")


def case_rustdesk():
    for own in (True, False):
        rng, wire = random.Random("rustdesk"), Wire("ethernet")
        u = Udp(wire, ends(HOST, PEER), (50123, 21116), {})
        for at in beats(rng, 12, 60):
            asked = rustdesk_alive(b"123456789") if own else b"\x33" + rng.randbytes(12)
            u.send(START_NS + int(at * 10**9), CLIENT, asked)
            u.send(START_NS + int(at * 10**9) + 20_000_000, SERVER, b"\x3a\x00")
        told, alerts, flows = replay(f"rustdesk-{own}", wire)
        if own:
            rig.check("rustdesk: low, by its name", len(told) == 1 and told[0].get("tool") == "RustDesk" and not alerts and
                      flows[0]["app_proto"] == "rustdesk", (told, alerts))
        else:
            rig.check("rustdesk: other bytes ring", rings(alerts) and "tool" not in told[0], told)


def case_tool_without_the_list():
    rng, wire = random.Random("list"), Wire("ethernet")
    talk(wire, rng, beats(rng, 20, 60), 5938, [(CLIENT, teamviewer(10, rng, 32)), (SERVER, teamviewer(10, rng, 32))],
         lambda r: (teamviewer(27, r, 4), teamviewer(17, r, 4)))
    path = rig.write(os.path.join(FOLDER, "off.yaml"), "beacon:\n  harmless: no\n")
    rig.check("without the list the tool rings", rings(replay("list", wire, "-c", path)[1]))


def case_tool_in_japanese():
    rng, wire = random.Random("ja"), Wire("ethernet")
    talk(wire, rng, beats(rng, 20, 60), 5938, [(CLIENT, teamviewer(10, rng, 32)), (SERVER, teamviewer(10, rng, 32))],
         lambda r: (teamviewer(27, r, 4), teamviewer(17, r, 4)))
    path = rig.write(os.path.join(FOLDER, "ja.yaml"), "language: ja\n")
    told = replay("ja", wire, "-c", path)[0]
    rig.check("the tool in Japanese", "遠隔支援ツール TeamViewer" in told[0]["reason"] and "攻撃者" in told[0]["reason"], told)


# ---- beats inside one connection that is silent for long ----

def slow(name, every, sni, cut=0):
    rng, wire = random.Random(name), Wire("ethernet")
    hello = tls.Hello({"ciphers": "0x1301", "extensions": "0,43", "versions": "0x0304"})
    first = [(CLIENT, tls.record(22, hello.message(sni, rng))), (SERVER, tls.server_flight13(rng))] if sni else []
    talk(wire, rng, beats(rng, every, int(3 * 86400 / every)), 4443, first, "tls" if sni else "raw")
    return replay(name, wire.frames()[cut:])


def case_ninety_minutes():
    for sni in ("slow.c2.example", None):
        told, alerts, flows = slow(f"ninety-{sni}", 5400, sni)
        mine = [b for b in told if b.get("service") == sni or sni is None]
        rig.check(f"one connection, 90 minutes, {sni}: found", rings(alerts) and len(told) == 1 and len(mine) == 1 and
                  mine[0]["count"] >= 47 and 5000 < mine[0]["interval"] < 5800, told)
        rig.check(f"one connection, 90 minutes, {sni}: one flow, one alert", len(flows) == 1 and
                  len({a["hansho"]["id"] for a in alerts if rings([a])}) == 1, (len(flows), len(alerts)))


def case_three_hours():
    """Silent for longer than any flow is kept: the name is known from before."""
    told, alerts, flows = slow("three", 10800, "slower.c2.example")
    rig.check("one connection, three hours: by its name", rings(alerts) and len(told) == 1 and told[0]["count"] >= 23 and
              told[0].get("service") == "slower.c2.example" and len(flows) == 24, told)


def case_joined_midway():
    """The sensor starts while it goes on, whoever's packet is the first."""
    for cut in (8, 9, 10):
        for sni in ("slow.c2.example", None):
            told, alerts, _ = slow(f"midway-{cut}-{sni}", 1800, sni, cut)
            rig.check(f"joined at frame {cut}, {sni}: found", rings(alerts) and told[0]["src_ip"] == HOST and
                      told[0]["count"] > 135, told)


# ---- what is said inside one connection ----

UPGRADE = (b"GET /ws HTTP/1.1\r\nHost: in.c2.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
SWITCHED = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
CONNECT = b"CONNECT in.c2.example:443 HTTP/1.1\r\nHost: in.c2.example:443\r\n\r\n"
INSIDE = {
    "WebSocket": ([(CLIENT, UPGRADE), (SERVER, SWITCHED)],
                  lambda r: (b"\x82\xa0" + r.randbytes(36), b"\x82\x20" + r.randbytes(32))),
    "a request of which a chunk comes each time": (
        [(CLIENT, b"POST /up HTTP/1.1\r\nHost: in.c2.example\r\nTransfer-Encoding: chunked\r\n\r\n")],
        lambda r: (b"20\r\n" + r.randbytes(32) + b"\r\n", b"")),
    "requests that are answered late": ([], lambda r: (
        b"GET /poll HTTP/1.1\r\nHost: in.c2.example\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + r.randbytes(20))),
    "bytes behind CONNECT": ([(CLIENT, CONNECT), (SERVER, b"HTTP/1.1 200 OK\r\n\r\n")],
                             lambda r: (r.randbytes(180), r.randbytes(60))),
}


def case_inside():
    for name, (first, said_each) in INSIDE.items():
        rng, wire = random.Random(name), Wire("ethernet")
        talk(wire, rng, beats(rng, 60, 60, 0.1), 80, first, said_each)
        told, alerts, _ = replay("inside", wire)
        rig.check(f"{name}: found by its name", rings(alerts) and len(told) == 1 and told[0]["service"] == "in.c2.example" and
                  told[0]["count"] >= 58, (told, len(alerts)))


# ---- what is said inside one QUIC connection ----

def quic(name, moments):
    """A recorded connection's beginning, then protected packets (RFC 9000, 17.3) at these seconds, each answered."""
    port = (49656).to_bytes(2, "big")
    frames_of_it = [f for f in rig.frames_of(os.path.join(rig.PCAPS, "recorded-quic.pcap")) if port in (f[1][34:36], f[1][36:38])][:10]
    begun, rng, wire = frames_of_it[-1][0] + 10**9, random.Random(name), Wire("ethernet")
    u = Udp(wire, ends("10.40.0.5", "203.0.113.80"), (49656, 4430), {})
    for at in moments:
        for side, size in ((CLIENT, 120), (SERVER, 60)):
            u.send(begun + int(at * 10**9) + side * 20_000_000, side, bytes([0x40 | rng.randrange(0x40)]) + rng.randbytes(size))
    return replay(name, frames_of_it + wire.frames())


def case_quic_bursts():
    """Each time the client speaks after a pause is a contact, under the name that the hello had; a reader's are no clock."""
    rng = random.Random("a reader")
    told, alerts, flows = quic("quic-clock", beats(rng, 40, 40))
    rig.check("bursts in a QUIC connection: found by its name", rings(alerts) and len(flows) == 1 and len(told) == 1 and
              told[0]["service"] == "four.web.example" and told[0]["proto"] == "UDP" and told[0]["count"] >= 40 and
              38 < told[0]["interval"] < 42, (told, len(alerts), len(flows)))
    at, read = 0, []
    for _ in range(40):
        at += 4 + min(rng.expovariate(1 / 36), 110)
        read.append(at)
    told, alerts, flows = quic("quic-reader", read)
    rig.check("bursts in a QUIC connection, read by somebody: no alert", not alerts and len(flows) == 1 and
              all(b["score"] < 0.75 for b in told), (told, len(alerts)))


# ---- anonymisers, by feed ----

def case_anonymisers():
    """Who uses Tor or an open proxy is told of as that, whatever the rhythm; a neighbour of theirs is nobody."""
    path = rig.write(os.path.join(FOLDER, "trails.csv"), "192.0.2.99,tor exit node (suspicious),(static)\n"
                     "192.0.2.98,proxy (suspicious),(static)\n")
    for peer, listed in (("192.0.2.99", "tor exit node"), ("192.0.2.98", "proxy"), ("192.0.2.97", None)):
        rng, wire = random.Random(peer), Wire("ethernet")
        t = Tcp(wire, ends(HOST, peer), (50123, 9001), {"end": "none"}, rng, START_NS)
        t.say(CLIENT, said(rng, 180, "raw"))
        t.say(SERVER, said(rng, 60, "raw"))
        alerts = replay(f"anonymiser-{peer}", wire, "--feed", f"maltrail-csv:{path}")[1]
        if listed:
            rig.check(f"a feed's {listed}: an anonymiser", len({a["hansho"]["id"] for a in alerts}) == 1 and
                      alerts[0]["src_ip"] == HOST and alerts[0]["alert"]["signature"] == f"Anonymiser feed ip {listed}" and
                      alerts[0]["dest_ip"] == peer, alerts)
        else:
            rig.check("an address beside them: nobody", not alerts, alerts)


# ---- a flood is an attack, not a clock ----

def case_flood():
    """Datagrams without end to one target: its row's, whatever the ports. Twice a second and no more: a clock."""
    for apart_ms, clock in ((2, False), (600, True)):
        wire = Wire("ethernet")
        a, b = ends(HOST, PEER)
        for i in range(12_000 if apart_ms < 100 else 200):
            body = frames.udp(HOST, PEER, 1024 + i % 60000, 8000, b"")
            wire.packet(START_NS + i * apart_ms * 10**6, (a, b), frames.UDP, body)
        told, alerts, _ = replay(f"flood-{apart_ms}", wire)
        attack = [x for x in alerts if x["hansho"].get("behaviour", {}).get("name") == "attack-participation"]
        rig.check(f"a datagram each {apart_ms} ms: {'a beacon' if clock else 'an attack, no beacon'}",
                  rings(alerts) == clock and bool(attack) != clock and bool(told) == clock, (told, len(alerts)))


rig.run_cases([v for k, v in list(globals().items()) if k.startswith("case_")])
