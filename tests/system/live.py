#!/usr/bin/env python3
"""hansho watch on a veth pair: alerts as in a replay of what it recorded, signals, reload, what cannot be opened."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

CAPTURE = os.path.join(rig.PCAPS, "emotet-like.pcap")
START = "start 2026-01-01T00:00:00Z\n"


class Watch:
    """A sensor in a network of its own, with a configuration."""

    def __init__(self, net, extra="", words=(), workers=1, feeds=rig.DEMO_FEEDS):
        self.net, self.dir, self.workers = net, rig.folder(0o777), workers
        self.eve = os.path.join(self.dir, "eve.json")
        self.feeds, self.extra = list(feeds), extra
        self.config = os.path.join(self.dir, "hansho.yaml")
        self.write_config()
        self.sensor = rig.Sensor(["watch", "-i", net.far, "-c", self.config, "--workers", str(workers), *words],
                                 before=net.inside)
        if not self.sensor.wait_for("watching", 15):
            raise OSError("did not begin: " + self.sensor.text())
        # `ip netns exec` becomes hansho: the process is the same.

    def write_config(self):
        feeds = "".join(f"  - path: {f}\n" for f in self.feeds)
        rig.write(self.config, f"sensor_name: test\nstate_directory: {self.dir}/state\nfeeds:\n{feeds}"
                  f"sinks:\n  - type: eve\n    path: {self.eve}\n{self.extra}")

    def settled(self, seconds=5):
        """The EVE file grows no more."""
        last, since = -1, time.monotonic()
        end = since + seconds
        while time.monotonic() < end:
            size = os.path.getsize(self.eve)
            if size != last:
                last, since = size, time.monotonic()
            elif time.monotonic() - since > 0.5:
                return
            time.sleep(0.05)

    def seen(self):
        """Frames that the sensor says it saw, after its end."""
        for line in self.sensor.said:
            if " frames seen, " in line:
                return int(line.split(" frames seen")[0].split()[-1]), int(line.split(" dropped")[0].split()[-1])
        return None, None


def differing(a, b):
    """The first lines that only one of two sorted lists has."""
    return f"{len(a)} and {len(b)} lines; only live: {sorted(set(a) - set(b))[:1]}; only replay: {sorted(set(b) - set(a))[:1]}"


def told(path, kind, workers):
    """A flow that only the end ended ends with the latest frame: live that of its own worker."""
    if kind != "flow" or workers == 1:
        return rig.once(path, kind)
    found = rig.records(path, kind)
    for r in found:
        if r["flow"]["reason"] == "shutdown":
            del r["timestamp"]
    return sorted(json.dumps(r, sort_keys=True) for r in found)


def calm(folder):
    """The demo until one host calls many at once: what two workers see in one moment may come late, and in another order."""
    frames = rig.frames_of(CAPTURE)
    return rig.write_pcap(os.path.join(folder, "calm.pcap"), [f for f in frames if f[0] - frames[0][0] < 26 * 60 * 10**9])


def equal_to_replay(workers):
    name = f"live equals replay of its recording, {workers} worker{'s' if workers > 1 else ''}"
    record = os.path.join(rig.folder(0o777), "seen.pcap")
    # Many revisions and closings within the run; beacons too.
    extra = "alerts:\n  update_sec: 1\n  close_sec: 2\nbeacon:\n  burst_ms: 0\n  min_contacts: 6\nrecords: [alert, beacon, http, tls, dns, flow]\n"
    w = Watch(net, extra, ["--record", record], workers)
    sent = net.send(calm(w.dir), "--multiplier", "1100")
    # What time alone brings about comes before the last frame: a recording knows no time behind it.
    time.sleep(3.5)
    last = rig.recipe(os.path.join(w.dir, "last.pcap"), START + "host pc 10.1.1.1\nat 0 pc ntp 203.0.113.9\n")
    sent += net.send(last)
    status, took = w.sensor.stop()
    rig.check(f"{name}: ends cleanly", status == 0 and took < 5, f"status {status}, {took:.1f} s: {w.sensor.text()}")
    seen, dropped = w.seen()
    rig.check(f"{name}: every frame was seen", seen == sent and dropped == 0, f"sent {sent}, seen {seen}: {w.sensor.text()}")
    files = [record] if workers == 1 else [f"{record}.{n}" for n in range(workers)]
    again = os.path.join(w.dir, "again.json")
    rig.write(w.config, f"sensor_name: test\nfeeds:\n" + "".join(f"  - path: {f}\n" for f in w.feeds) + extra)
    done = rig.replay(files, "-c", w.config, "--eve", again, "--quiet")
    rig.check(f"{name}: replay ends well", done.returncode == 0, done.stderr)
    for kind in ("alert", "beacon", "http", "tls", "dns", "flow"):
        live, replayed = (told(path, kind, workers) for path in (w.eve, again))
        rig.check(f"{name}: {kind}", live == replayed and len(live) > 0, differing(live, replayed))
    rig.check(f"{name}: nothing twice", len(rig.lines(w.eve)) == len(set(rig.lines(w.eve))), "lines came twice")
    if workers > 1:
        shares = [len(rig.frames_of(f)) for f in files]
        rig.check(f"{name}: each had a share", all(shares), f"{shares}")


def one_worker():
    equal_to_replay(1)


def two_workers():
    equal_to_replay(2)


def delay():
    """From the frame that rings to its alert, with a thin stream of other frames all the while."""
    worst = []
    other = rig.recipe(os.path.join(rig.folder(), "thin.pcap"), START + "host pc 10.1.1.1\n"
                       "host dns 10.1.1.2\nresolver 10.1.1.2\nat 0 pc ntp 203.0.113.9 every=0.02s times=600\n")
    # Without dates: an entry that was last seen half a year ago has expired for what is on the wire today.
    feed = rig.write(os.path.join(rig.folder(), "c2.txt"), "198.51.100.23:8080\n")
    for workers in (1, 2):
        w = Watch(net, workers=workers, feeds=[feed])
        thin = subprocess.Popen([*net.inside, "tcpreplay", "-q", "-i", net.near, other], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        for n in range(3):
            one = rig.recipe(os.path.join(w.dir, f"one{n}.pcap"), START +
                             f"host pc{n} 10.1.2.{n + 1}\nat 0 pc{n} post http://198.51.100.23:8080/x body=10 size=10\n")
            net.send(one, "--topspeed")
            sent = time.monotonic()
            came = rig.wait(lambda: any(r["hansho"]["host"] == f"10.1.2.{n + 1}" for r in rig.records(w.eve)), 5)
            worst.append(time.monotonic() - sent if came else 99)
            time.sleep(0.2)
        thin.terminate()
        thin.wait()
        w.sensor.stop()
    rig.check("from the wire to the alert within a second", max(worst) <= 1, f"{worst}")
    print(f"  from the wire to the alert: {max(worst):.2f} s at most")


def stop_while_busy():
    w = Watch(net)
    busy = subprocess.Popen([*net.inside, "tcpreplay", "-q", "-i", net.near, "--loop", "0", "--pps", "400", CAPTURE],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    status, took = w.sensor.stop()
    busy.terminate()
    busy.wait()
    rig.check("stops while frames keep coming", status == 0 and took < 2, f"status {status}, {took:.1f} s: {w.sensor.text()}")
    open_ids = {r["hansho"]["id"] for r in rig.records(w.eve) if r["hansho"]["state"] == "open"}
    closed = {r["hansho"]["id"] for r in rig.records(w.eve) if r["hansho"]["state"] == "close"}
    rig.check("every alert is closed at the end", open_ids == closed and open_ids, f"{len(open_ids)} opened, {len(closed)} closed")
    rig.check("no process is left", rig.wait(lambda: not w.sensor.children(), 2), "some are")


def reload():
    """A feed entry more while traffic goes on; then a broken configuration; then a feed taken out."""
    w = Watch(net, "alerts:\n  close_sec: 600\n", feeds=[], workers=2)
    feed = rig.write(os.path.join(w.dir, "new.txt"), "# nothing yet\n192.0.2.99\n")
    calls = rig.recipe(os.path.join(w.dir, "calls.pcap"), START + "host pc-1 10.1.1.1\nhost pc-2 10.1.1.2\n"
                       "at 0 pc-1 post http://198.51.100.23:8080/x every=0.02 times=250 body=100 size=100 rtt=0.001\n"
                       "at 0.01 pc-2 get http://203.0.113.8/ every=0.02 times=250 size=2000 rtt=0.001\n")
    busy = subprocess.Popen([*net.inside, "tcpreplay", "-i", net.near, calls], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    time.sleep(0.7)
    rig.check("reload: rings for nothing before", not rig.records(w.eve), "it does")
    rig.write(feed, "198.51.100.23\n")
    w.feeds = [feed]
    w.write_config()
    w.sensor.send(signal.SIGHUP)
    rig.check("reload: is told", w.sensor.wait_for("are in force", 10), w.sensor.text())
    rig.check("reload: a new entry matches", rig.wait(lambda: rig.records(w.eve), 5), w.sensor.text())
    said = len(w.sensor.said)
    rig.write(w.config, "sensor_name: [\n")
    w.sensor.send(signal.SIGHUP)
    rig.check("reload: a broken configuration is told", w.sensor.wait_for("in force stays", 5), w.sensor.text())
    wrong = [line for line in w.sensor.said[said:] if "info" not in line]
    rig.check("reload: in one line that names the file", len(wrong) == 1 and w.config in wrong[0], wrong)
    out = busy.communicate(timeout=60)[0]
    sent = int(out.split("Successful packets:")[1].split()[0])
    w.settled()
    w.feeds = []
    w.write_config()
    w.sensor.send(signal.SIGHUP)
    time.sleep(1)
    before = len({r["hansho"]["id"] for r in rig.records(w.eve)})
    one = rig.recipe(os.path.join(w.dir, "one.pcap"), START + "host pc 10.1.2.7\n"
                     "at 0 pc post http://198.51.100.23:8080/x body=10 size=10\n")
    sent += net.send(one, "--topspeed")
    time.sleep(1)
    rig.check("reload: a feed taken out does not match", len({r["hansho"]["id"] for r in rig.records(w.eve)}) == before, "it does")
    status, _ = w.sensor.stop()
    seen, dropped = w.seen()
    rig.check("reload: no frame is lost", status == 0 and seen == sent and dropped == 0,
              f"status {status}, sent {sent}, seen {seen}: {w.sensor.text()}")


def privileges():
    """Root gives itself up; workers and analyst are in the sandbox; nobody holds what is another's business."""
    w = Watch(net, workers=2)
    roles = {"supervisor": [w.sensor.pid], **{r: w.sensor.children(r) for r in ("worker", "analyst", "courier", "porter")}}
    rig.check("privileges: all processes run", [len(p) for p in roles.values()] == [1, 2, 1, 1, 1], roles)
    raw = 1 << 13                                   # CAP_NET_RAW
    # They enter it before the first byte from outside, a moment after they were made.
    rig.wait(lambda: all(rig.status_of(p)["Seccomp"] == "2" for r in ("worker", "analyst", "porter") for p in roles[r]), 5)
    for role, pids in roles.items():
        for pid in pids:
            s = rig.status_of(pid)
            users = set(s["Uid"].split() + s["Gid"].split())
            caps = int(s["CapEff"], 16) | int(s["CapPrm"], 16) | int(s["CapInh"], 16) | int(s["CapAmb"], 16)
            good = "0" not in users and s["Groups"].strip() == "" and s["NoNewPrivs"] == "1"
            good = good and caps == (raw if role == "supervisor" else 0)
            good = good and (role in ("supervisor", "courier") or s["Seccomp"] == "2")
            rig.check(f"privileges: {role}", good, {k: s[k] for k in ("Uid", "Gid", "Groups", "NoNewPrivs", "CapEff", "CapPrm", "Seccomp")})
    for role, most in (("worker", 1), ("analyst", 0), ("courier", 0), ("porter", 0)):
        for pid in roles[role]:
            held = [target(pid, n) for n in os.listdir(f"/proc/{pid}/fd")]
            maps = open(f"/proc/{pid}/maps", encoding="utf-8").read()
            inodes = {word for line in maps.splitlines() if "socket:" in line for word in line.split() if "socket" in word}
            packet = packet_sockets() & {h[8:-1] for h in held if h.startswith("socket:[")}
            rig.check(f"privileges: {role} holds {most} packet sockets", len(packet) == most and len(inodes) == most, f"{held} {inodes}")
            files = [h for h in held if h == w.eve]
            rig.check(f"privileges: {role} and the EVE file", bool(files) == (role == "courier"), held)
    w.sensor.stop()


