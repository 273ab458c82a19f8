#!/usr/bin/env python3
"""hansho selftest goes through the whole running chain, says which stage did not see it, and disturbs nothing."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

STAGES = ("captured", "flow", "contact", "message", "matched", "journal")


def begin(extra="", workers=1):
    folder = rig.folder(0o777)
    config = rig.write(os.path.join(folder, "hansho.yaml"), f"sensor_name: test\nstate_directory: {folder}/state\ndrain_sec: 0\n"
                       f"workers: {workers}\nmetrics:\n  listen: \"\"\nrecords: [alert, beacon, http, flow, dns]\n"
                       f"sinks:\n  - type: eve\n    name: eve\n    path: {folder}/eve.json\n    records: [alert, beacon, http, flow, dns]\n{extra}")
    sensor = rig.Sensor(["watch", "-i", net.far, "-c", config], before=net.inside)
    if not sensor.wait_for("watching", 15):
        raise OSError("did not begin: " + sensor.text())
    rig.wait(lambda: subprocess.run([rig.HANSHO, "status", "-c", config], capture_output=True).returncode == 0, 5)
    return sensor, folder, config


def selftest(config, *words, **given):
    return subprocess.run([*net.inside, rig.HANSHO, "selftest", "-c", config, *words], capture_output=True, text=True,
                          timeout=30, **given)


def stages(done):
    """{name: milliseconds or None}"""
    found = {}
    for line in done.stdout.splitlines():
        words = line.split()
        found[words[0]] = None if words[1] == "NOT" else float(words[1])
    return found


def everywhere():
    for workers in (1, 2):
        sensor, folder, config = begin(workers=workers)
        eve = os.path.join(folder, "eve.json")
        for n in range(2):
            done = selftest(config)
            got = stages(done)
            rig.check(f"selftest: everywhere, {workers} workers, run {n + 1}", done.returncode == 0 and
                      list(got) == [*STAGES, "eve"] and all(0 <= ms < 5000 for ms in got.values()), done.stdout + done.stderr)
        told = [(r["hansho"]["kind"], r["hansho"]["subject"], r["hansho"]["severity"]) for r in rig.records(eve)]
        rig.check("selftest: one alert for each, which opens and closes", told == [("sensor", "self-test", "low")] * 4, told)
        time.sleep(0.3)
        sensor.stop()
        others = [line for line in rig.lines(eve) if "self-test" not in line]
        rig.check("selftest: nothing else is recorded", not others, others[:2])
        rig.check("selftest: no history of it", "hansho-selftest" not in history(folder), history(folder))


def history(folder):
    path = os.path.join(folder, "state", "history", "history.db")
    with open(path, "rb") as f:
        return f.read().decode("latin-1")


def what_fails():
    """Each failure is seen at its own stage."""
    sensor, folder, config = begin("capture:\n  filter: not host 192.0.2.254\n")
    done = selftest(config, "--timeout", "2")
    rig.check("selftest: a filter that leaves it out", done.returncode == 1 and stages(done)["captured"] is None
              and "capture.filter" in done.stderr, done.stdout + done.stderr)
    sensor.stop()
    sensor, folder, config = begin("  - type: webhook\n    name: hook\n    url: http://127.0.0.1:1/\n")
    done = selftest(config, "--timeout", "3")
    got = stages(done)
    rig.check("selftest: a sink that fails", done.returncode == 1 and got["hook"] is None and got["eve"] is not None
              and got["journal"] is not None, done.stdout + done.stderr)
    worker = sensor.children("worker")[0]
    os.kill(worker, signal.SIGSTOP)
    done = selftest(config, "--timeout", "2")
    rig.check("selftest: a worker that stands still", done.returncode == 1 and stages(done)["captured"] is None, done.stdout)
    os.kill(worker, signal.SIGCONT)
    sensor.stop()
    done = selftest(config)
    rig.check("selftest: no sensor", done.returncode == 1 and "no sensor runs" in done.stderr and done.stderr.count("\n") == 1, done.stderr)


def wrong_use():
    sensor, folder, config = begin()
    for words in (["--timeout", "0"], ["--timeout", "x"], ["more"], ["--nothing"]):
        done = selftest(config, *words)
        rig.check(f"selftest: {' '.join(words)}", done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr)
    os.chmod(os.path.join(folder, "state", "status.sock"), 0o666)
    os.chmod(os.path.join(folder, "state"), 0o755)
    done = subprocess.run([*net.inside, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", rig.HANSHO, "selftest",
                           "-c", config], capture_output=True, text=True, timeout=10)
    rig.check("selftest: without the right to send", done.returncode == 1 and "CAP_NET_RAW" in done.stderr, done.stderr)
    sensor.stop()


def only_live():
    """In a replay its name and addresses are like all others."""
    folder = rig.folder()
    calls = rig.recipe(os.path.join(folder, "calls.pcap"), "start 2026-01-01T00:00:00Z\nhost pc 192.0.2.254\n"
                       "at 0 pc get http://198.51.100.254/ size=10\n")
    feed = rig.write(os.path.join(folder, "c2.txt"), "198.51.100.254\n")
    done = rig.replay([calls], "--feed", feed, "--eve", "-", "--home", "192.0.2.0/24")
    rig.check("selftest: a replay knows nothing of it", '"kind":"indicator"' in done.stdout, done.stdout + done.stderr)


reason = rig.no_network()
if reason is not None:
    rig.skip("selftest", reason)
    sys.exit(0)
net = rig.Network()
rig.run_cases([everywhere, what_fails, wrong_use, only_live])
