#!/usr/bin/env python3
"""kill -9 of the sensor's processes, in replays and live: nothing is lost that need not be, nobody is left behind."""
import glob
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import kills
import rig

START = "start 2026-01-01T00:00:00Z\n"


def rounds():
    kills.Killing(30).rounds(12, time.time_ns() % 10**6)


def alive(pids):
    return [p for p in pids if (rig.stat_of(p) or ("", 0, "Z"))[2] != "Z"]


def supervisor():
    """Its courier alone goes on, delivers what the journal holds, tidies up and ends."""
    d = rig.folder()
    capture = rig.repeated(os.path.join(d, "long.pcap"), os.path.join(rig.PCAPS, "emotet-like.pcap"), 200)
    eve = os.path.join(d, "eve.json")
    s = rig.Sensor(["replay", "--quiet", *kills.RECORDS, *rig.options(), "--eve", eve, capture],
                   env={**os.environ, "TMPDIR": d}, stdout=subprocess.DEVNULL)
    rig.wait(lambda: s.children("courier") and os.path.exists(eve) and os.path.getsize(eve) > 0, 10)
    family = s.children()
    courier = s.children("courier")
    # Stopped for a moment, it is behind the journal; the journal is looked at as it was at the death.
    os.kill(courier[0], signal.SIGSTOP)
    time.sleep(0.15)
    os.kill(s.pid, signal.SIGKILL)
    s.process.wait()
    rig.wait(lambda: alive(family) == courier, 2)
    others = alive(family)
    accepted = kills.journal_lines(glob.glob(os.path.join(d, "hansho-*"))[0])
    os.kill(courier[0], signal.SIGCONT)
    gone = rig.wait(lambda: not alive(family), 10)
    rig.check("supervisor killed: the others end at once", others == courier, f"{others}, the courier is {courier}")
    rig.check("supervisor killed: the courier ends when it has delivered", gone, "it did not")
    delivered = rig.lines(eve)
    rig.check("supervisor killed: all that the journal accepted is delivered", accepted and not set(accepted) - set(delivered),
              f"{len(set(accepted) - set(delivered))} of {len(accepted)} are missing")
    rig.check("supervisor killed: the journal's directory is gone", not glob.glob(os.path.join(d, "hansho-*")), "it is not")


def fatal_packet():
    """A frame that ends its worker twice is skipped and named. Here signals from outside play the frame's part:
    the stopped analyst lets the ring fill up, so that a new worker always waits at the same frame."""
    d = rig.folder()
    capture = rig.repeated(os.path.join(d, "long.pcap"), os.path.join(rig.PCAPS, "emotet-like.pcap"), 60)
    config = rig.write(os.path.join(d, "c.yaml"), "limits:\n  ring_mib: 1\n")
    eve = os.path.join(d, "eve.json")
    s = rig.Sensor(["replay", "-c", config, "--quiet", *kills.RECORDS, "--eve", eve, capture],
                   stdout=subprocess.DEVNULL)
    analyst = rig.wait(lambda: s.children("analyst"), 5)
    os.kill(analyst[0], signal.SIGSTOP)
    for n in range(1, 4):
        worker = rig.wait(lambda: s.children("worker"), 5)
        rig.wait(lambda: waits(worker[0]), 5)
        os.kill(worker[0], signal.SIGSEGV)
        s.wait_for("it begins again", 5)
        rig.wait(lambda: sum("it begins again" in line for line in s.said) == n, 5)
    rig.wait(lambda: any("is skipped" in line for line in s.said), 5)
    os.kill(analyst[0], signal.SIGCONT)
    status = s.stop(0, 30)[0]
    named = [line for line in s.said if "frame " in line and "is skipped" in line]
    rig.check("a frame that ends a worker twice is skipped and named", status == 1 and len(named) == 1, f"status {status}: {s.said}")
    rig.check("and the rest is still told", len(rig.records(eve, "flow")) > 60 * 60, f"{len(rig.records(eve, 'flow'))} flows")


def waits(pid):
    """It sleeps, and its clock stands still: the ring is full."""
    first = ticks(pid)
    time.sleep(0.15)
    return first is not None and first == ticks(pid)


