#!/usr/bin/env python3
"""What is not to be told: live, with a rule that comes, changes and goes at a reload; and in a replay, with its counts."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

START = "start 2026-01-01T00:00:00Z\n"
RULE = "suppress:\n  - {host: 10.1.1.0/24, indicator: 198.51.100.23, reason: our laboratory, until: never}\n"


def replayed():
    d = rig.folder()
    eve = os.path.join(d, "eve.json")
    config = rig.write(os.path.join(d, "c.yaml"), "suppress:\n  - {service: cdn-metrics.example, reason: ticket 7, until: never}\n"
                       "  - {rule: beacon, reason: long ago, until: 2020-01-01}\n")
    done = rig.replay([os.path.join(rig.PCAPS, "emotet-like.pcap")], "-c", config, "--eve", eve, *rig.options())
    told = [r for r in rig.records(eve) if "cdn-metrics" in r["hansho"]["subject"]]
    others = [r for r in rig.records(eve) if r["hansho"]["kind"] == "indicator"]
    rig.check("replay: a suppressed service opens nothing, others do", done.returncode == 0 and not told and others, done.stderr)
    rig.check("replay: the end says how often, and why", "suppress: rule 1 (ticket 7) held back" in done.stderr, done.stderr)


def limited():
    """The same replay with limits: what is held back is all there, and one alert counts it."""
    d = rig.folder()
    eve = os.path.join(d, "eve.json")
    config = rig.write(os.path.join(d, "c.yaml"), "alerts: {host_hourly: 2}\ncases: {members: ring}\n")
    rig.replay([os.path.join(rig.PCAPS, "office-like.pcap"), os.path.join(rig.PCAPS, "emotet-like.pcap")], "-c", config, "--eve", eve,
               *rig.options())
    free = os.path.join(d, "free.json")
    rig.replay([os.path.join(rig.PCAPS, "office-like.pcap"), os.path.join(rig.PCAPS, "emotet-like.pcap")], "--eve", free, *rig.options())
    found = {r["hansho"]["id"] for r in rig.records(eve) if r["hansho"]["kind"] != "summary"}
    held = {r["hansho"]["id"] for r in rig.records(eve) if "held_by" in r["hansho"]}
    last = {r["hansho"]["id"]: r["hansho"]["summary"]["further"] for r in rig.records(eve) if r["hansho"]["kind"] == "summary"}
    rig.check("limits: no incident is missing from the file", found == {r["hansho"]["id"] for r in rig.records(free)},
              f"{len(found)} of {len(rig.records(free))}")
    rig.check("limits: the summaries count what is held back", held and sum(last.values()) == len(held), f"{last}, {len(held)} held")


class Live:
    def __init__(self):
        self.dir = rig.folder(0o777)
        self.eve = os.path.join(self.dir, "eve.json")
        feed = rig.write(os.path.join(self.dir, "bad.txt"), "198.51.100.23\n")
        self.base = (f"state_directory: {self.dir}/state\nfeeds:\n  - path: {feed}\nsinks:\n  - type: eve\n    path: {self.eve}\n")
        self.config = rig.write(os.path.join(self.dir, "c.yaml"), self.base)
        self.sensor = rig.Sensor(["watch", "-i", net.far, "-c", self.config], before=net.inside)
        self.port = 8080

    def heard(self):
        """One host within the rule's network calls, and one outside: whose alerts come?"""
        self.port += 1
        names = [f"10.1.1.{self.port - 8080}", f"10.1.2.{self.port - 8080}"]
        text = START + "".join(f"host h{n} {a}\nat {n * 0.001} h{n} post http://198.51.100.23:{self.port}/x body=10 size=10 rtt=0.001\n"
                               for n, a in enumerate(names))
        net.send(rig.recipe(os.path.join(self.dir, "calls.pcap"), text), "--topspeed")
        there = lambda name: any(r["hansho"].get("host") == name for r in rig.records(self.eve))
        rig.wait(lambda: there(names[1]), 3)
        return [there(name) for name in names]

    def reload(self, rules):
        count = sum("are in force" in line for line in self.sensor.said)
        rig.write(self.config, self.base + rules)
        self.sensor.send(signal.SIGHUP)
        return rig.wait(lambda: sum("are in force" in line for line in self.sensor.said) > count, 10)


def live():
    watch = Live()
    watch.sensor.wait_for("watching", 15)
    rig.check("live: without a rule both are heard", watch.heard() == [True, True], watch.sensor.text())
    watch.reload(RULE)
    rig.check("live: a rule that came with a reload holds its host back", watch.heard() == [False, True], watch.sensor.text())
    watch.reload("suppress:\n  - {host: 10.1.1.0/24, reason: no day}\n")
    said = [line for line in watch.sensor.said if "suppress[].until: expected its last day" in line]
    rig.check("live: a wrong rule is one clear line, the old ones stay", len(said) == 1 and watch.heard() == [False, True],
              watch.sensor.text())
    watch.reload("")
    rig.check("live: a rule that went holds nothing back", watch.heard() == [True, True], watch.sensor.text())
    watch.sensor.stop()


def main():
    global net
    cases = [replayed, limited]
    why = rig.no_network()
    if why:
        rig.skip("suppress at a reload", why)
    else:
        net = rig.Network()
        cases.append(live)
    rig.run_cases(cases)


main()
