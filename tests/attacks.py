"""
Traffic made to cost much: what a frame costs at one size and at ten times that size.

Cost is counted in instructions (valgrind's cachegrind counts each), not in seconds: the same on every machine,
loaded or not. Of each run the cost of an empty capture is taken away. Memory is that of a run without valgrind.
"""
import concurrent.futures
import os
import re
import shutil
import struct
import subprocess

import rig

FOLDER = rig.folder()
START_SEC = 1_790_000_000
SERVER = 0xcb007105
CLIENT = 0x0a000001


# ---- frames ----

def ethernet(packet):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + packet


def ip(protocol, source, target, body, more=0, number=0):
    return struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(body), number & 0xffff, more, 64, protocol, 0, source,
                       target) + body


def tcp(client, port, at, flags, text=b"", server_port=80):
    return ethernet(ip(6, client, SERVER, struct.pack("!HHIIBBHHH", port, server_port, at & 0xffffffff, 1, 0x50, flags,
                                                      1024, 0, 0) + text))


def stream(text, step, server_port=80):
    """A connection that sends `text` in segments of `step` bytes."""
    yield tcp(CLIENT, 2000, 0, 2, server_port=server_port)
    for at in range(0, len(text), step):
        yield tcp(CLIENT, 2000, 1 + at, 24, text[at:at + step], server_port)


# ---- attacks: size → frames ----

def chosen_addresses(n):
    """Flows that agree in all the bits that a plain hash would take: powers of two apart."""
    for i in range(n):
        source = (i << 12 | i >> 20) & 0xffffffff
        yield ethernet(ip(17, source, SERVER, struct.pack("!HHHH", 4000, 4000, 8 + 4, 0) + b"abcd"))


def half_open(n):
    for i in range(n):
        yield tcp(0x0a000000 + i, 1024 + i % 60000, i, 2)


def first_fragments(n):
    for i in range(n):
        yield ethernet(ip(17, CLIENT, SERVER, b"\0" * 64, 0x2000, i))