def target(pid, number):
    try:
        return os.readlink(f"/proc/{pid}/fd/{number}")
    except OSError:
        return ""


def packet_sockets():
    """Inodes of all packet sockets of the network."""
    out = subprocess.run([*net.inside, "cat", "/proc/net/packet"], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in out.splitlines()[1:]}


def rotate():
    w = Watch(net)
    net.send(CAPTURE, "--topspeed")
    w.settled()
    first = len(rig.lines(w.eve))
    os.rename(w.eve, w.eve + ".1")
    w.sensor.send(signal.SIGHUP)
    rig.check("rotation: the file is made anew", w.sensor.wait_for("are in force") and os.path.exists(w.eve), w.sensor.text())
    status, _ = w.sensor.stop()
    rig.check("rotation: records go on in it", status == 0 and first > 0 and len(rig.lines(w.eve)) > 0 and
              len(rig.lines(w.eve + ".1")) == first, f"{first}, {len(rig.lines(w.eve))}: {w.sensor.text()}")


def refused():
    """What cannot be opened: one line, status 1; what is wrong in the file, status 2."""
    state = rig.write(os.path.join(rig.folder(0o777), "c.yaml"), f"state_directory: {rig.folder(0o777)}/state\n")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    narrow = rig.write(os.path.join(os.path.dirname(state), "f.yaml"),
                       open(state).read() + "capture:\n  filter: \"host and and\"\n")
    cases = [
        ("an interface that does not exist", [], ["-i", "nowhere0", "-c", state], "no such interface"),
        ("no permission", nobody, ["-i", net.far, "-c", state], "no permission"),
        ("a bad filter", [], ["-i", net.far, "-c", narrow], "filter"),
        ("an EVE file in no folder", [], ["-i", net.far, "-c", state, "--eve", "/nowhere/eve.json"], "/nowhere/eve.json"),
        ("a recording in no folder", [], ["-i", net.far, "-c", state, "--record", "/nowhere/x.pcap"], "/nowhere/x.pcap"),
        ("an interface that is down", [], ["-i", "lo", "-c", state], "down"),
    ]
    for name, before, words, expected in cases:
        s = rig.Sensor(["watch", *words], before=[*net.inside, *before])
        try:
            status = s.process.wait(10)
        except subprocess.TimeoutExpired:
            status = None
            s.end()
        s.reader.join(5)
        rig.check(f"cannot be opened: {name}", status == (2 if name == "a bad filter" else 1) and len(s.said) == 1 and expected in s.said[0],
                  f"status {status}: {s.said}")


