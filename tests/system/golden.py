#!/usr/bin/env python3
"""
Replays that must say what they always said: see tests/golden/LIST.

    tests/system/golden.py                    compare all, one case a line
    tests/system/golden.py --update NAME...   write what hansho says now as what is expected

Then the captures against their recipes, and the demo's capture and its twin
against what their recipes mean.
"""
import collections
import glob
import itertools
import json
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(TOP, "tests", "golden")
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build", "hansho"))
CHECKED = os.environ.get("HANSHO_ASAN", HANSHO)     # with sanitizers, where it was built so
MODES = {"1 worker": (HANSHO, ["--workers", "1"]), "2 workers": (HANSHO, ["--workers", "2"]),
         "in process": (CHECKED, ["--in-process"])}
SENSOR_NAME = re.compile(r'^(\{"timestamp":"[^"]*",(?:"flow_id":\d+,)?"event_type":"\w+",)"host":"(?:[^"\\]|\\.)*",')
INDICATORS = {
    ("10.20.0.15", "ip:port", "198.51.100.23:8080"), ("10.20.0.15", "ip:port", "192.0.2.80:80"),
    ("10.20.0.15", "ip:port", "198.51.100.91:7080"), ("10.20.0.15", "domain", "cdn-metrics.example"),
    ("10.20.0.15", "url", "blog.bakery.example/wp-content/Invoice_0520.doc"),
    ("10.20.0.15", "ja3", "089c1d237aa9690430995b65bd64825e"),
    ("10.20.0.15", "cert-sha1", "52e333e283238008530612f66293e7b76489ed8a"),
    ("198.51.100.77", "ip", "198.51.100.77"),
}
failed = False


def tell(name, why=""):
    global failed
    failed = failed or bool(why)
    print(f"FAIL {name}: {why}" if why else f"ok {name}", flush=True)


