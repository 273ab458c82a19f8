#!/usr/bin/env python3
"""Disks that fill up, bytes that change on them, folders that cannot be written: nothing stops, and what it cost is told.
Root: the file systems are tmpfs in a mount namespace of this test's own."""
import atexit
import ctypes
import glob
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

CLONE_NEWNS = 0x00020000
START = "start 2026-01-01T00:00:00Z\n"


def own_mounts():
    """Why there is no mount namespace here, or None."""
    if os.geteuid() != 0:
        return "needs root for a mount namespace"
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        return "no mount namespace here"
    done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, text=True)
    return None if done.returncode == 0 else f"mounts cannot be made private: {done.stderr.strip()}"


class Disk:
    """A small file system; `fill` leaves no byte on it, `free` takes that back."""

    def __init__(self, kib):
        self.path = rig.folder(0o777)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0777", "tmpfs", self.path], check=True)
        atexit.register(subprocess.run, ["umount", "-l", self.path], capture_output=True)
        self.ballast = os.path.join(self.path, "ballast")

    def fill(self):
        with open(self.ballast, "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    def free(self):
        os.unlink(self.ballast)

    def read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)


class Live:
    def __init__(self, state, eve, more="", records="[alert]"):
        self.dir, self.eve = rig.folder(0o777), eve
        feed = rig.write(os.path.join(self.dir, "bad.txt"), "198.51.100.23\n")
        self.config = rig.write(os.path.join(self.dir, "c.yaml"), f"state_directory: {state}\nrecords: {records}\n"
                                f"history: {{enabled: no}}\ndrain_sec: 1\nfeeds:\n  - path: {feed}\nsinks:\n  - type: eve\n    path: {eve}\n"
                                f"    retry_max_ms: 500\n{more}")
        self.hosts = 0
        self.begin()

    def begin(self):
        self.sensor = rig.Sensor(["watch", "-i", net.far, "-c", self.config], before=net.inside)

    def calls(self, count=8, wait=3.0):
        """Hosts that never called before call; how many of their alerts came."""
        names = [f"10.1.{self.hosts // 200}.{self.hosts % 200 + n + 1}" for n in range(count)]
        self.hosts += 200
        text = START + "".join(f"host h{n} {a}\nat {n * 0.001} h{n} post http://198.51.100.23:8080/x body=10 size=10 rtt=0.001\n"
                               for n, a in enumerate(names))
        net.send(rig.recipe(os.path.join(self.dir, "calls.pcap"), text), "--topspeed")
        rig.wait(lambda: len(self.heard(names)) == count, wait)
        return len(self.heard(names))

    def heard(self, names):
        found = {r["hansho"].get("host") for r in rig.records(self.eve)}
        return [n for n in names if n in found]

    def about_itself(self):
        return {r["hansho"]["subject"]: r["hansho"]["reason"] for r in rig.records(self.eve) if r["hansho"]["kind"] == "sensor"}


def said(live, words):
    return [line for line in live.sensor.said if words in line]


def journal_disk():
    disk, eve = Disk(512), os.path.join(rig.folder(0o777), "eve.json")
    live = Live(os.path.join(disk.path, "state"), eve)
    rig.check("journal's disk: it watches", live.sensor.wait_for("watching", 15), live.sensor.text())
    rig.check("journal's disk: with room", live.calls() == 8, live.sensor.text())
    disk.fill()
    live.calls(wait=1)          # what fits into the last block still comes
    heard = live.calls(wait=1.5)
    rig.check("journal's disk: full, nothing comes", heard == 0, f"{heard} came")
    rig.check("journal's disk: the log says so", said(live, "No space left on device"), live.sensor.text())
    rig.check("journal's disk: capture and detection go on", len(live.sensor.children("worker")) == 1 and
              len(live.sensor.children("analyst")) == 1 and not said(live, "ended by"), live.sensor.text())
    disk.free()
    heard = live.calls()
    rig.check("journal's disk: with room again all comes", heard == 8, f"{heard} of 8: {live.sensor.text()}")
    told = rig.wait(lambda: live.about_itself().get("journal-full"), 3)
    rig.check("journal's disk: what it cost is an alert with a number", told and int(told.split()[0]) >= 8, f"{live.about_itself()}")
    status, _ = live.sensor.stop()
    rig.check("journal's disk: the end says how many", said(live, "records could not be written") and status is not None,
              live.sensor.text())