def state_in_use():
    w = Watch(net)
    s = rig.Sensor(["watch", "-i", net.far, "-c", w.config], before=net.inside)
    try:
        status = s.process.wait(10)
    except subprocess.TimeoutExpired:
        status = None
        s.end()
    s.reader.join(5)
    wrong = [line for line in s.said if "info" not in line]
    rig.check("two sensors with one state directory: the second ends with a line", status == 1 and len(wrong) == 1 and
              "a directory of its own" in wrong[0], f"status {status}: {s.said}")
    rig.check("and the first goes on", w.sensor.stop()[0] == 0, w.sensor.text())


def closed_streams():
    """Without standard input, output and error nothing else takes their numbers."""
    d = rig.folder(0o777)
    config = rig.write(os.path.join(d, "c.yaml"), f"state_directory: {d}/state\n")
    eve = os.path.join(d, "eve.json")
    p = subprocess.Popen([*net.inside, "sh", "-c", f"exec {rig.HANSHO} watch -i {net.far} -c {config} --eve {eve} "
                          f"{' '.join(rig.options())} <&- >&- 2>&-"])
    time.sleep(1.5)
    net.send(CAPTURE, "--topspeed")
    rig.check("closed streams: alerts come", rig.wait(lambda: rig.records(eve), 5), f"{rig.lines(eve)[:2]}")
    p.send_signal(signal.SIGTERM)
    # The table on standard output could not be written: that is told by the status.
    rig.check("closed streams: ends", p.wait(30) in (0, 1), p.returncode)
    rig.check("closed streams: nothing but records in the file", all(line.startswith("{") for line in rig.lines(eve)), "more")


