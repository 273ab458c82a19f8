#!/usr/bin/env python3
"""
The same bytes out of any number of workers, whatever the capture does to time.

Captures of the project bent here (equal times, out of order, hours apart, everything behind one silence, in
tunnels of VLANs, in fragments, times that cannot be) and read with 1 to 4 workers, in one process, and as gzip
from standard input: all records on, and not one byte may differ.
"""
import gzip
import os
import random
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import rig
from captures import frames

SEC = 10**9
CHECKED = os.environ.get("HANSHO_ASAN", rig.HANSHO)
RECORDS = "alert,beacon,http,tls,dns,flow"
FEEDS = [*rig.DEMO_FEEDS, os.path.join(rig.TOP, "tests", "golden", "golden.txt")]
FOLDER = rig.folder()


def given(*names):
    """The frames of captures of the project, one capture behind the other in the order of their names."""
    found = []
    for name in names:
        found += rig.frames_of(os.path.join(rig.PCAPS, name + ".pcap"))
    return found


# ---- captures that bend time ----

def merged():
    """All at once: as if the captures had been taken together."""
    start, made = 1_780_000_000 * SEC, []
    for name in ("emotet-like", "twins", "realms", "fragments", "damaged", "recorded-web", "recorded-tls",
                 "recorded-dns", "recorded-offload"):
        own = given(name)
        made += [(start + ns - own[0][0], frame) for ns, frame in own]
    return sorted(made, key=lambda f: f[0])


def equal_times():
    """Many frames at one moment: a clock of ten seconds."""
    return [(ns - ns % (10 * SEC), frame) for ns, frame in merged()]


def one_moment():
    return [(1_780_000_000 * SEC, frame) for _, frame in merged()[:4000]]


def out_of_order():
    """Each time off by up to three seconds, the frames where they were."""
    rng = random.Random(1)
    return [(ns + rng.randrange(-3 * SEC, 3 * SEC), frame) for ns, frame in merged()]


def shuffled():
    """Frames that overtake others, with their times."""
    rng = random.Random(2)
    made = merged()
    order = sorted(range(len(made)), key=lambda n: n + rng.randrange(40))
    return [made[n] for n in order]


