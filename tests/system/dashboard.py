#!/usr/bin/env python3
"""The Grafana dashboard and the documents name metrics that there are; each panel asks something that can be parsed."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

NAME = re.compile(r"\bhansho_[a-z0-9_]+")


def read(*path):
    with open(os.path.join(rig.TOP, *path), encoding="utf-8") as f:
        return f.read()


def known():
    return set(re.findall(r'^\{ "(hansho_[a-z0-9_]+)"', read("sensor", "engine", "metric_table.c"), re.M))


def dashboard():
    board = json.loads(read("etc", "grafana-hansho.json"))
    asked = [(p["title"], t["expr"]) for p in board["panels"] for t in p["targets"]]
    rig.check("dashboard: panels ask", len(asked) > 20 and all(NAME.search(e) for _, e in asked), asked)
    wrong = [(title, name) for title, e in asked for name in NAME.findall(e) if name not in known()]
    rig.check("dashboard: every metric is there", not wrong, wrong)
    named = {n for v in board["templating"]["list"] for n in NAME.findall(json.dumps(v))}
    rig.check("dashboard: its variables, too", named <= known(), named - known())
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]]
    rig.check("dashboard: no panel hides another", len(places) == len(set(places)), places)
    ids = [p["id"] for p in board["panels"]]
    rig.check("dashboard: numbers of its panels", len(ids) == len(set(ids)), ids)
    parsed(asked)


def parsed(asked):
    """As rules, with Grafana's variables filled in."""
    if shutil.which("promtool") is None:
        rig.skip("dashboard: promtool parses the questions", "promtool is not installed (Debian package prometheus)")
        return
    rules = "groups:\n- name: all\n  rules:\n" + "".join(
        f"  - record: a:b{n}\n    expr: {json.dumps(e.replace('$__rate_interval', '5m').replace('$instance', '.*'))}\n"
        for n, (_, e) in enumerate(asked))
    path = rig.write(os.path.join(rig.folder(), "rules.yaml"), rules)
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)
    rig.check("dashboard: promtool parses the questions", done.returncode == 0, done.stdout + done.stderr)


def documents():
    for name in ("operations.md", "architecture.md"):
        wrong = set(NAME.findall(read("docs", name))) - known()
        rig.check(f"{name}: every metric is there", not wrong, wrong)


rig.run_cases([dashboard, documents])
