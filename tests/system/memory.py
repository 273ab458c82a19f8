#!/usr/bin/env python3
"""What the analyst learned is known after a restart: who wrote before, over two replays with one state directory
and over two live runs; a damaged file is set aside with one line."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

BEFORE = """
start 2026-04-03T08:00:00Z
host mx 10.50.0.25
host partner 203.0.113.90
at 0 partner mail 10.50.0.25 from=carol@partner.example to=anna@office.example subject=Order
"""
AFTER = """
start 2026-05-03T08:00:00Z
host mx 10.50.0.25
host partner 203.0.113.90
host other 203.0.113.91
at 0 partner mail 10.50.0.25 from=carol@partner.example to=anna@office.example subject="Fwd: order" holds=zip filename=a.zip
at 60 other mail 10.50.0.25 from=dora@other.example to=anna@office.example subject="Fwd: order" holds=zip filename=a.zip
"""
HOUSE = os.path.join("memory", "house.state")
where = rig.folder()


def lures(capture, state, *more):
    """Who wrote the lures that rang; the log; the exit status."""
    words = ["--state", state] if state else []
    p = rig.replay([capture], "--quiet", *more, "--eve", "-", "--records", "alert", *words)
    alerts = [json.loads(line)["hansho"] for line in p.stdout.splitlines()]
    return [a["subject"] for a in alerts if a["state"] == "open"], p.stderr, p.returncode


def damage(path):
    with open(path, "r+b") as f:
        f.seek(100)
        f.write(b"\xff\xff")


def replays():
    before, after = rig.recipe(os.path.join(where, "before"), BEFORE), rig.recipe(os.path.join(where, "after"), AFTER)
    for n, more in enumerate((["--workers", "1"], ["--workers", "2"], ["--in-process"])):
        state = os.path.join(where, f"state-{n}")
        lures(before, state, *more)
        found = lures(after, state, *more)
        rig.check(f"memory: a month later a stranger is one, {' '.join(more)}", found == (["dora@other.example"], "", 0), found)
    found = lures(after, None)
    rig.check("memory: without one nobody is a stranger", found == ([], "", 0), found)
    damage(os.path.join(state, HOUSE))
    found, log, code = lures(after, state)
    rig.check("memory: a damaged file is set aside, in one line",
              (found, code) == ([], 0) and log.count("house.state.damaged") == 1 and log.count("\n") == 1 and
              os.path.exists(os.path.join(state, HOUSE + ".damaged")), (found, log, code))
    found = lures(after, state)
    rig.check("memory: it begins anew", found == ([], "", 0), found)


def live():
    why = rig.no_network()
    if why:
        rig.skip("memory: live", why)
        return
    net, state = rig.Network(), os.path.join(where, "live")
    config = rig.write(os.path.join(where, "live.yaml"), f"state_directory: {state}\n")
    said = []
    for run in range(3):
        s = rig.Sensor(["watch", "-i", net.far, "-c", config, "--workers", "1"], before=net.inside)
        if not s.wait_for("watching"):
            rig.fail("memory: live", s.text())
            return
        if run == 0:
            net.send(os.path.join(where, "before"), "--topspeed")
            rig.wait(lambda: False, 1)
        status, _ = s.stop()
        said.append((status, s.text().count("house.state.damaged")))
        if run == 1:
            damage(os.path.join(state, HOUSE))
    rig.check("memory: live, written at the end and read at the start", said == [(0, 0), (0, 0), (0, 1)], said)


def calls(path, count):
    """A bot that asks its server every second."""
    each = "\n".join(f"at {i} bot get http://203.0.113.77:8080/a" for i in range(count))
    return rig.recipe(path, f"""
start 2026-04-03T08:00:00Z
host bot 10.50.0.31
{each}
""")


def killed():
    """All of a live sensor is ended at once: the calls before that count with those behind it."""
    why = rig.no_network()
    if why:
        rig.skip("memory: killed", why)
        return
    net, state, out = rig.Network(), os.path.join(where, "killed"), os.path.join(where, "killed.json")
    config = rig.write(os.path.join(where, "killed.yaml"), f"""state_directory: {state}
