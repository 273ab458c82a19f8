#!/usr/bin/env python3
"""Cases in real captures, without any feed: none in harmless ones (ben-*), and which infected machines (c2-*, bcn-*) get one.

Who is infected stands in $HANSHO_CORPUS/MANIFEST.tsv. Where a lab has its C2 server in private networks, only the
infected machine is at home. With --table the numbers for docs/cases.md are printed. The share found may grow, not fall.

$HANSHO_OFFICE_DAY is a generated day of an office, DAY.pcap, and DAY.labels.tsv beside it (columns `kind`, `src`; kind c2: an
infected machine): nobody else may have a case.
"""
import csv, glob, ipaddress, json, os, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import corpus_runs as c

CASES = ["cases in harmless captures", "cases of infected machines", "cases in an office day"]
AT_LEAST = 6                # infected machines with a case; measured, see docs/cases.md


def rows():
    with open(os.path.join(c.FOLDER, "MANIFEST.tsv"), encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            name = os.path.basename(row["file"])
            if row["file"].startswith("pcaps/") and name.startswith(("ben-", "c2-", "bcn-")):
                yield name, row


def is_private(endpoints):
    found = False
    for one in endpoints.replace(" ", ",").split(","):
        try:
            found = found or ipaddress.ip_address(one.rsplit(":", 1)[0]).is_private
        except ValueError:
            pass
    return found


def victims(row):
    """Addresses; a range or a word names none."""
    out = []
    for one in row["victim"].replace(" ", ",").split(","):
        try:
            out.append(str(ipaddress.ip_address(one)))
        except ValueError:
            pass
    return out


def alerts(name, home):
    options = [o for h in home for o in ("--home", h)]
    run = c.Run(c.HANSHO, ["--in-process", *options], [os.path.join(c.FOLDER, "pcaps", name)], limit=120)
    if run.complaint():
        c.fail(name, run.complaint())
    return [a for a in map(json.loads, run.out.splitlines()) if a.get("event_type") == "alert"]


def of_host(records, host):
    """Latest state of its case or None; what rang."""
    case, rang = None, []
    for a in records:
        h = a.get("hansho", {})
        if "host" not in h or ipaddress.ip_address(h["host"]) != ipaddress.ip_address(host):
            continue
        if h["kind"] == "case":
            case = h
        elif h["state"] == "open":
            rang.append(h["behaviour"]["name"] if h["kind"] == "behaviour" else h["kind"])
    return case, rang


def harmless(names):
    bad = []
    for name in names:
        for a in alerts(name, []):
            if a.get("hansho", {}).get("kind") == "case":
                bad.append(f"{name}: {a['hansho']['host']}: {a['hansho']['reason']}")
    if bad:
        c.fail(CASES[0], "; ".join(sorted(set(bad))))
    else:
        c.ok(f"{CASES[0]}: none in {len(names)}")


def infected(manifest, table):
    found = total = 0
    for name, row in manifest:
        home = [h + ("/128" if ":" in h else "/32") for h in victims(row)] if is_private(row["c2_endpoints"]) else []
        records = alerts(name, home)
        for host in victims(row):
            case, rang = of_host(records, host)
            total += 1
            found += case is not None
            if table:
                stages = ", ".join(s["name"] for s in case["case"]["stages"]) if case else "-"
                print(f"| {name} | {host} | {stages} | {case['severity'] if case else '-'} | {', '.join(sorted(set(rang))) or '-'} |")
    text = f"{CASES[1]}: {found} of {total}"
    if found < AT_LEAST:
        c.fail(text, f"expected {AT_LEAST} at least")
    else:
        c.ok(text)


def office_day(path):
    with open(path.removesuffix(".pcap") + ".labels.tsv", encoding="utf-8", newline="") as f:
        infected_ones = {str(ipaddress.ip_address(row["src"])) for row in csv.DictReader(f, delimiter="\t") if row["kind"] == "c2"}
    run = c.Run(c.HANSHO, ["--in-process"], [path], limit=600)
    told = [json.loads(line)["hansho"] for line in run.out.splitlines() if b'"event_type":"alert"' in line]
    found = {str(ipaddress.ip_address(h["host"])) for h in told if h["kind"] == "case"}
    if run.complaint() or found - infected_ones:
        c.fail(CASES[2], run.complaint() or f"of harmless machines: {sorted(found - infected_ones)}")
    else:
        c.ok(f"{CASES[2]}: {len(found)} of {len(infected_ones)} infected machines, none of harmless ones")


def main():
    if "HANSHO_OFFICE_DAY" in os.environ:
        office_day(os.environ["HANSHO_OFFICE_DAY"])
    else:
        print(f"skip {CASES[2]}: HANSHO_OFFICE_DAY is not set")
    if c.skip_without_folder(CASES[:2]):
        return
    manifest = sorted(rows())
    harmless([name for name, _ in manifest if name.startswith("ben-")])
    infected([m for m in manifest if not m[0].startswith("ben-")], "--table" in sys.argv)
    c.finish()


main()