def crumbs_of_a_datagram(n):
    """Fragments of eight bytes, every second one, from the last to the first, again and again."""
    for i in range(n):
        yield ethernet(ip(17, CLIENT, SERVER, b"12345678", 0x2000 | 2 * (4000 - i % 4000), i // 4000))


def nested(n):
    """As many IP headers, one in another, as the size says; 1,000 frames of them."""
    packet = ip(17, CLIENT, SERVER, struct.pack("!HHHH", 4000, 4000, 12, 0) + b"abcd")
    for _ in range(n):
        packet = ip(4, CLIENT, SERVER, packet)
    return [ethernet(packet)] * 1000


def long_header_line(n):
    return stream(b"GET / HTTP/1.1\r\nHost: a.example\r\nX: " + b"y" * n, 100)


def header_byte_by_byte(n):
    return stream(b"GET / HTTP/1.1\r\nHost: a.example\r\n" + b"X: y\r\n" * (n // 6), 1)


def requests_in_a_row(n):
    return stream(b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n" * n, 1400)


def handshake_in_crumbs(n):
    """A ClientHello that never ends, in records of one byte, in segments of one record."""
    hello = b"\1\0\xff\xff\3\3" + b"\0" * n
    return stream(b"".join(b"\x16\3\1\0\1" + hello[i:i + 1] for i in range(len(hello))), 6, 443)


def name_loops(n):
    """Names that point at names; the last points at the first."""
    chain = b"".join(b"\1a" + struct.pack("!H", 0xc000 | 12 + 4 * (i + 1) % 400) for i in range(100))
    text = b"\0\1\1\0\0\x20\0\0\0\0\0\0" + chain
    for i in range(n):
        yield ethernet(ip(17, CLIENT, SERVER, struct.pack("!HHHH", 1024 + i % 60000, 53, 8 + len(text), 0) + text))


def small_holes(n):
    """Every second byte."""
    yield tcp(CLIENT, 2000, 0, 2)
    for i in range(n):
        yield tcp(CLIENT, 2000, 3 + 2 * i, 24, b"x")


def small_holes_backwards(n):
    yield tcp(CLIENT, 2000, 0, 2)
    yield tcp(CLIENT, 2000, 1, 24, b"G")
    for i in range(n):
        yield tcp(CLIENT, 2000, 3 + 2 * (n - i), 24, b"x")


# Attack, size of the smaller run, how much dearer a frame may be at ten times the size.
ATTACKS = [
    (chosen_addresses, 2000, 1.3),
    (half_open, 2000, 1.3),
    (first_fragments, 2000, 1.5),
    (crumbs_of_a_datagram, 300, 1.5),
    (nested, 30, 1.5),
    (long_header_line, 6000, 1.3),
    (header_byte_by_byte, 600, 1.5),
    (requests_in_a_row, 300, 1.5),
    (handshake_in_crumbs, 300, 1.5),
    (name_loops, 200, 1.3),
    (small_holes, 300, 1.5),
    (small_holes_backwards, 300, 8),
]
MEMORY_MIB = 96
HOST_KIB = 2.5		# with its flow, its pair, its place in the tables: where each frame is of another host
START_MIB = 32
ETHERNET_MOST = 1514


# ---- runs ----

def write(name, frames):
    path = os.path.join(FOLDER, name + ".pcap")
    count = 0
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for count, frame in enumerate(frames, 1):
            f.write(struct.pack("<IIII", START_SEC + count // 20000, count % 20000 * 50, len(frame), len(frame)) + frame)
    return path, count


def command(path):
    return [rig.HANSHO, "replay", "--in-process", "--config", os.path.join(FOLDER, "attacks.yaml"), "--eve", os.devnull,
            path]


def instructions(path):
    out = path + ".cachegrind"
    done = subprocess.run(["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=" + out,
                           *command(path)], capture_output=True, text=True, errors="replace", timeout=300)
    m = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode != 0 or m is None:
        raise RuntimeError(f"status {done.returncode}: {done.stderr[-800:]}")
    return int(m[1].replace(",", ""))


def memory_mib(path):
    child = subprocess.Popen(command(path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"status {child.returncode}")
    return used.ru_maxrss / 1024


def unopened(frames):
    """The same frames of a type that nobody opens: what it costs to read them."""
    return [frame[:12] + b"\x88\xb5" + frame[14:] for frame in frames]


def cost_of(name, frames, empty):
    """Instructions a frame beyond those of an empty file; of long frames beyond those of reading them."""
    frames = list(frames)
    if max(map(len, frames)) > ETHERNET_MOST:
        path, _ = write(name + "-unopened", unopened(frames))
        empty = instructions(path)
        os.unlink(path)
    path, count = write(name, frames)
    return path, count, (instructions(path) - empty) / count


def measure(attack, size, empty):
    small, _, once = cost_of(f"{attack.__name__}-1", attack(size), empty)
    large, frames, ten_times = cost_of(f"{attack.__name__}-10", attack(10 * size), empty)
    memory = memory_mib(large)
    os.unlink(small)
    os.unlink(large)
    return (once, ten_times), memory, max(MEMORY_MIB, START_MIB + frames * HOST_KIB / 1024)


def judge(attack, size, factor, result):
    (once, ten_times), memory, most = result
    title = f"{attack.__name__} ({size}: {once:.0f} instructions a frame, {10 * size}: {ten_times:.0f}; {memory:.0f} MiB)"
    if memory > most:
        rig.fail(title, f"more than {most:.0f} MiB")
    else:
        rig.check(title, ten_times <= factor * once, f"more than {factor} times as dear")


def run(scale, attacks=ATTACKS):
    """All of them, at `scale` times their size; two at a time."""
    if shutil.which("valgrind") is None:
        rig.skip("attacks", "valgrind is not installed")
        return
    rig.write(os.path.join(FOLDER, "attacks.yaml"), "checksum: off\n")
    empty = instructions(write("empty", [])[0])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = [(a, scale * size, factor, pool.submit(measure, a, scale * size, empty)) for a, size, factor in attacks]
    for attack, size, factor, result in results:
        try:
            judge(attack, size, factor, result.result())
        except (RuntimeError, subprocess.TimeoutExpired) as e:
            rig.fail(attack.__name__, str(e))