save_sec: 1
beacon: {{ min_contacts: 12 }}
sinks:
  - {{ type: eve, path: {out} }}
""")
    half = calls(os.path.join(where, "half"), 9)
    for run in range(2):
        s = rig.Sensor(["watch", "-i", net.far, "-c", config, "--workers", "1"], before=net.inside)
        if not s.wait_for("watching"):
            rig.fail("memory: killed", s.text())
            return
        net.send(half)
        rig.wait(lambda: False, 3)
        if run == 0:
            rig.check("memory: nine calls are too few to ring", beacons(out) == [], beacons(out))
            for pid in [s.process.pid, *s.children()]:
                os.kill(pid, 9)
            s.process.wait()
        else:
            s.stop()
    found = beacons(out)
    rig.check("memory: after a kill of all processes the calls before it count", found and max(found) == 18, found)


def many(path, first, count):
    """A bot that asks so many listed servers."""
    each = "\n".join(f"at {i} bot get http://203.0.113.{first + i}:8080/a" for i in range(count))
    return rig.recipe(path, f"start 2026-04-03T08:00:00Z\nhost bot 10.50.0.31\n{each}\n")


def hour(name, save_sec):
    """All of a live sensor is ended at once: its hour's alerts count on, by what was saved or by the journal."""
    net, state, out = rig.Network(), os.path.join(where, name), os.path.join(where, name + ".json")
    feed = rig.write(os.path.join(where, "many.txt"), "".join(f"203.0.113.{n}\n" for n in range(1, 100)))
    config = rig.write(os.path.join(where, name + ".yaml"), f"""state_directory: {state}
save_sec: {save_sec}
alerts: {{ host_hourly: 4 }}
cases: {{ hosts: 0 }}
feeds: [{{ path: {feed}, name: many }}]
sinks:
  - {{ type: eve, path: {out}, records: [alert, held] }}
""")
    for run in range(2):
        s = rig.Sensor(["watch", "-i", net.far, "-c", config, "--workers", "1"], before=net.inside)
        if not s.wait_for("watching"):
            rig.fail("memory: hour", s.text())
            return
        net.send(many(os.path.join(where, "many"), 1 + 10 * run, 6), "--topspeed")
        rig.wait(lambda: len(opened(out)) >= 6 + 6 * run, 8)
        if run == 0:
            rig.wait(lambda: False, 2.5 if save_sec == 1 else 0.3)
            for pid in [s.process.pid, *s.children()]:
                os.kill(pid, 9)
            s.process.wait()
        else:
            s.stop()
    told = [r for r in opened(out) if "held_by" not in r["hansho"]]
    rig.check(f"memory: {name}: the hour's limit holds over a kill", len(opened(out)) == 12 and len(told) == 4,
              f"{len(told)} of {len(opened(out))} were told: {s.text()}")
    further = [r["hansho"]["summary"]["further"] for r in map(json.loads, rig.once(out)) if "summary" in r["hansho"]]
    rig.check(f"memory: {name}: and its summary counts on", further and max(further) == 8, further)


def hours():
    why = rig.no_network()
    if why:
        rig.skip("memory: hour", why)
        return
    hour("saved", 1)
    hour("journal", 3600)


def opened(path):
    if not os.path.exists(path):
        return []
    return [r for r in map(json.loads, rig.once(path)) if r["hansho"]["kind"] == "indicator" and r["hansho"]["state"] == "open"]


def beacons(path):
    if not os.path.exists(path):
        return []
    return [r["hansho"]["beacon"]["count"] for r in map(json.loads, rig.once(path)) if r["hansho"]["kind"] == "beacon"]


rig.run_cases([replays, live, killed, hours])
