"""More frames than a sensor can take: what was sent, seen and dropped, and whether it rings meanwhile."""
import json
import os
import random
import re
import struct
import subprocess
import sys
import time

import rig

sys.path.insert(0, os.path.join(rig.TOP, "tools"))
from captures import frames             # noqa: E402

LISTED = "198.51.100.23"
PLANTED_EVERY_SEC = 0.2
ROLES = ("worker", "analyst", "keeper")
SENDER = os.path.join(os.path.dirname(rig.HANSHO), "tests/system/send_frames")


def framed(src, dst, protocol, transport):
    return frames.ethernet(b"\2\0\0\0\0\2", b"\2\0\0\0\0\1", [], frames.ip_packets(src, dst, protocol, transport, 0)[0])


def syn(src, dst, sport, dport):
    return framed(src, dst, frames.TCP, frames.tcp(src, dst, sport, dport, 1, 0, frames.SYN))


def small(path, count, seed=1):
    """The smallest packets: SYNs of a flood and short datagrams, none of many conversations."""
    r, made = random.Random(seed), []
    for n in range(count):
        host = bytes((10, 9, r.randrange(256), r.randrange(256)))
        if n % 2:
            made.append(syn(r.randbytes(4), bytes((10, 0, 0, 5)), r.randrange(1024, 65536), 443))
        else:
            there = bytes((203, 0, 113, 9))
            made.append(framed(host, there, frames.UDP, frames.udp(host, there, r.randrange(1024, 65536), 4500, b"words")))
    return rig.write_pcap(path, [(n * 1000, f) for n, f in enumerate(made)])


def listed(folder):
    return rig.write(os.path.join(folder, "c2.txt"), f"{LISTED}\n")


def planted(path, number):
    """One host asks for the listed address, four times."""
    host = bytes((10, 77, number >> 8, number & 255))
    there = bytes(map(int, LISTED.split(".")))
    return rig.write_pcap(path, [(n * 1000, syn(host, there, 1024 + n, 8080)) for n in range(4)])


class Flood:
    """A sensor on a network of its own, and those who send into it."""

    def __init__(self, net, workers=1, extra="", share=()):
        """`share`: words that give the sensor a share of the processors (tests/share.py)."""
        self.net, self.dir = net, rig.folder(0o777)
        self.eve = os.path.join(self.dir, "eve.json")
        config = rig.write(os.path.join(self.dir, "hansho.yaml"), f"sensor_name: test\nstate_directory: {self.dir}/state\n"
                           f"feeds:\n  - path: {listed(self.dir)}\nsinks:\n  - type: eve\n    path: {self.eve}\n{extra}")
        self.before = self.passed()
        self.sensor = rig.Sensor(["watch", "-i", net.far, "-c", config, "--workers", str(workers)], before=[*share, *net.inside])
        if not self.sensor.wait_for("watching", 15):
            raise OSError("did not begin: " + self.sensor.text())
        self.sent = 0
        self.began = self.ended = self.seconds = 0.0
        self.busy = {}

    def passed(self):
        """Frames that came out of the far end, and those that the near end dropped, as the kernel counts them."""
        ends = [json.loads(subprocess.run(["ip", "-n", self.net.name, "-s", "-j", "link", "show", end], capture_output=True, text=True,
                                          check=True).stdout)[0]["stats64"] for end in (self.net.far, self.net.near)]
        return ends[0]["rx"]["packets"], ends[1]["tx"]["dropped"]

    def rush(self, files, seconds, each=0, meanwhile=None):
        """All files at once, again and again, for so long, `each` frames a second (0: what the machine can); meanwhile hosts
        ask for the listed address."""
        senders = [subprocess.Popen([*self.net.inside, SENDER, self.net.near, f, str(seconds), str(each)], stdout=subprocess.PIPE, text=True)
                   for f in files]
        self.began, self.seconds, number, before = time.time(), seconds, 0, self.spent()
        while any(s.poll() is None for s in senders):
            self.sent += self.net.send(planted(os.path.join(self.dir, "planted.pcap"), number), "--topspeed")
            number += 1
            if meanwhile is not None:
                meanwhile(self, number)
            time.sleep(PLANTED_EVERY_SEC)
        self.ended = time.time()
        self.busy = {role: (now - before[role]) / (self.ended - self.began) for role, now in self.spent().items()}
        for s in senders:
            self.sent += int(s.communicate()[0])

    def spent(self):
        """Seconds of a processor that each role has taken, all of its processes together."""
        found = {}
        for role in ROLES:
            found[role] = 0.0
            for pid in self.sensor.children(role):
                with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
                    found[role] += int(f.read().split()[0]) / 1e9
        return found

    def rate(self):
        """Frames a second while they were sent: before that, a sender reads them."""
        return self.sent / self.seconds

    def rang(self):
        """Hosts that rang for the listed address while the flood went on."""
        return {r["hansho"]["host"] for r in rig.records(self.eve) if r["hansho"]["state"] == "open" and LISTED in json.dumps(r) and
                time.mktime(time.strptime(r["timestamp"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone <= self.ended + 1}

    def metric(self, name):
        """A metric, of all workers together and with every label; None when the sensor tells nothing."""
        done = subprocess.run(["curl", "-s", "-m", "5", "--unix-socket", os.path.join(self.dir, "state", "status.sock"),
                               "http://localhost/metrics"], capture_output=True, text=True)
        found = re.findall(rf"^hansho_{name}(?:\{{[^}}]*\}})? (\d+)", done.stdout, re.MULTILINE)
        return sum(map(int, found)) if found else None

    def read(self):
        """What the workers read."""
        return self.metric("frames_total")

    def settled(self, seconds=60):
        """What they have read when they read no more."""
        last, since, end = -1, time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < end and (last is None or time.monotonic() - since < 2):
            now = self.read()
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.2)
        return last

    def stop(self):
        """Frames that reached the interface, that did not, that the sensor saw, that the kernel dropped; the exit status."""
        received, lost = (now - then for now, then in zip(self.passed(), self.before))
        status, _ = self.sensor.stop(seconds=120)
        said = re.search(r"(\d+) frames seen, (\d+) dropped by the kernel", self.sensor.text())
        seen, dropped = map(int, said.groups()) if said else (0, 0)
        return received, lost, seen, dropped, status


def counted(name, flood):
    """The checks that hold however fast the machine is; frames received and dropped."""
    read = flood.settled()
    received, lost, seen, dropped, status = flood.stop()
    rig.check(f"{name}: what was not dropped was read", read == seen, f"read {read}, seen {seen}, dropped {dropped}")
    rig.check(f"{name}: ends well", status == 0, f"status {status}: {flood.sensor.text()[-600:]}")
    rig.check(f"{name}: every frame was seen or counted as dropped", received == seen + dropped and flood.sent == received + lost,
              f"sent {flood.sent}, received {received}, not taken by the interface {lost}, seen {seen}, dropped {dropped}")
    rang = flood.rang()
    rig.check(f"{name}: the listed address rings in the flood", rang, f"{flood.sensor.text()[-600:]}")
    print(f"  {name}: {flood.sent} frames sent, {flood.rate():,.0f} a second; {dropped} dropped ({100 * dropped / max(1, received):.1f} %); "
          f"{len(rang)} hosts rang; of a processor " + ", ".join(f"{role} {100 * share:.0f} %" for role, share in flood.busy.items()), flush=True)
    return received, dropped
