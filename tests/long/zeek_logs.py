#!/usr/bin/env python3
"""Cases in the contacts of Zeek logs, a day each for the most part, without any feed: none in those of harmless machines; of
infected ones what rings (--table prints it).

The logs are $HANSHO_CORPUS/zeek-logs, whose machines are whose MANIFEST.tsv says; tests/zeek_traffic.py makes captures of them.
"""
import ipaddress
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import corpus_runs as c
import rig
import zeek_traffic

CASES = ["cases in logs of harmless machines", "cases in logs of infected machines"]
AT_LEAST = 1                # infected machines with a case; measured, see docs/behaviours.md


def alerts(name, row, folder):
    path = os.path.join(folder, f"{name}.pcap")
    used, other = zeek_traffic.capture_of(os.path.join(c.FOLDER, "zeek-logs", name), path)
    run = c.Run(c.HANSHO, ["--in-process", *zeek_traffic.home(row)], [path], limit=120)
    if run.complaint():
        c.fail(name, run.complaint())
    print(f"  {name}: {used} connections, {other} rows of other protocols left out, {os.path.getsize(path)} bytes", flush=True)
    os.unlink(path)
    return [a["hansho"] for a in map(json.loads, run.out.splitlines()) if a.get("event_type") == "alert"]


def what(h):
    return h["behaviour"]["name"] if h["kind"] == "behaviour" else h["kind"]


def row_of_table(name, host, found):
    rang = sorted({what(h) for h in found if h["state"] == "open" and h["kind"] != "case"})
    case = [h for h in found if h["kind"] == "case"][-1:]
    stages = ", ".join(s["name"] for s in case[0]["case"]["stages"]) if case else "-"
    return f"| {name} | {host} | {', '.join(rang) or '-'} | {stages} |"


def main():
    if c.skip_without_folder(CASES):
        return
    folder, bad, infected, harmless, cases = rig.folder(), [], 0, 0, 0
    for name, row in zeek_traffic.sets(c.FOLDER):
        if row["categories"] == "c":
            continue
        found = alerts(name, row, folder)
        mine = {str(a) for a in zeek_traffic.addresses(row["victim"])}
        by_host = {}
        for h in (h for h in found if "host" in h):
            by_host.setdefault(str(ipaddress.ip_address(h["host"])), []).append(h)
        has_case = {host for host, said in by_host.items() if any(h["kind"] == "case" for h in said)}
        if "a" in row["categories"]:
            infected += len(mine)
            cases += len(mine & has_case)
            bad += [f"{name}: {host}" for host in has_case - mine]
        elif "infection" not in row["family_or_tool"]:
            harmless += 1
            bad += [f"{name}: {host}" for host in has_case]
        if "--table" in sys.argv:
            for host in sorted(mine | set(by_host)):
                print(row_of_table(name, host, by_host.get(host, [])))
    if bad:
        c.fail(CASES[0], "; ".join(bad))
    else:
        c.ok(f"{CASES[0]}: none in {harmless}, none of other machines in the rest")
    text = f"{CASES[1]}: {cases} of {infected}"
    if cases < AT_LEAST:
        c.fail(text, f"expected {AT_LEAST} at least")
    else:
        c.ok(text)
    c.finish()


main()
