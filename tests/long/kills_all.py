#!/usr/bin/env python3
"""A live sensor that is killed again and again, one process or all at once, at random moments under traffic, and started
again: what its journal had accepted is at every sink in the end, nothing hangs, and what it knew it knows again."""
import http.server
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import kills
import rig

ROUNDS = int(os.environ.get("ROUNDS", "100"))
ROLES = ("worker", "analyst", "courier", "keeper", "porter", "supervisor", "all", "all", "all", "all")
CAPTURES = ("emotet-like.pcap", "behaviours.pcap", "beacons.pcap")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass                    # the sensor was killed while it sent


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body)["hansho"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def receiver():
    server = Server(("127.0.0.1", 0), Handler)
    server.got = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def key(own):
    return f"{own['id']}-{own['revision']}"


class Rounds:
    def __init__(self, net):
        self.net, self.folder, self.receiver = net, rig.folder(0o777), receiver()
        self.eve = os.path.join(self.folder, "eve.json")
        self.config = rig.write(os.path.join(self.folder, "c.yaml"), f"""state_directory: {self.folder}/state
workers: 2
save_sec: 1
drain_sec: 2
metrics: {{ listen: "" }}
alerts: {{ update_sec: 1, update_most_sec: 1, close_sec: 86400, host_hourly: 0, rule_hourly: 0 }}
feeds: [{", ".join(f"{{path: {f}}}" for f in rig.DEMO_FEEDS)}]
sinks:
- {{ type: eve, path: {self.eve}, records: [alert, member, held] }}
- {{ type: webhook, url: "http://127.0.0.1:{self.receiver.server_port}/", records: [alert, member, held], timeout_ms: 3000 }}
""")
        self.accepted, self.killed, self.slowest = {}, dict.fromkeys(ROLES, 0), 0.0

    def begin(self):
        began = time.monotonic()
        while True:
            s = rig.Sensor(["watch", "-i", self.net.far, "-c", self.config])
            rig.wait(lambda: s.process.poll() is not None or any("watching" in line for line in s.said), 60)
            if s.process.poll() is None and "watching" in s.text():
                break
            # A child that was being born when the others were killed goes by itself, within a second.
            if "another" not in s.text() or time.monotonic() - began > 60:
                raise OSError("did not begin within a minute: " + s.text() + " " + self.who_is_left())
            time.sleep(0.2)
        self.slowest = max(self.slowest, time.monotonic() - began)
        return s

    def who_is_left(self):
        """Processes of a sensor with our configuration."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as f:
                    if self.config in f.read():
                        found.append((pid, rig.stat_of(pid)))
            except OSError:
                pass
        return f"left: {found}"

    def take_journal(self):
        """What every sink is owed: id and revision of each alert that can be read in it."""
        for line in kills.journal_lines(os.path.join(self.folder, "state", "journal")):
            record = json.loads(line)
            if record["event_type"] == "alert":
                self.accepted[key(record["hansho"])] = record["hansho"]

    @staticmethod
    def end_all(s):
        pids = [s.pid, *s.children()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        s.process.wait(30)
        return rig.wait(lambda: not any((rig.stat_of(p) or ("", 0, "Z"))[2] != "Z" for p in pids), 30)

    def kill_one(self, s, role):
        """Of a child: is there another one soon?"""
        if role == "supervisor":
            pids = s.children()
            os.kill(s.pid, signal.SIGKILL)
            s.process.wait(30)
            return rig.wait(lambda: not any((rig.stat_of(p) or ("", 0, "Z"))[2] != "Z" for p in pids), 60)
        if not rig.wait(lambda: s.children(role), 60):
            return False
        old = s.children(role)
        os.kill(random.choice(old), signal.SIGKILL)
        return rig.wait(lambda: len(s.children(role)) == len(old) and s.children(role) != old, 60)

    def round(self, rng):
        role, s = rng.choice(ROLES), self.begin()
        sender = subprocess.Popen(["tcpreplay", "-q", "-i", self.net.near, "--mbps", str(rng.choice((5, 20, 100))),
                                   os.path.join(rig.PCAPS, rng.choice(CAPTURES))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 1.5)
        self.killed[role] += 1
        good, left = self.end_all(s) if role == "all" else self.kill_one(s, role), ""
        if not good:
            left = self.who_is_left()
        if role not in ("all", "supervisor"):
            time.sleep(rng.random())
            good = self.end_all(s) and good
        sender.wait(60)
        self.take_journal()
        return "" if good else f"{role}: {s.text()} {left}"

    def all_rounds(self):
        seed = time.time_ns() % 10**6
        rng, hung = random.Random(seed), []
        for _ in range(ROUNDS):
            why = self.round(rng)
            if why:
                hung.append(why)
        s = self.begin()
        time.sleep(3)
        status = s.stop(seconds=90)[0]
        self.take_journal()
        self.judge(hung, status, seed)

    def judge(self, hung, status, seed):
        eve = {key(r["hansho"]): r["hansho"] for r in rig.records(self.eve)}
        hook = {key(own): own for own in self.receiver.got}
        rig.check(f"kills: after {ROUNDS} of them nothing hangs, and the last one ends well", not hung and status == 0, f"{status} {hung[:2]}")
        for name, got in (("the file", eve), ("the webhook", hook)):
            missing = set(self.accepted) - set(got)
            rig.check(f"kills: {name} has every alert that the journal had accepted", len(self.accepted) > ROUNDS and not missing,
                      f"{len(missing)} of {len(self.accepted)} are missing: {sorted(missing)[:3]}")
        subjects = {}
        for own in eve.values():
            if own["kind"] != "sensor":
                subjects.setdefault((own["kind"], own.get("host"), own["subject"]), set()).add(own["id"])
        twice = {k: v for k, v in subjects.items() if len(v) > 1}
        rig.check("kills: an incident goes on under its id", len(subjects) > 5 and not twice, f"{len(subjects)}: {list(twice.items())[:3]}")
        again = len(self.receiver.got) - len(hook)
        print(f"  seed {seed}; killed {self.killed}; {len(self.accepted)} revisions of {len({o['id'] for o in eve.values()})} incidents; "
              f"{again} came to the webhook again under the same key; ready again after {self.slowest:.1f} s at most")


def main():
    why = rig.no_network()
    if why:
        rig.skip("kills", why)
        sys.exit(0)
    net = rig.Network()
    # Both ends in the receiver's network, under names of their own.
    for end, name in ((net.near, f"n{os.getpid()}"), (net.far, f"f{os.getpid()}")):
        net.call("ip", "-n", net.name, "link", "set", end, "netns", "1", "name", name)
        net.call("ip", "link", "set", name, "mtu", "9000", "up")
    net.near, net.far = f"n{os.getpid()}", f"f{os.getpid()}"
    try:
        rig.run_cases([lambda: Rounds(net).all_rounds()])
    finally:
        subprocess.run(["ip", "link", "del", net.near], capture_output=True)


main()
