#!/usr/bin/env python3
"""hansho alerts: what a sink of type store has kept of a replay, told, acknowledged, handed on."""
import csv
import io
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import rig

FOLDER = rig.folder()
STORE = os.path.join(FOLDER, "a.db")


def alerts(*words, status=0):
    done = subprocess.run([rig.HANSHO, "alerts", *words], capture_output=True, text=True, timeout=20)
    if done.returncode != status:
        raise RuntimeError(f"{words}: status {done.returncode}, not {status}: {done.stdout}{done.stderr}")
    if status != 0 and len(done.stderr.strip().splitlines()) > 1:
        raise RuntimeError(f"more than a line: {done.stderr}")
    return done.stdout if status == 0 else done.stderr


def replayed():
    config = rig.write(os.path.join(FOLDER, "c.yaml"), "sinks:\n- {type: store, path: a.db}\n- {type: eve, path: e.json, "
                       "records: [alert]}\n")
    done = rig.replay([os.path.join(rig.PCAPS, "emotet-like.pcap")], "-c", config, *rig.options())
    rig.check("alerts.replay", done.returncode == 0 and os.path.exists(STORE), done.stderr)
    latest = {}
    for record in rig.records(os.path.join(FOLDER, "e.json")):
        latest[record["hansho"]["id"]] = record
    return latest


def kept():
    """Each incident once, with its latest revision, as it is."""
    latest = replayed()
    got = [json.loads(line)["record"] for line in alerts("list", "--store", STORE, "--json", "--limit", "0").splitlines()]
    rig.check("alerts.list", {r["hansho"]["id"]: r for r in got} == latest and len(got) == len(latest) > 1, got)
    every = [json.loads(line) for line in alerts("export", "--store", STORE).splitlines()]
    exported = [record for record in every if record["event_type"] == "alert"]
    rig.check("alerts.export", sorted(exported, key=str) == sorted(latest.values(), key=str))
    census = [record["census"] for record in every if record["event_type"] == "census"]
    rig.check("alerts.census", [(c["day"], c["family"], c["servers"], c["hosts"]) for c in census if c["family"] == "emotet"] ==
              [("2026-05-20", "emotet", 3, 1)] and len(census) == len(alerts("census", "--store", STORE).splitlines()) - 1, census)
    rows = list(csv.DictReader(io.StringIO(alerts("export", "--store", STORE, "--format", "csv"))))
    rig.check("alerts.csv", {row["id"] for row in rows} == set(latest) and
              all(row["severity"] == latest[row["id"]]["hansho"]["severity"] for row in rows), rows)


def filtered():
    table = alerts("list", "--store", STORE, "--severity", "critical")
    every = json.loads(alerts("list", "--store", STORE, "--json", "--limit", "1").splitlines()[0])["record"]
    rig.check("alerts.severity", "medium" not in table and "critical" in table, table)
    rig.check("alerts.since", "nothing" not in alerts("list", "--store", STORE, "--since", "2026-05-20 08:00:00"))
    alerts("list", "--store", STORE, "--since", "1h", status=1)
    alerts("list", "--store", STORE, "--host", "203.0.113.99", status=1)
    rig.check("alerts.host", every["hansho"]["host"] in
              alerts("list", "--store", STORE, "--host", every["hansho"]["host"]))


def acknowledged():
    records = [json.loads(line)["record"] for line in alerts("list", "--store", STORE, "--json").splitlines()]
    one = records[0]["hansho"]["id"]
    alerts("ack", "--store", STORE, "--note", "ticket \x1b[2J 5", one[:12])
    shown = alerts("show", "--store", STORE, one)
    rig.check("alerts.show", "why " in shown and one in shown and "ticket \\x1b[2J 5" in shown and "\x1b" not in shown, shown)
    told = json.loads(alerts("show", "--store", STORE, "--json", one))
    rig.check("alerts.ack", told["note"] == "ticket \x1b[2J 5" and told["record"]["hansho"]["id"] == one, told)
    rig.check("alerts.acked", "acked" in alerts("list", "--store", STORE))


def refused():
    for words, status in ((["list", "--store", "/nowhere/a.db"], 1), (["show", "--store", STORE, "zz"], 1),
                          (["show", "--store", STORE, ""], 1), (["ack", "--store", STORE, "ffffffffffffffff0"], 1),
                          (["show", "--store", STORE], 2), (["burn"], 2), ([], 2), (["list", "--severity", "grave"], 2),
                          (["list", "--since", "soon"], 2), (["list", "--host", "ten"], 2), (["list", "x"], 2),
                          (["export", "--store", STORE, "--format", "xml"], 2), (["list", "--limit", "-1"], 2)):
        said = alerts(*words, status=status)
        if not said.startswith("hansho: alerts: "):
            raise RuntimeError(f"{words}: {said}")
    rig.ok("alerts.refused")


rig.run_cases([kept, filtered, acknowledged, refused])