def processors_of(pid):
    """Those it may run on."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        told = next(line.split()[1] for line in f if line.startswith("Cpus_allowed_list:"))
    ends = [[int(end) for end in run.split("-")] for run in told.split(",")]
    return {n for end in ends for n in range(end[0], end[-1] + 1)}


def pinned():
    """One worker, one processor, the rest for the others; of one processor all share it; nobody is bound unasked."""
    have = sorted(os.sched_getaffinity(0))
    last, rest = {have[-1]}, set(have[:-1]) or set(have)
    for name, words, lines, want in (("a worker on its own", (), "pin_workers: yes\n", (last, rest)),
                                     ("of one processor", ("taskset", "-c", str(have[0])), "pin_workers: yes\n", ({have[0]},) * 2),
                                     ("not asked", (), "", (set(have),) * 2)):
        net = rig.Network()
        net.inside = [*net.inside, *words]
        w = Watch(net, lines)
        w.sensor.wait_for("watching", 15)
        if name == "a worker on its own":
            os.kill(w.sensor.children("worker")[0], signal.SIGKILL)
            w.sensor.wait_for("was ended by signal 9", 10)
            time.sleep(1)
        worker, others = w.sensor.children("worker"), [*w.sensor.children("analyst"), *w.sensor.children("courier"), w.sensor.pid]
        got = [processors_of(pid) for pid in (*worker, *others)]
        rig.check(f"pinned workers: {name}", len(worker) == 1 and got == [want[0], *[want[1]] * 3], f"{got}, not {want}")
        w.sensor.stop()
        net.remove()
    checked = subprocess.run([rig.HANSHO, "check", "-c", rig.write(os.path.join(rig.folder(), "c"), "pin_workers: yes\n")],
                             capture_output=True, text=True)
    rig.check("pinned workers: check shows it", f"pinning   worker on processor {have[-1]}; the others on " in checked.stdout,
              checked.stdout + checked.stderr)


def main():
    global net
    why = rig.no_network()
    if why:
        rig.skip("live", why)
        return
    net = rig.Network()
    rig.run_cases([one_worker, two_workers, delay, stop_while_busy, reload, privileges, rotate, refused, state_in_use, closed_streams,
                   pinned])


main()
