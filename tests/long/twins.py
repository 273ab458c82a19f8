#!/usr/bin/env python3
"""Real programs at what infected machines do, and at what looks like it (tools/record-twins), recorded now: each rings
for what pcaps/recorded-twins.json says, its twin for nothing. A program that is not installed is said and left out."""
import collections
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

RECORDER = os.path.join(rig.TOP, "tools", "record-twins")
TRUTH = os.path.join(rig.PCAPS, "recorded-twins.json")


def rings(path):
    """Host to the behaviours that it rang for; any other alert stands under its kind."""
    p = rig.replay([path], "--quiet", "--eve", "-", "--records", "alert")
    found = collections.defaultdict(set)
    for line in p.stdout.splitlines():
        h = json.loads(line)["hansho"]
        if h["state"] == "open" and h["kind"] != "case":
            found[h["host"]].add(h.get("behaviour", {}).get("name", h["kind"]))
    return {host: sorted(names) for host, names in found.items()} if p.returncode == 0 else p.stderr


def twins():
    why = rig.no_network()
    if why:
        rig.skip("twins recorded now", why)
        return
    where = rig.folder()
    with open(TRUTH, encoding="utf-8") as f:
        truth = json.load(f)
    for name, expected in truth.items():
        short = name.removeprefix("recorded-")
        p = subprocess.run([RECORDER, "--into", where, short], capture_output=True, text=True, timeout=180)
        if p.returncode != 0:
            rig.fail(f"twins: {short}, recorded now", p.stdout + p.stderr)
        elif p.stdout.startswith("skip"):
            rig.skip(f"twins: {short}, recorded now", p.stdout.strip())
        else:
            for end, wanted in (("", expected), ("-twin", {})):
                found = rings(os.path.join(where, f"{name}{end}.pcap"))
                rig.check(f"twins: {short}{end}, recorded now", found == wanted, found)


rig.run_cases([twins])
