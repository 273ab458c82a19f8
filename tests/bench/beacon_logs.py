#!/usr/bin/env python3
"""Which beacons in the contacts of Zeek logs ($HANSHO_CORPUS/zeek-logs) are found, and what else rings. No feed is used.

tests/zeek_traffic.py makes a capture of each set of logs. Prints a Markdown table row for each: beacons that ring on a
listed C2 server, the best score of one that does not, and rings on anything else. Home is as zeek_traffic.home() has it.
"""
import ipaddress
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import corpus_runs as c
import rig
import zeek_traffic


def is_c2(row, e):
    if e.get("service") and e["service"] in row["c2_domains"]:
        return True
    if "PROXY" in row["c2_endpoints"]:
        return False
    there = zeek_traffic.addresses(row["c2_endpoints"])
    return any(ipaddress.ip_address(p) in there for p in e.get("dest_ips") or [e["dest_ip"]])


def name(e):
    where = e.get("service") or (e.get("dest_ips") or [e["dest_ip"]])[0]
    known = f", {e['known']}" if "known" in e else ""
    return f"{e['src_ip']} → {where}:{e['dest_port']} {e['interval']:.1f} s × {e['count']}, {e['score']:.2f}{known}"


def read(folder, row, path):
    zeek_traffic.capture_of(folder, path)
    run = c.Run(c.HANSHO, ["--in-process", "--quiet", *zeek_traffic.home(row)], [path], limit=300)
    os.unlink(path)
    if run.complaint():
        raise RuntimeError(run.complaint())
    told = [json.loads(line) for line in run.out.splitlines()]
    told = [e for e in told if e["event_type"] == "beacon"]
    rang = [e for e in told if "first_alert_beat" in e]
    best = sorted((e for e in told if e not in rang and is_c2(row, e)), key=lambda e: -e["score"])[:1]
    low = sorted((e for e in told if e not in rang and not is_c2(row, e)), key=lambda e: -e["score"])[:3]
    return [e for e in rang if is_c2(row, e)], best, [e for e in rang if not is_c2(row, e)], low


def main():
    if c.skip_without_folder(["beacons of the logs"]):
        return
    folder = rig.folder()
    for set_name, row in zeek_traffic.sets(c.FOLDER):
        if sys.argv[1:] and set_name not in sys.argv[1:]:
            continue
        try:
            found, best, other, low = read(os.path.join(c.FOLDER, "zeek-logs", set_name), row, os.path.join(folder, "one.pcap"))
        except Exception as e:
            print(f"| {set_name} | {type(e).__name__}: {e} |", flush=True)
            continue
        ours = "; ".join(f"{name(e)} (at beat {e['first_alert_beat']})" for e in found) or "; ".join("no: " + name(e) for e in best) or "-"
        print("|", " | ".join([set_name, ours, "; ".join(map(name, other)) or "-", "; ".join(map(name, low)) or "-"]), "|", flush=True)


main()
