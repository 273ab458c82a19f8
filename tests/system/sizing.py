#!/usr/bin/env python3
"""`hansho check --sizing`: a worker whose tables are full takes no more than was printed, and not much less."""
import json
import os
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

FLOWS = 100_000
CONFIG = f"""
workers: 1
home: [10.0.0.0/8]
capture: {{ buffer_mib: 1 }}
limits:
  flows: {FLOWS}
  streams: 1024
  total_queue_mib: 1
  fragments: 16
  fragment_mib: 1
  parser_total_mib: 2
  indicators: 1000
  ring_mib: 1
files: {{ total_mib: 1 }}
history: {{ enabled: false }}
"""


def frame(source, target, ports, seq, ack, text):
    body = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, 24, 1024, 0, 0) + text
    head = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(body), 0, 0, 64, 6, 0, source, target)
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + head + body


def full_tables():
    """A pcap of FLOWS connections, each with the longest names of a server that are remembered."""
    server = 0xcb007105
    asked = b"GET / HTTP/1.1\r\nHost: " + b".".join([b"a" * 60] * 4) + b".example\r\n\r\n"
    answered = b"HTTP/1.1 200 OK\r\nServer: " + b"s" * 256 + b"\r\nContent-Length: 0\r\n\r\n"
    made = [struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1)]
    for n in range(FLOWS):
        host, port = 0x0a000001 + n % 50, 1024 + n // 50
        for i, one in enumerate((frame(host, server, (port, 80), 1, 1, asked),
                                 frame(server, host, (80, port), 1, 1 + len(asked), answered))):
            made.append(struct.pack("<IIII", 1_790_000_000 + n // 10_000, n % 10_000 * 100_000 + i, len(one), len(one)) + one)
    return b"".join(made)


def check(*words):
    return subprocess.run([rig.HANSHO, "check", *words], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)


def sizing(config):
    done = check("--sizing", "--json", "-c", config)
    if not rig.check("check --sizing --json", done.returncode == 0, done.stderr):
        sys.exit(1)
    return json.loads(done.stdout)


def high_water(pid):
    return int(rig.status_of(pid)["VmHWM"].split()[0]) << 10


def measured(config):
    """The worker's peak once it has all frames: it stays while its input stays open."""
    sensor = rig.Sensor(["replay", "-c", config, "--workers", "1", "-"], stdin=subprocess.PIPE)
    try:
        sensor.process.stdin.buffer.write(full_tables())
        sensor.process.stdin.buffer.flush()
        worker, = sensor.children("worker")
        peak, before = 0, -1
        while peak != before:
            before, peak = peak, high_water(worker)
            time.sleep(1)
        return peak
    finally:
        sensor.end()


def printed_and_measured():
    folder = rig.folder()
    config = rig.write(os.path.join(folder, "hansho.yaml"), CONFIG + f"state_directory: {folder}/state\n")
    said = sizing(config)
    worker = next(p for p in said["processes"] if p["process"] == "worker")
    fixed = sum(line["bytes"] for line in worker["lines"] if line["fixed"])
    printed, peak = said["worker_bytes"], measured(config)
    numbers = f"printed {printed / 2**20:.1f} MiB, of it fixed {fixed / 2**20:.1f}, measured {peak / 2**20:.1f} MiB"
    print(numbers)
    rig.check("a worker takes no more than was printed", peak <= printed, numbers)
    rig.check("and at least half of it", printed <= 2 * peak + fixed, numbers)
    rig.check("the sum of lines is the sum", sum(line["most"] * line["bytes_each"] for line in worker["lines"]) == worker["bytes"])
    flows = [line for line in worker["lines"] if line["option"] == "limits.flows"]
    rig.check("flows are counted by their option", flows and all(line["most"] == FLOWS for line in flows), worker)


def words():
    done = check("--sizing", "-c", "/dev/null")
    rig.check("check --sizing in words", done.returncode == 0 and "limits.flows" in done.stdout
              and done.stdout.splitlines()[-1].startswith("one worker at most "), done.stdout + done.stderr)
    rig.check("--json alone is refused", check("--json").returncode == 2)


rig.run_cases([words, printed_and_measured])
