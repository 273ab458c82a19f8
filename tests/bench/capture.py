"""The captures that `make bench` reads, seven kinds of traffic, the same each time.

mix     real captures merged, where they lie beside the checkout
office  an hour of an office by the project's own generator: nobody is infected (office.py)
day     a day of an office with 22 beacons in it, small answers throughout, where its generator lies beside the checkout
scenes  all that was recorded of real programs, attacks among them, and one quiet office, over and over between other hosts: much to ring for
plain   of one quiet office and recorded web and DNS, HTTP, TLS and DNS in plain Ethernet alone, over and over in the same way
bulk    few connections, full packets
storm   small packets: a flood of SYNs, a million flows, DNS
"""
import glob
import os
import random
import struct
import subprocess
import sys
import tempfile

import office

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(tempfile.gettempdir(), "hansho-bench-%d" % os.getuid())       # they stay for the next time
LEAST_BYTES = 300 << 20
START_SEC, COPY_SEC = 1_790_000_000, 40
KINDS = ("mix", "office", "day", "scenes", "plain", "bulk", "storm")
TALK = KINDS[:5]        # those with bodies of many kinds
SCENES = ("office-like.pcap", "recorded-*.pcap")
PLAIN = ("office-like.pcap", "recorded-web.pcap", "recorded-dns.pcap")
PLAIN_PORTS = {(6, 80), (6, 443), (17, 53)}
MADE = {"bulk": ["256"], "storm": ["2000000", "1000000"]}


def outside(*names):
    """What lies in the folder beside the checkout, when all of it does."""
    found = [os.path.join(os.path.dirname(ROOT), "shared", name) for name in names]
    return found if all(map(os.path.exists, found)) else None


