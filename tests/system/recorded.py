#!/usr/bin/env python3
"""What real programs did, as they told it themselves (recorded.json), against what hansho saw of it: in the
recordings of pcaps/, and in new ones, for which curl, nginx, openssl and OpenSSH run now, and with
HANSHO_LONG (make test-long) also dnsmasq, swaks, Postfix, smbclient, impacket and Samba."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build", "hansho"))
RCODES = {"NOERROR": "0", "NXDOMAIN": "3"}
TYPES = {"A": "1", "AAAA": "28", "TXT": "16"}
QUICK = ["web", "tls", "ssh"]
failed = False


def tell(name, found, wanted):
    global failed
    if found == wanted:
        print(f"ok recorded {name}", flush=True)
        return
    failed = True
    extra, missing = [x for x in found if x not in wanted], [x for x in wanted if x not in found]
    print(f"FAIL recorded {name}: extra {extra}, missing {missing}"[:600], flush=True)


def records(folder, name, kinds):
    p = subprocess.run([HANSHO, "replay", "--quiet", "--eve", "-", "--records", kinds,
                        os.path.join(folder, f"recorded-{name}.pcap")], stdout=subprocess.PIPE, timeout=60, check=True)
    return [json.loads(line) for line in p.stdout.splitlines()]


def answers(found):
    return sorted([str(r["http"]["status"]), f"http://{r['http']['hostname']}{r['http']['url']}", r["http"]["http_method"]]
                  for r in found if r["event_type"] == "http" and r["direction"] == "to_client")


def files(found, of):
    """Of those whose content is known: path and SHA-256 of what came whole."""
    return sorted([r["http"]["url"], r["fileinfo"]["sha256"]] for r in found
                  if r["event_type"] == "fileinfo" and r["http"]["url"] in of and "sha256" in r["fileinfo"])


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


def logins(found):
    return [[r["app_proto"], r["login"].get("user", ""), r["login"]["outcome"], r["login"].get("code", "")]
            for r in found if r["event_type"] == "login"]


def deeds(found):
    return [[r["app_proto"], r["remote"]["action"], r["remote"]["outcome"], r["remote"].get("code", ""), r["remote"]["name"]]
            for r in found if r["event_type"] == "remote"]


def mails(found):
    """Sender, recipients taken, the answer to the data, subject."""
    return sorted([r["smtp"]["mail_from"].strip("<>"), [x.strip("<>") for x in r["smtp"].get("rcpt_to", [])],
                   str(r["hansho"]["mail"].get("status", "")), r.get("email", {}).get("subject", "")]
                  for r in found if r["event_type"] == "smtp")


def as_seen(wanted):
    """Behind STARTTLS nothing is seen of a mail; of a refused one neither recipients nor an answer to its data."""
    return sorted([sender, to, code, subject] if code == "250" else [sender, [], "", ""]
                  for sender, to, code, subject in wanted if code != "starttls")


def check(folder, when):
    with open(os.path.join(folder, "recorded.json"), encoding="utf-8") as f:
        truth = json.load(f)
    for name, wanted in truth.items():
        found = records(folder, name, "http,tls,dns,smtp,login,remote,fileinfo")
        tls = [r["tls"] for r in found if r["event_type"] == "tls"]
        if "http" in wanted:
            tell(f"{when} {name}, requests and answers", answers(found), sorted(wanted["http"]))
        if "files" in wanted:
            tell(f"{when} {name}, files", files(found, [path for path, _ in wanted["files"]]), sorted(wanted["files"]))
        if "sni" in wanted:
            tell(f"{when} {name}, server names", names(found), wanted["sni"])
            tell(f"{when} {name}, certificates", sorted({t["fingerprint"].replace(":", "") for t in tls if "fingerprint" in t}),
                 sorted(wanted["certificates"]))
            tell(f"{when} {name}, JA3", sorted({t["ja3"]["hash"] for t in tls if "ja3" in t}), wanted["ja3"])
        if "logins" in wanted:
            tell(f"{when} {name}, logins", logins(found), wanted["logins"])
        if "remote" in wanted:
            tell(f"{when} {name}, shares, pipes, files and services", deeds(found), wanted["remote"])
        if "mails" in wanted:
            tell(f"{when} {name}, mails", mails(found), as_seen(wanted["mails"]))
            tell(f"{when} {name}, JA3 behind STARTTLS", sorted({t["ja3"]["hash"] for t in tls if "ja3" in t}), wanted["ja3"])
        if "dns" in wanted:
            tell(f"{when} {name}, lookups", lookups(found), wanted["dns"])


def main():
    check(os.path.join(TOP, "pcaps"), "before,")
    why = rig.no_network()
    if why:
        print(f"skip recorded now: {why}")
        return 1 if failed else 0
    names = [] if "HANSHO_LONG" in os.environ else QUICK  # none: all
    with tempfile.TemporaryDirectory(prefix="hansho-recorded-") as folder:
        p = subprocess.run([os.path.join(TOP, "tools/record-captures"), "--into", folder, *names], text=True, timeout=300,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if p.returncode == 0:
            check(folder, "now,")
        else:
            tell("now, real programs run", p.stdout.strip().splitlines()[-1:], [])
    return 1 if failed else 0


sys.exit(main())
