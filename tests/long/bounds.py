#!/usr/bin/env python3
"""
Nothing that traffic can fill grows without bound.

Each flood fills one table beyond its ceiling (set low here): twice the flood may not take more memory than the
flood itself, give or take, and the run says which ceiling was hit and ends well.
"""
import os
import random
import resource
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

FOLDER = rig.folder()
START_SEC, FRAMES_A_SEC = 1_790_000_000, 20_000
SLACK_MIB = 8
CONFIG = """
checksum: off
beacon:
  max_keys: 2000
alerts:
  names: 2000
  hosts: 2000
  max_open: 200
behaviour:
  hosts: 2000
cases:
  hosts: 2000
limits:
  flows: 5000
  streams: 1000
  stream_queue_bytes: 65536
  total_queue_mib: 4
  fragments: 200
  fragment_mib: 1
  parser_total_mib: 4
"""


# ---- frames ----

def ip(protocol, source, target, body, more=b"\0\0"):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + struct.pack("!BBH2s2sBBHII", 0x45, 0, 20 + len(body),
        struct.pack("!H", source & 0xffff), more, 64, protocol, 0, source, target) + body


def tcp(client, port, number, flags, text=b"", target=0xcb007105):
    return ip(6, client, target, struct.pack("!HHIIBBHHH", port, 80, number, 1, 0x50, flags, 1024, 0, 0) + text)


def udp(source, target, from_port, to_port, text):
    return ip(17, source, target, struct.pack("!HHHH", from_port, to_port, 8 + len(text), 0) + text)


def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


# ---- floods: number of things → frames ----

def connections(count):
    """SYNs from everywhere, none of them answered."""
    for n in range(count):
        yield tcp(0x0a000000 + n, 1024 + n % 60000, n, 2)


def holes(count):
    """Streams whose first bytes were lost, with much behind them that the other side has acknowledged nothing of."""
    for n in range(count // 20):
        yield tcp(0x0a000000 + n, 2000, 0, 2)
        for piece in range(1, 20):
            yield tcp(0x0a000000 + n, 2000, 1 + 1200 * piece, 16, b"x" * 1200)


def in_turns(count, turns, begin):
    """Groups of 800 clients, each sending a piece of 1200 bytes in turn: `begin`, then more of the same."""
    for first in range(0, count // turns, 800):
        for turn in range(turns):
            for n in range(first, first + 800):
                text = (begin if turn == 0 else b"") + b"x" * 1200
                yield tcp(0x0a000000 + n, 2000, 1 + 1200 * turn, 16, text[:1200])


def heads(count):
    """HTTP requests whose headers do not end."""
    return in_turns(count, 20, b"GET / HTTP/1.1\r\nX: ")


def hellos(count):
    """TLS handshake messages of which a part is always missing."""
    return in_turns(count, 10, b"\x16\3\1\x3f\xff\1\0\x3f\xfb")


def fragments(count):
    """First fragments whose others never come."""
    for n in range(count):
        yield ip(17, 0x0a000000 + n, 0xcb007105, b"\0" * 1200, more=b"\x20\0")


def names(count):
    """DNS answers, each with a name and an address of its own."""
    for n in range(count):
        question = name("h%d.example.com" % n) + b"\0\1\0\1"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + struct.pack("!I", 0xcb007100 + n)
        yield udp(0x0a000001, 0x0a000002, 1024 + n % 60000, 53, b"\0\1\1\0\0\1\0\0\0\0\0\0" + question)
        yield udp(0x0a000002, 0x0a000001, 53, 1024 + n % 60000, b"\0\1\x81\x80\0\1\0\1\0\0\0\0" + question + answer)


def services(count):
    """A host that calls a new service each time."""
    for n in range(count):
        yield udp(0x0a000001, 0x2d000000 + n, 1024 + n % 60000, 4000 + n % 50000, b"hello")


def matches(count):
    """Every host calls a listed address: an incident each."""
    for n in range(count):
        yield udp(0x0a000000 + n, 0xc0000207, 1024 + n % 60000, 4000, b"hello")


def noise(count):
    """Frames of random bytes behind good Ethernet and IP headers."""
    dice = random.Random(7)
    for n in range(count):
        yield ip(dice.choice((1, 6, 17, 4, 41, 47, 58, 132)), dice.getrandbits(32), dice.getrandbits(32),
                 dice.randbytes(dice.randrange(200)), dice.choice((b"\0\0", b"\x20\0", b"\0\7")))


# ---- runs ----

def run(flood, count):
    """Peak memory in MiB, what was said."""
    path = os.path.join(FOLDER, "flood.pcap")
    rig.write_pcap(path, (((START_SEC * FRAMES_A_SEC + n) * (10**9 // FRAMES_A_SEC), frame) for n, frame in enumerate(flood(count))))
    child = subprocess.Popen([rig.HANSHO, "replay", "--in-process", "--config", os.path.join(FOLDER, "config.yaml"),
                              "--feed", "plain:" + os.path.join(FOLDER, "feed.txt"), "--eve", os.devnull,
                              "--records", "alert,beacon,http,tls,dns,flow", path],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read().decode(errors="replace")
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    os.unlink(path)
    if child.returncode != 0:
        raise RuntimeError("status %d: %s" % (child.returncode, said))
    return used.ru_maxrss / 1024, said


def case(flood, count, ceiling):
    def check():
        once, _ = run(flood, count)
        twice, said = run(flood, 2 * count)
        title = "%s (%.0f MiB, twice as much: %.0f MiB)" % (flood.__name__, once, twice)
        if ceiling not in said:
            rig.fail(title, "nothing was said of %s: %s" % (ceiling, said))
        else:
            rig.check(title, twice <= once + SLACK_MIB, "grew by %.1f MiB" % (twice - once))
    check.__name__ = flood.__name__
    return check


def main():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    rig.write(os.path.join(FOLDER, "config.yaml"), CONFIG)
    rig.write(os.path.join(FOLDER, "feed.txt"), "192.0.2.7\n")
    rig.run_cases([
        case(connections, 200000, "limits.flows"),
        case(holes, 200000, "limits.stream_queue_bytes"),
        case(heads, 64000, "limits.parser_total_mib"),
        case(hellos, 32000, "limits.parser_total_mib"),
        case(fragments, 100000, "limits.fragments"),
        case(names, 100000, ""),
        case(services, 200000, "beacon.max_keys"),
        case(matches, 50000, "alerts.max_open"),
        case(noise, 200000, ""),
    ])


if __name__ == "__main__":
    main()