def mix(path, mixer, captures):
    copies = 1
    while True:
        subprocess.run([sys.executable, mixer, path, str(copies), captures], check=True, stdout=subprocess.DEVNULL)
        size = os.path.getsize(path)
        if size >= LEAST_BYTES:
            return
        copies = -(-LEAST_BYTES * copies // size) + (copies > 1)


def day(path, generator, scenario):
    """Its list of who calls whom goes: nothing here asks for it."""
    subprocess.run([sys.executable, generator, scenario, path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for end in (".labels.tsv", ".conns.tsv"):
        os.unlink(path + end)


OUTSIDE = {"mix": (mix, "bench/speed/mix.py", "corpus/pcaps"), "day": (day, "bench/beacon/generate.py", "bench/beacon/office-day.json")}


def frames_of(path):
    """(nanoseconds, wire length, bytes) of a classic Ethernet capture; nothing of any other."""
    data = open(path, "rb").read()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    if order is None or struct.unpack_from(order + "I", data, 20)[0] & 0xffff != 1:
        return
    at = 24
    while at + 16 <= len(data):
        sec, usec, captured, wire = struct.unpack_from(order + "IIII", data, at)
        yield sec * 10**9 + usec * 1000, wire, data[at + 16:at + 16 + captured]
        at += 16 + captured


def moved(frame, key):
    """The same IPv4 frame between other hosts: both addresses' low 16 bits change, and the checksums with them."""
    b = bytearray(frame)
    if len(b) < 34 or b[12:14] != b"\x08\x00" or b[14] >> 4 != 4:
        return bytes(b)
    places = [at for at in (26, 30) if b[at] < 224]
    transport = 14 + (b[14] & 15) * 4
    sums = [24]
    if not struct.unpack_from("!H", b, 20)[0] & 0x1fff:
        at = transport + {6: 16, 17: 6}.get(b[23], len(b))
        if at + 2 <= len(b) and not (b[23] == 17 and b[at:at + 2] == b"\0\0"):
            sums.append(at)
    for place in places:
        old, = struct.unpack_from("!H", b, place + 2)
        struct.pack_into("!H", b, place + 2, old ^ key)
        for at in sums:
            # RFC 1624: HC' = ~(~HC + ~m + m')
            total = (~struct.unpack_from("!H", b, at)[0] & 0xffff) + (~old & 0xffff) + (old ^ key)
            total = (total & 0xffff) + (total >> 16)
            struct.pack_into("!H", b, at, ~((total & 0xffff) + (total >> 16)) & 0xffff)
    return bytes(b)


def is_plain(b):
    """TCP or UDP over IPv4 in plain Ethernet, at a port of HTTP, TLS or DNS."""
    if len(b) < 38 or b[12:15] != b"\x08\x00\x45" or struct.unpack_from("!H", b, 20)[0] & 0x3fff:
        return False
    return any((b[23], port) in PLAIN_PORTS for port in struct.unpack_from("!HH", b, 34))


def copies(path, names, wanted=lambda frame: True):
    """Captures of the project, each begun anew in every copy, in the order of time."""
    base = []
    for source in sorted(p for name in names for p in glob.glob(os.path.join(ROOT, "pcaps", name))):
        frames = [f for f in frames_of(source) if wanted(f[2])]
        if not frames:
            continue
        first, last = frames[0][0], max(f[0] for f in frames)
        scale = min(1.0, COPY_SEC * 10**9 / max(1, last - first))
        base += [(int((at - first) * scale), wire, data) for at, wire, data in frames]
    if not base:
        sys.exit("bench: no capture to begin with: pcaps/ holds none (its recipes make them)")
    base.sort(key=lambda f: f[0])
    keys, size, copy = random.Random(20261122), 24, 0
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        while size < LEAST_BYTES:
            key = keys.randrange(1, 1 << 16) if copy else 0
            for at, wire, data in base:
                sec, ns = divmod(at + (START_SEC + copy * COPY_SEC) * 10**9, 10**9)
                data = moved(data, key)
                f.write(struct.pack("<IIII", sec, ns // 1000, len(data), wire) + data)
                size += 16 + len(data)
            copy += 1


def make(folder, kind, maker):
    """Path of the capture of this kind, made when it is not there yet; None: it cannot be. `maker`: make_traffic."""
    path = os.path.join(folder, kind + ".pcap")
    if os.path.exists(path):
        return path
    if kind in OUTSIDE:
        how, *names = OUTSIDE[kind]
        found = outside(*names)
        if found is None:
            return None
        how(path + ".new", *found)
    elif kind == "office":
        office.make(path + ".new", LEAST_BYTES)
    elif kind == "scenes":
        copies(path + ".new", SCENES)
    elif kind == "plain":
        copies(path + ".new", PLAIN, is_plain)
    else:
        subprocess.run([maker, path + ".new", kind, *MADE[kind]], check=True)
    os.rename(path + ".new", path)
    return path


def head(path, out, frames):
    """The first frames of a capture, for what is too slow for the whole; how many they are."""
    with open(path, "rb") as f:
        data = f.read(24 + frames * 2000)
    at, taken = 24, 0
    while at + 16 <= len(data) and taken < frames:
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        taken += 1
    with open(out, "wb") as f:
        f.write(data[:at])
    return taken


def indicators(path, count):
    """A plain list: 60 % names, 25 % addresses with port, 10 % URLs, 5 % JA3; nothing that any capture has."""
    if os.path.exists(path):
        return
    with open(path, "w") as f:
        for n in range(count):
            x = n * 2654435761 & 0xffffffff
            address = "%d.%d.%d.%d:%d" % (1 + x % 90, x >> 8 & 255, x >> 16 & 255, x >> 24, 1024 + n % 60000)
            kind = n % 20
            f.write("h%x.d%x.invalid-list.example\n" % (x, n % 5000) if kind < 12 else
                    address + "\n" if kind < 17 else "%s/x/%x.sh\n" % (address, x) if kind < 19 else
                    "%08x%08x%08x%08x\n" % (x, n, ~x & 0xffffffff, ~n & 0xffffffff))
