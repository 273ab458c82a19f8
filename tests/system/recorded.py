#!/usr/bin/env python3
"""What real programs did, as they told it themselves (pcaps/recorded.json), against what hansho saw of it."""
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build", "hansho"))
RCODES = {"NOERROR": "0", "NXDOMAIN": "3"}
TYPES = {"A": "1", "AAAA": "28", "TXT": "16"}
failed = False


def tell(name, found, wanted):
    global failed
    if found == wanted:
        print(f"ok recorded {name}", flush=True)
        return
    failed = True
    extra, missing = [x for x in found if x not in wanted], [x for x in wanted if x not in found]
    print(f"FAIL recorded {name}: extra {extra}, missing {missing}"[:600], flush=True)


def records(name, kinds):
    p = subprocess.run([HANSHO, "replay", "--quiet", "--eve", "-", "--records", kinds,
                        os.path.join(TOP, "pcaps", f"recorded-{name}.pcap")], stdout=subprocess.PIPE, timeout=60, check=True)
    return [json.loads(line) for line in p.stdout.splitlines()]


def answers(found):
    return sorted([str(r["http"]["status"]), f"http://{r['http']['hostname']}{r['http']['url']}", r["http"]["http_method"]]
                  for r in found if r["event_type"] == "http" and r["direction"] == "to_client")


def names(found):
    """One name a connection: a hello that was asked for again is not another one."""
    flows = {}
    for r in found:
        if r["event_type"] == "tls" and r["direction"] == "to_server" and "sni" in r["tls"]:
            flows[r["flow_id"]] = r["tls"]["sni"]
    return list(flows.values())


def lookups(found):
    return [[d["rrname"], TYPES[d["rrtype"]], str(d["id"]), RCODES[d["rcode"]], r["proto"].lower()]
            for r in found if r["event_type"] == "dns" and r["direction"] == "to_client" for d in (r["dns"],)]


def main():
    with open(os.path.join(TOP, "pcaps", "recorded.json"), encoding="utf-8") as f:
        truth = json.load(f)
    for name, wanted in truth.items():
        found = records(name, "http,tls,dns")
        tls = [r["tls"] for r in found if r["event_type"] == "tls"]
        if "http" in wanted:
            tell(f"{name}: requests and answers", answers(found), sorted(wanted["http"]))
        if "sni" in wanted:
            tell(f"{name}: server names", names(found), wanted["sni"])
            tell(f"{name}: certificates", sorted({t["fingerprint"].replace(":", "") for t in tls if "fingerprint" in t}),
                 sorted(wanted["certificates"]))
            tell(f"{name}: JA3", sorted({t["ja3"]["hash"] for t in tls if "ja3" in t}), wanted["ja3"])
        if "dns" in wanted:
            tell(f"{name}: lookups", lookups(found), wanted["dns"])
    return 1 if failed else 0


sys.exit(main())