def sinks_disk():
    disk, state = Disk(256), os.path.join(rig.folder(0o777), "state")
    live = Live(state, os.path.join(disk.path, "eve.json"))
    live.sensor.wait_for("watching", 15)
    rig.check("sink's disk: with room", live.calls() == 8, live.sensor.text())
    disk.fill()
    missed = [live.calls(wait=0.5) for _ in range(3)]
    rig.check("sink's disk: full, the sink says that it waits", rig.wait(lambda: said(live, "records wait in the journal"), 3),
              f"{missed} {live.sensor.text()}")
    disk.free()
    whole = rig.wait(lambda: len({r["hansho"]["host"] for r in rig.records(live.eve)}) == 32, 5)
    rig.check("sink's disk: with room again nothing is missing", whole, f"{len(rig.records(live.eve))} lines, {live.sensor.text()}")
    live.sensor.stop()


def read_only():
    disk = Disk(256)
    disk.read_only()
    live = Live(os.path.join(disk.path, "state"), os.path.join(rig.folder(0o777), "eve.json"))
    status, took = live.sensor.stop(0, 10)
    errors = said(live, "error")
    rig.check("read-only state directory: one clear line", status == 1 and len(errors) == 1 and "Read-only file system" in errors[0]
              and disk.path in errors[0] and took < 10, f"status {status}: {live.sensor.text()}")


def journal_gives_way():
    """A sink that is down for longer than the journal can hold: counted, and told by the others."""
    state = os.path.join(rig.folder(0o777), "state")
    live = Live(state, os.path.join(rig.folder(0o777), "eve.json"), "  - type: webhook\n    name: down\n"
                "    url: http://127.0.0.1:9/\n    records: [alert, dns]\njournal: {segment_mib: 1, max_mib: 2}\n",
                "[alert, dns]")
    live.sensor.wait_for("watching", 15)
    questions = [frame for _, frame in rig.frames_of(os.path.join(rig.PCAPS, "emotet-like.pcap")) if frame[23:24] == b"\x11"]
    capture = rig.write_pcap(os.path.join(live.dir, "dns.pcap"), [(n, frame) for n in range(300) for frame in questions])
    net.send(capture, "--pps", "20000")
    told = rig.wait(lambda: live.about_itself().get("journal-lost"), 8)
    rig.check("journal at its limit: what gave way is an alert with a number", told and int(told.split()[0]) > 0,
              f"{live.about_itself()} {live.sensor.text()}")
    rig.check("journal at its limit: the log names the segment", said(live, "removed at the limit of"), live.sensor.text())
    live.sensor.stop(seconds=20)


def changed_byte():
    """Between two runs one byte of the journal changes: one record is missing, one line says which and where."""
    state, old = os.path.join(rig.folder(0o777), "state"), os.path.join(rig.folder(0o777), "eve.json")
    live = Live(state, old)
    live.sensor.wait_for("watching", 15)
    live.calls()
    live.sensor.stop()
    before = rig.lines(old)
    segment, = glob.glob(os.path.join(state, "journal", "*.j1"))
    with open(segment, "r+b") as f:
        at = os.path.getsize(segment) // 2
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 1]))
    again = os.path.join(rig.folder(0o777), "again.json")
    with open(live.config, encoding="utf-8") as f:
        text = f.read().replace(old, again).replace("- type: eve\n", "- type: eve\n    name: again\n")
    rig.write(live.config, text)
    live.begin()
    rig.wait(lambda: len(rig.lines(again)) >= len(before) - 1, 8)
    time.sleep(0.3)
    missing = set(before) - set(rig.lines(again))
    rig.check("changed byte: all but one record is delivered", len(missing) == 1 and len(before) > 8, f"{len(missing)} of {len(before)}")
    lines = said(live, "are damaged: reader again")
    rig.check("changed byte: one line says so", len(lines) == 1 and "1 record is lost" in lines[0], live.sensor.text())
    live.sensor.stop()


def main():
    global net
    why = own_mounts() or rig.no_network()
    if why:
        rig.skip("full disks and changed bytes", why)
        return
    net = rig.Network()
    rig.run_cases([journal_disk, sinks_disk, read_only, journal_gives_way, changed_byte])


main()
