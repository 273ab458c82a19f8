#!/usr/bin/env python3
"""Which beacons of the real captures in $HANSHO_CORPUS are found, and what else rings. No feed is used.

Prints a Markdown table row for each capture: alerts against a listed C2, the best score against one that did not
ring, and alerts on anything else. The home network is the default, unless the C2 stands in it or the victim outside:
then it is the victim alone, as the corpus's README asks.
"""
import csv, ipaddress, json, os, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import corpus_runs as c

PRIVATE = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


def at_home(text):
    try:
        a = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(a in n for n in PRIVATE)


def listed(cell):
    return [x.strip() for x in cell.replace(",", " ").split() if ":" in x and x[0].isdigit()]


def home_options(row):
    c2 = [e.rsplit(":", 1)[0] for e in listed(row["c2_endpoints"])]
    victims = [v for v in row["victim"].replace(",", " ").split() if v.count(".") == 3 and v.replace(".", "").isdigit()]
    if victims and (any(map(at_home, c2)) or not all(map(at_home, victims))):
        return sum((["--home", v + "/32"] for v in victims), [])
    return []


def is_c2(row, e):
    ends = listed(row["c2_endpoints"])
    peers = e.get("dest_ips") or [e.get("dest_ip")]
    if any(f"{p}:{e.get('dest_port')}" in ends for p in peers):
        return True
    return bool(e.get("service")) and e["service"] in row["c2_domains"]


def name(e):
    where = e.get("service") or (e.get("dest_ips") or [e.get("dest_ip")])[0]
    return f"{where}:{e['dest_port']} {e['interval']:.1f} s × {e['count']}, score {e['score']:.2f}"


def read(path, row):
    run = c.Run(c.HANSHO, ["--in-process", "--quiet", *home_options(row)], [path])
    found, best, other = [], None, []
    for line in run.out.splitlines():
        e = json.loads(line)
        if e["event_type"] != "beacon":
            continue
        rang = "first_alert_beat" in e
        if is_c2(row, e):
            if rang:
                found.append(f"{name(e)} (at beat {e['first_alert_beat']})")
            elif best is None or e["score"] > best["score"]:
                best = e
        elif rang:
            other.append(name(e))
    return found, best, other


def main():
    if c.skip_without_folder(["beacons of the corpus"]):
        return
    rows = {os.path.basename(r["file"]): r for r in csv.DictReader(open(os.path.join(c.FOLDER, "MANIFEST.tsv")),
                                                                   delimiter="\t") if r["file"].startswith("pcaps/")}
    for path in c.captures():
        row = rows.get(c.short(path))
        if row is None or not set(row["categories"]) & set("abd"):
            continue
        found, best, other = read(path, row)
        if "b" in row["categories"] or "d" in row["categories"] or found or other:
            ours = "; ".join(found) or (f"no: {name(best)}" if best else "no")
            print("|", " | ".join([c.short(path).rsplit(".", 1)[0], row["beacon"].strip('" ') or "-",
                                   "-" if "d" in row["categories"] else ours, "; ".join(other) or "-"]), "|")


main()