def ticks(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[11:13]
    except OSError:
        return None


# ---- live ----

class Live:
    def __init__(self, net, workers, more=""):
        self.net, self.dir = net, rig.folder(0o777)
        self.eve = os.path.join(self.dir, "eve.json")
        feed = rig.write(os.path.join(self.dir, "bad.txt"), "198.51.100.23\n")
        config = rig.write(os.path.join(self.dir, "c.yaml"), f"state_directory: {self.dir}/state\nfeeds:\n  - path: {feed}\n"
                           f"sinks:\n  - type: eve\n    path: {self.eve}\n{more}")
        self.workers, self.config = workers, config
        self.hosts = 0
        self.begin()

    def begin(self):
        config, workers, net = self.config, self.workers, self.net
        self.sensor = rig.Sensor(["watch", "-i", net.far, "-c", config, "--workers", str(workers)], before=net.inside)
        if not self.sensor.wait_for("watching", 15):
            raise OSError("did not begin: " + self.sensor.text())

    def calls(self, count=8, port=8080):
        """Hosts that never called before call; those whose alerts came."""
        names = [f"10.1.{self.hosts // 200}.{self.hosts % 200 + n + 1}" for n in range(count)]
        self.hosts += 200
        text = START + "".join(f"host h{n} {a}\nat {n * 0.001} h{n} post http://198.51.100.23:{port}/x body=10 size=10 rtt=0.001\n"
                               for n, a in enumerate(names))
        self.net.send(rig.recipe(os.path.join(self.dir, "calls.pcap"), text), "--topspeed")
        rig.wait(lambda: self.heard(names) == names, 3)
        return len(self.heard(names)), count

    def incidents(self):
        """(revision, state) by id, each line once, in the order of the file."""
        found = {}
        for r in rig.records(self.eve):
            h = r["hansho"]
            if h["kind"] == "indicator" and (h["revision"], h["state"]) not in found.setdefault(h["id"], []):
                found[h["id"]].append((h["revision"], h["state"]))
        return found

    def heard(self, names):
        found = {r["hansho"].get("host") for r in rig.records(self.eve)}
        return [n for n in names if n in found]

    def about_itself(self):
        return [r["hansho"]["reason"] for r in rig.records(self.eve) if r["hansho"]["kind"] == "sensor"]


def live_kills():
    live = Live(net, 2)
    heard, sent = live.calls()
    rig.check("live: before the kills", heard == sent, f"{heard} of {sent}: {live.sensor.text()}")
    for role, words in (("worker", "worker"), ("analyst", "analyst"), ("courier", None), ("worker", "worker")):
        before = live.sensor.children(role)
        told = len(live.about_itself())
        os.kill(before[0], signal.SIGKILL)
        began = time.monotonic()
        back = rig.wait(lambda: len(live.sensor.children(role)) == len(before) and live.sensor.children(role) != before, 5)
        took = time.monotonic() - began
        rig.check(f"live: a killed {role} is back within 2 s", back and took < 2, f"{took:.1f} s: {live.sensor.text()}")
        time.sleep(1)    # there is a process; it reads frames when its sandbox stands, some tenths of a second later
        heard, sent = live.calls()
        rig.check(f"live: with a new {role} every host is heard", heard == sent, f"{heard} of {sent}: {live.sensor.text()}")
        if words:
            new = rig.wait(lambda: live.about_itself()[told:], 3)
            rig.check(f"live: the gap of the {role} is an alert", new and words in new[0], f"{new}")
    status, took = live.sensor.stop()
    rig.check("live: ends cleanly after all that", status == 0 and took < 5, f"status {status}, {took:.1f} s")
    rig.check("live: nobody is left", not live.sensor.children(), "somebody is")


def whole_life(revisions):
    """From 1 without a gap; opens once, closes at the end and never before."""
    states = [state for _, state in revisions]
    return [n for n, _ in revisions] == list(range(1, len(revisions) + 1)) and states[0] == "open" and \
        states[-1] == "close" and "open" not in states[1:] and "close" not in states[:-1]


def live_incidents():
    """An incident outlives its analyst, and its sensor: no id begins twice, each goes on or is closed."""
    live = Live(net, 2, "alerts:\n  update_sec: 1\n  close_sec: 6\n")
    live.calls()
    first = live.incidents()
    analyst = live.sensor.children("analyst")
    os.kill(analyst[0], signal.SIGKILL)
    rig.wait(lambda: live.sensor.children("analyst") not in ([], analyst), 5)
    resumed = live.sensor.wait_for("open in the journal go on", 5)
    rig.check("live: a new analyst says what goes on", resumed, live.sensor.text())
    time.sleep(1)
    live.hosts = 0              # the same hosts call again
    live.calls(port=8081)
    rig.wait(lambda: all(len(r) > 1 for r in live.incidents().values()), 3)
    later = live.incidents()
    rig.check("live: what is found again goes on under its id", set(later) == set(first) and len(first) == 8 and
              all(r[1:] and r[1] == (2, "update") for r in later.values()), f"{first} then {later}")
    for pid in [live.sensor.pid, *live.sensor.children()]:
        os.kill(pid, signal.SIGKILL)
    live.sensor.process.wait()
    live.begin()
    rig.wait(lambda: all(r[-1][1] == "close" for r in live.incidents().values()), 12)
    ended = live.incidents()
    rig.check("live: all killed: what was open is closed by its next revision", set(ended) == set(first) and
              all(whole_life(r) for r in ended.values()), f"{ended}")
    live.sensor.stop()


def live_hang():
    """One that is stopped stands for one that hangs: it is ended, replaced and told, and the other was not meant."""
    live = Live(net, 2)
    live.calls()
    first, second = live.sensor.children("worker")
    os.kill(first, signal.SIGSTOP)
    gone = rig.wait(lambda: first not in live.sensor.children("worker") and len(live.sensor.children("worker")) == 2, 30)
    rig.check("live: a worker that hangs is replaced", gone and second in live.sensor.children("worker"), live.sensor.text())
    heard, sent = live.calls()
    rig.check("live: behind a hang every host is heard", heard == sent, f"{heard} of {sent}: {live.sensor.text()}")
    rig.check("live: a hang is an alert", rig.wait(live.about_itself, 3), live.sensor.text())
    live.sensor.stop()


def live_supervisor():
    live = Live(net, 2)
    live.calls()
    family = live.sensor.children()
    before = len(rig.lines(live.eve))
    os.kill(live.sensor.pid, signal.SIGKILL)
    live.sensor.process.wait()
    rig.check("live: supervisor killed: nobody is left", rig.wait(lambda: not alive(family), 5), alive(family))
    accepted = kills.journal_lines(os.path.join(live.dir, "state", "journal"))
    missing = set(accepted) - set(rig.lines(live.eve))
    rig.check("live: supervisor killed: all accepted is delivered", accepted and before and not missing, f"{len(missing)} missing")


def live_interface():
    """The interface goes down and up; then it goes away and comes back."""
    live = Live(net, 2)
    live.calls()
    net.call("ip", "-n", net.name, "link", "set", net.far, "down")
    time.sleep(1)
    net.call("ip", "-n", net.name, "link", "set", net.far, "up")
    time.sleep(0.5)
    rig.wait(lambda: len(live.sensor.children("worker")) == 2, 5)
    time.sleep(1.5)
    heard, sent = live.calls()
    rig.check("live: an interface that was down is watched again", heard == sent, f"{heard} of {sent}: {live.sensor.text()}")
    net.call("ip", "-n", net.name, "link", "del", net.far)
    told = rig.wait(lambda: any("cannot be replaced" in t for t in live.about_itself()), 5)
    rig.check("live: an interface that went away is an alert", told, f"{live.about_itself()}: {live.sensor.text()}")
    net.add_pair()
    back = rig.wait(lambda: len(live.sensor.children("worker")) == 2, 10)
    time.sleep(0.3)
    heard, sent = live.calls()
    rig.check("live: an interface that came back is watched again", back and heard == sent, f"{heard} of {sent}: {live.sensor.text()}")
    status, took = live.sensor.stop()
    rig.check("live: and it ends cleanly", status == 0 and took < 5, f"status {status}, {took:.1f} s")


def main():
    global net
    cases = [rounds, supervisor, fatal_packet]
    why = rig.no_network()
    if why:
        rig.skip("kills of the live sensor", why)
    else:
        net = rig.Network()
        cases += [live_kills, live_incidents, live_supervisor, live_interface]
        cases += [live_hang] if os.environ.get("HANSHO_LONG") else []       # it takes twenty seconds
    rig.run_cases(cases)


main()
