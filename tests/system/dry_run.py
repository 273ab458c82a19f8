#!/usr/bin/env python3
"""hansho watch --dry-run: its numbers are there, positive, and fit each other; it needs no interface and leaves nothing."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig


def run(*words):
    d = rig.folder()
    config = rig.write(os.path.join(d, "c"), f"state_directory: {d}/state\n")
    os.mkdir(os.path.join(d, "tmp"))
    done = subprocess.run([rig.HANSHO, "watch", "--dry-run", "-c", config, *words], stdin=subprocess.DEVNULL, timeout=30,
                          capture_output=True, text=True, env={**os.environ, "TMPDIR": os.path.join(d, "tmp")})
    left = [name for name in ("state", *os.listdir(os.path.join(d, "tmp"))) if name != "state" or os.path.exists(f"{d}/state")]
    return done, left


def near(a, b):
    return abs(a - b) <= 0.001 * max(a, b)


def numbers():
    done, left = run("--json", "--workers", "64", "--feed", rig.DEMO_FEEDS[0])
    rig.check("dry run: ends well and leaves nothing", done.returncode == 0 and not left and done.stderr == "", done.stderr + str(left))
    d = json.loads(done.stdout)
    w, a, c = d["worker"], d["analyst"], d["configured"]
    every = [d["packets"], d["bytes"], d["observations"], d["processors"], *w.values(), *a.values(),
             *(v for v in c.values() if not isinstance(v, str))]
    rig.check("dry run: numbers are positive", all(n > 0 for n in every) and d["generated"] is True, done.stdout)
    size = d["bytes"] * 8 / d["packets"] / 1e6
    each = d["observations"] / d["packets"]
    rig.check("dry run: packets, bits and observations fit", near(w["mbit_per_second"], w["packets_per_second"] * size) and
              near(c["mbit_per_second"], c["packets_per_second"] * size) and
              near(w["observations_per_second"], w["packets_per_second"] * each), done.stdout)
    rig.check("dry run: where the analyst is the limit",
              near(a["limit_at_workers"], a["observations_per_second"] / w["observations_per_second"]), done.stdout)
    rig.check("dry run: 64 workers take no more than 64 times one, than the analyst and the processors do",
              c["workers"] == 64 and c["packets_per_second"] * 0.999 <= w["packets_per_second"] * min(
                  64, a["limit_at_workers"], d["processors"]) and c["limit"] in ("workers", "analyst", "processors"), done.stdout)


def words():
    done, _ = run()
    rig.check("dry run: says that it is generated traffic and no promise", done.returncode == 0 and
              "generated traffic" in done.stdout and "no promise" in done.stdout, done.stdout + done.stderr)
    rig.check("dry run: tells of one worker, the analyst and what is configured", re.search(
        r"one worker +\d+ packets/s, \d+ Mbit/s.*\nanalyst +takes \d+ observations/s: the limit with [\d.]+ workers\n"
        r"configured +1 worker, ", done.stdout) is not None, done.stdout)
    done = subprocess.run([rig.HANSHO, "watch", "-i", "lo", "--json"], capture_output=True, text=True, timeout=10)
    rig.check("dry run: --json without it is refused", done.returncode == 2 and "--dry-run" in done.stderr, done.stderr)


rig.run_cases([numbers, words])
