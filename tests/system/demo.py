#!/usr/bin/env python3
"""make demo's script shows what rings, the case and its story, quickly, and says where to go on."""
import os
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build", "hansho"))
RINGS = [
    ("url", r"high +10\.20\.0\.15 +blog\.bakery\.example:80 +Malware download feed url"),
    ("case", r"high +10\.20\.0\.15 +- +Case: takes an attacker's"),
    ("notice", r"medium +198\.51\.100\.77 .*Infected host feed ip Mirai"),
]
# What the case tells of does not ring by itself, and is counted.
SEEN = ["address and port", "URL of a", "name in the TLS", "JA3", "certificate", "NOTICE-style", "beacon", "case"]
STORY = [
    ("whose it is", r"PC-15, at 10\.20\.0\.15; the name is seen at a login"),
    ("delivery", r"08:02:15 +delivery\n +It fetched something from"),
    ("command and control", r"08:03:02 - 08:5\d:\d\d +command and control\n +It called"),
    ("theft", r"08:18:20 - 08:18:30 +theft\n +It sent"),
    ("spreading", r"08:27:00 - 08:\d\d:\d\d +spreading\n +It reached for"),
    ("mass mail", r"08:41:05 - 08:4\d:\d\d +mass mail\n +It began to send"),
    ("destruction", r"08:50:05 - 08:50:\d\d +destruction\n +It does to the files"),
    ("what to do next", r"What to do next: Emotet\n +1\. Take the machine off"),
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
    for name, pattern in RINGS:
        tell(f"demo rings for the {name}", "" if re.search(pattern, p.stdout) else "no such line")
    rows = re.findall(r"^\d\d:\d\d:\d\d  .*", p.stdout, re.M)
    quiet = [row for row in rows if not any(re.search(pattern, row) for _, pattern in RINGS) and " Case: " not in row]
    tell("demo rings for nothing else", "; ".join(quiet))
    for name in SEEN:
        tell(f"demo counts: {name}", "" if re.search(rf"^ +[1-9]\d*  .*{name}", p.stdout, re.M) else "no such line")
    for name, pattern in STORY:
        tell(f"demo tells {name}", "" if re.search(pattern, p.stdout) else "no such lines")
    tell("demo keeps to the width", "" if max(map(len, p.stdout.splitlines())) <= 110 else "lines above 110 columns")
    tell("demo has no escape codes off a terminal", "" if "\033" not in p.stdout else "found some")
    missing = [w for w in re.findall(r"(?:docs|pcaps|feeds)/[\w./-]+\w", p.stdout) if not os.path.exists(os.path.join(TOP, w))]
    missing = [w for w in missing if not w.endswith("feeds/demo/")]
    tell("demo names files that exist", "" if not missing else " ".join(missing))
    return 1 if failed else 0


sys.exit(main())