def hours_apart():
    """A silence of 90 minutes behind every 50th frame: timers between."""
    return [(ns + n // 50 * 5400 * SEC, frame) for n, (ns, frame) in enumerate(merged()[:4000])]


def times_that_cannot_be():
    """Single frames in 1970 and 2105, a stretch of 300 in the future, then back."""
    made = merged()
    for n in range(2000, 2300):
        made[n] = (made[n][0] + 20 * 365 * 86400 * SEC, made[n][1])
    for n in range(100, len(made), 701):
        made[n] = ((0, 4_290_000_000)[n % 2] * SEC, made[n][1])
    return made


def all_time_out_at_once():
    """Flows of all kinds that began at one moment, with holes, and then nothing for two days."""
    rng = random.Random(3)
    start, made = 1_780_000_000 * SEC, []
    for n in range(700):
        a, b = f"10.9.{n % 7}.{n % 200 + 1}", f"198.51.{n % 90}.{n % 250 + 1}"
        port = 20000 + n
        hello = f"GET /{n} HTTP/1.1\r\nHost: h{n % 50}.example\r\n".encode()
        bodies = [(frames.TCP, frames.tcp(a, b, port, 80, 99, 0, frames.SYN)),
                  (frames.TCP, frames.tcp(a, b, port, 80, 100, 1, frames.ACK, hello)),
                  # A hole, what is behind it, and the other side's word that it has both.
                  (frames.TCP, frames.tcp(a, b, port, 80, 100 + len(hello) + 10, 1, frames.ACK, b"X: y\r\n\r\n")),
                  (frames.UDP, frames.udp(a, b, port, 4000 + n % 9, b"x" * (n % 40)))]
        answer = frames.tcp(b, a, 80, port, 1, 100 + len(hello) + 19, frames.ACK)
        for protocol, body in bodies:
            made.append((a, b, protocol, body))
        made.append((b, a, frames.TCP, answer))
    ethernet = [(start, frames.ethernet(b"\2" * 6, frames.GROUP_MAC, (), frames.ip_packets(a, b, p, body, 1)[0]))
                for a, b, p, body in made]
    rng.shuffle(ethernet)
    late = frames.udp("10.9.0.1", "192.0.2.1", 5, 6, b"late")
    ethernet.append((start + 172800 * SEC, frames.ethernet(b"\2" * 6, frames.GROUP_MAC, (), frames.ip_packets(
        "10.9.0.1", "192.0.2.1", frames.UDP, late, 1)[0])))
    return ethernet


# ---- captures that bend space ----

def vxlan(frame, number):
    inside = struct.pack("!BxxxI", 8, number << 8) + frame
    return frames.udp("192.0.2.250", "192.0.2.251", 40000 + number, 4789, inside)


def in_tunnels():
    """Frame by frame in one of five VLANs, in a service tag with it, or in VXLAN; sometimes the VXLAN in fragments."""
    made = []
    for n, (ns, frame) in enumerate(merged()[:5000]):
        where, kind = n % 5, n % 3
        tagged = frame[:12] + struct.pack("!HH", 0x8100, 100 + where) + frame[12:]
        if kind == 0:
            made.append((ns, tagged))
        elif kind == 1:
            made.append((ns, frame[:12] + struct.pack("!HH", 0x88a8, 7) + tagged[12:]))
        else:
            limit = 600 if n % 7 == 0 else None
            for packet in frames.ip_packets("192.0.2.250", "192.0.2.251", frames.UDP, vxlan(tagged, where), n & 0xffff,
                                            limit=limit):
                made.append((ns, frames.ethernet(b"\4" * 6, b"\6" * 6, (), packet)))
    return made


def in_fragments():
    """IPv4 packets cut in pieces that arrive in any order, some twice, some never."""
    rng, made = random.Random(4), []
    for n, (ns, frame) in enumerate(merged()[:5000]):
        if frame[12:14] != b"\x08\x00" or frame[14] != 0x45 or frame[20] & 0x3f or frame[21] or len(frame) < 100:
            made.append((ns, frame))
            continue
        packet = frame[14:14 + struct.unpack_from("!H", frame, 16)[0]]
        parts = frames.ipv4_packets(packet[12:16], packet[16:20], packet[9], packet[20:], n & 0xffff, packet[8], 300)
        parts = [p for p in parts for _ in range(1 + (rng.random() < 0.02)) if rng.random() > 0.001]
        rng.shuffle(parts)
        made += [(ns + k * 1000, frame[:14] + part) for k, part in enumerate(parts)]
    return made


# ---- the runs ----

def run(program, options, path, stdin=None):
    words = [program, "replay", "--records", RECORDS, "--eve", "-", *rig.options(FEEDS), *options]
    p = subprocess.run([*words, path], input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                       capture_output=True, timeout=60)
    return p.stdout, p.returncode, p.stderr.decode(errors="replace").strip()


def difference(a, b):
    a, b = a.splitlines(), b.splitlines()
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    show = [lines[at].decode(errors="replace")[:230] if at < len(lines) else "nothing" for lines in (a, b)]
    return f"line {at + 1} of {len(a)} and {len(b)}: {show[0]} became {show[1]}"


def compare(make):
    name = make.__name__.replace("_", " ")
    path = rig.write_pcap(os.path.join(FOLDER, make.__name__ + ".pcap"), make())
    first, status, said = run(rig.HANSHO, ["--workers", "1"], path)
    if status != 0 or first.count(b"\n") < 100:
        rig.fail(f"workers: {name}", f"status {status}, {len(first.splitlines())} lines: {said}")
        return
    with open(path, "rb") as f:
        packed = gzip.compress(f.read(), 1)
    ways = {f"{n} workers": (rig.HANSHO, ["--workers", str(n)], path) for n in (2, 3, 4)}
    ways["in process"] = (CHECKED, ["--in-process"], path)
    ways["3 workers, gzip from standard input"] = (rig.HANSHO, ["--workers", "3"], "-", packed)
    for way, words in ways.items():
        out, status, said = run(*words)
        rig.check(f"workers: {name}, {way}", status == 0 and out == first,
                  f"status {status} {said[-300:]} {difference(first, out) if out != first else ''}")
    os.unlink(path)


def alerts(path):
    """Host and subject of what opened, and how many revisions there were in all."""
    out, status, said = run(rig.HANSHO, ["--workers", "2"], path)
    told = [r for r in map(rig.json.loads, out.splitlines()) if r["event_type"] == "alert"]
    opened = sorted((r["hansho"]["host"], r["hansho"]["subject"], r["timestamp"]) for r in told
                    if r["hansho"]["state"] == "open")
    return opened, len(told), status, said


def impossible_times_change_nothing():
    """Frames of somebody else's, one by one with impossible times: no alert differs. A stretch of them: none is missing."""
    stranger = frames.ethernet(b"\2" * 6, frames.GROUP_MAC, (), frames.ip_packets(
        "10.77.0.1", "10.77.0.2", frames.UDP, frames.udp("10.77.0.1", "10.77.0.2", 99, 999, b"x"), 1)[0])
    plain = given("emotet-like")
    path = os.path.join(FOLDER, "times.pcap")
    opened, count, _, _ = alerts(rig.write_pcap(path, plain))
    single = list(plain)
    for n in range(len(plain) - 50, 20, -97):
        single.insert(n, ((4_290_000_000, 5)[n % 2] * SEC, stranger))
    found = alerts(rig.write_pcap(path, single))
    rig.check("workers: single impossible times change no alert", found[:3] == (opened, count, 0), found)
    rig.check("workers: single impossible times are told", "carry a time more than an hour off" in found[3], found[3])
    stretch = plain[:1500] + [(4_290_000_000 * SEC, stranger)] * 100 + plain[1500:]
    found = alerts(rig.write_pcap(path, stretch))
    hosts = {(host, subject) for host, subject, _ in opened}
    rig.check("workers: a stretch of impossible times hides no alert",
              {(host, subject) for host, subject, _ in found[0]} >= hosts and found[2] == 0, found)
    rig.check("workers: a clock that went back is told", "clock went back" in found[3], found[3])


CASES = (merged, equal_times, one_moment, out_of_order, shuffled, hours_apart, times_that_cannot_be,
         all_time_out_at_once, in_tunnels, in_fragments)


def main():
    wanted = sys.argv[1:]
    for make in CASES:
        if not wanted or make.__name__ in wanted:
            compare(make)
    impossible_times_change_nothing()
    sys.exit(1 if rig.failures else 0)


main()