def entries():
    with open(os.path.join(GOLDEN, "LIST"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, capture, expected, *options = line.split()
                yield name, os.path.join("pcaps", capture), os.path.join(GOLDEN, expected), options


def replay(capture, options, program=HANSHO):
    """Lines of EVE without the sensor's name, which is the machine's; what went wrong."""
    command = [program, "replay", "--quiet", "--eve", "-", *options, capture]
    p = subprocess.run(command, cwd=TOP, env={**os.environ, "TZ": "UTC"}, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=60, check=False)
    lines = [SENSOR_NAME.sub(r"\1", line) for line in p.stdout.decode().splitlines(keepends=True)]
    said = p.stderr.decode().strip()
    return lines, f"status {p.returncode}: {said}" if p.returncode != 0 or said else ""


def difference(expected, found):
    """Where the first line differs, with a little before it; a missing line is an empty one."""
    for number, (was, now) in enumerate(itertools.zip_longest(expected, found, fillvalue=""), 1):
        if was != now:
            at = max(0, len(os.path.commonprefix([was, now])) - 40)
            return (f"line {number} of {len(expected)} expected, {len(found)} found: "
                    f"...{was[at:at + 120].strip()} became ...{now[at:at + 120].strip()}")
    return ""


def compare(name, capture, expected, options):
    if not os.path.exists(expected):
        tell(f"golden {name}", f"no {os.path.relpath(expected, TOP)}: make golden-update NAME={name}")
        return
    with open(expected, encoding="utf-8") as f:
        wanted = f.readlines()
    for mode, (program, more) in MODES.items():
        found, wrong = replay(capture, options + more, program)
        tell(f"golden {name}, {mode}", wrong or difference(wanted, found))


def update(names):
    known = list(entries())
    for name in names:
        found = [e for e in known if e[0] == name]
        if not found:
            sys.exit(f"golden: {name}: not in tests/golden/LIST")
        _, capture, expected, options = found[0]
        lines, wrong = replay(capture, options)
        if wrong:
            sys.exit(f"golden: {name}: {wrong}")
        with open(expected, "w", encoding="utf-8") as f:
            f.writelines(lines)
        print(f"{os.path.relpath(expected, TOP)}: {len(lines)} lines")


# ---- what the recipes mean, apart from what was once written down ----

def opened(capture, options=()):
    """The alerts that open with the feeds of the demo; what went wrong."""
    feeds = [w for f in sorted(glob.glob("feeds/demo/*.[ct]*", root_dir=TOP)) for w in ("--feed", f)]
    lines, wrong = replay(capture, [*feeds, *options])
    alerts = [json.loads(line)["hansho"] for line in lines if '"event_type":"alert"' in line]
    return [a for a in alerts if a["state"] == "open"], wrong


def check_twins():
    alerts, wrong = opened("pcaps/emotet-like.pcap")
    found = collections.Counter((a["host"], a["indicator"]["type"], a["indicator"]["value"])
                                for a in alerts if a["kind"] == "indicator")
    beacons = [(a["host"], a["subject"]) for a in alerts if a["kind"] == "beacon"]
    tell("emotet-like: its indicators, each once", wrong or ("" if found == collections.Counter(INDICATORS) else str(found)))
    tell("emotet-like: one beacon", wrong or ("" if beacons == [("10.20.0.15", "panel.cdn-metrics.example")] else str(beacons)))
    alerts, wrong = opened("pcaps/office-like.pcap")
    tell("office-like: nothing rings", wrong or ("" if not alerts else str([a["subject"] for a in alerts])))


def check_beacons():
    alerts, wrong = opened("pcaps/beacons.pcap")
    found = sorted((a["host"], a["subject"]) for a in alerts if a["kind"] == "beacon")
    wanted = [("10.30.0.1", "clock.example"), ("10.30.0.2", "poll.example"), ("10.30.0.3", "*:4443"),
              ("10.30.0.5", "192.0.2.50:5555")]
    tell("beacons: the clocks, not the human", wrong or ("" if found == wanted else str(found)))


BEHAVIOURS = {"10.50.0.11": {"false-type-download"}, "10.50.0.12": {"raw-address-check-in"},
              "10.50.0.13": {"false-type-download", "dropper-chain"}, "10.50.0.14": {"odd-tls"},
              "10.50.0.15": {"spam-module"}, "10.50.0.16": {"spreading"}, "10.50.0.17": {"own-protocol"},
              "10.50.0.18": {"back-connect-proxy"},
              "10.50.0.25": {"inbound-lure", "impersonated", "stepping-stone"}}


BEHAVIOURS_NET = {"behaviours-net": {"10.51.0.11": {"theft"}, "10.51.0.13": {"attack-participation"},
                                     "10.51.0.14": {"attack-participation"}}, "recorded-files": {"10.40.0.5": {"destruction"}}}


def check_behaviours(name, expected, options=()):
    alerts, wrong = opened(f"pcaps/{name}.pcap", options)
    found = collections.defaultdict(set)
    for a in alerts:
        if a["kind"] == "behaviour":
            found[a["host"]].add(a["behaviour"]["name"])
    tell(f"{name}: each host's own", wrong or ("" if found == expected else str(dict(found))))
    alerts, wrong = opened(f"pcaps/{name}-twin.pcap", options)
    tell(f"{name}-twin: nothing rings", wrong or ("" if not alerts else str([a["subject"] for a in alerts])))


def check_fingerprints():
    """What the recipe's hellos and certificates must look like, by the arithmetic of make-capture alone."""
    p = subprocess.run([os.path.join(TOP, "tools/make-capture"), "--show", os.path.join(TOP, "pcaps/recipes/emotet-like")],
                       stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    wanted = {(w[2], w[3]) for w in map(str.split, p.stdout.splitlines())}
    lines, wrong = replay("pcaps/emotet-like.pcap", ["--records", "tls"])
    found = set()
    for record in (json.loads(line)["tls"] for line in lines):
        if "ja3" in record:
            found.add(("ja3", record["ja3"]["hash"]))
        if "fingerprint" in record:
            found.add(("sha1", record["fingerprint"].replace(":", "")))
    tell("emotet-like: fingerprints as the recipe fixes them", wrong or ("" if found == wanted else str(found ^ wanted)))


def check_recipes():
    recipes = [r for r in sorted(glob.glob(os.path.join(TOP, "pcaps/recipes/*"))) if not r.endswith(".pem")]
    p = subprocess.run([os.path.join(TOP, "tools/make-capture"), "--check", *recipes], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    tell("captures are what their recipes make", "" if p.returncode == 0 else p.stdout.strip().replace("\n", "; "))


def main():
    if sys.argv[1:2] == ["--update"]:
        update(sys.argv[2:])
        return 0
    for entry in entries():
        compare(*entry)
    check_twins()
    check_beacons()
    check_behaviours("behaviours", BEHAVIOURS)
    for name, expected in BEHAVIOURS_NET.items():
        check_behaviours(name, expected, ["-c", "tests/golden/behaviours-net.yaml"])
    with open(os.path.join(TOP, "pcaps/recorded-twins.json"), encoding="utf-8") as f:
        for name, expected in json.load(f).items():
            check_behaviours(name, {host: set(names) for host, names in expected.items()})
    check_fingerprints()
    check_recipes()
    return 1 if failed else 0


sys.exit(main())
