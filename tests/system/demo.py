#!/usr/bin/env python3
"""make demo's script shows the seven kinds of alerts, quickly, and says where to go on."""
import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build", "hansho"))
KINDS = [
    ("address", r"high +10\.20\.0\.15 +198\.51\.100\.23:8080 +C2 feed ip:port Emotet"),
    ("url", r"high +10\.20\.0\.15 +blog\.bakery\.example:80 +Malware download feed url"),
    ("domain", r"high +10\.20\.0\.15 +panel\.cdn-metrics\.example:443 +C2 feed domain"),
    ("ja3", r"medium +10\.20\.0\.15 +panel\.cdn-metrics\.example:443 +C2 feed ja3 Dridex"),
    ("certificate", r"high +10\.20\.0\.15 +panel\.cdn-metrics\.example:443 +C2 feed cert-sha1 Dridex"),
    ("notice", r"medium +198\.51\.100\.77 .*Infected host feed ip Mirai"),
    ("beacon", r"medium +10\.20\.0\.15 +panel\.cdn-metrics\.example:443 +Beacon"),
]
failed = False


def tell(name, why=""):
    global failed
    failed = failed or bool(why)
    print(f"FAIL {name}: {why}" if why else f"ok {name}", flush=True)


def main():
    began = time.monotonic()
    p = subprocess.run([os.path.join(TOP, "tools", "demo"), HANSHO], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, timeout=60, cwd="/")
    took = time.monotonic() - began
    tell("demo ends well", "" if p.returncode == 0 else f"status {p.returncode}: {p.stderr[-400:]}")
    tell("demo is quick", "" if took < 5 else f"{took:.1f} s")
    for name, pattern in KINDS:
        tell(f"demo rings for the {name}", "" if re.search(pattern, p.stdout) else "no such line")
    rows = len(re.findall(r"^\d\d:\d\d:\d\d  ", p.stdout, re.M))
    tell("demo rings eleven times", "" if rows == 11 else f"{rows} alerts")
    tell("demo keeps to the width", "" if max(map(len, p.stdout.splitlines())) <= 110 else "lines above 110 columns")
    tell("demo has no escape codes off a terminal", "" if "\033" not in p.stdout else "found some")
    missing = [w for w in re.findall(r"(?:docs|pcaps|feeds)/[\w./-]+\w", p.stdout) if not os.path.exists(os.path.join(TOP, w))]
    missing = [w for w in missing if not w.endswith("feeds/demo/")]
    tell("demo names files that exist", "" if not missing else " ".join(missing))
    return 1 if failed else 0


sys.exit(main())
