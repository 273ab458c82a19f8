#!/usr/bin/env python3
"""Alerts say whose network the peer is in, when GeoIP databases are configured, and nothing when not."""
import json, os, subprocess, sys, tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build/hansho"))
failed = False


def told(name, good, why=""):
    global failed
    failed |= not good
    print(f"ok {name}" if good else f"FAIL {name}: {why}")


def replay(config):
    command = ["timeout", "-s", "KILL", "60", HANSHO, "replay", "--quiet", "-c", config, "--eve", "-",
               "--feed", "feeds/demo/feodo.csv", "pcaps/emotet-like.pcap"]
    p = subprocess.run(command, cwd=TOP, text=True, capture_output=True)
    return [json.loads(line) for line in p.stdout.splitlines()], p


def accounts(config, capture):
    """The accounts that rang as stolen."""
    command = ["timeout", "-s", "KILL", "60", HANSHO, "replay", "--quiet", "-c", config, "--eve", "-", "--records", "alert",
               f"pcaps/{capture}.pcap"]
    p = subprocess.run(command, cwd=TOP, text=True, capture_output=True)
    alerts = [json.loads(line)["hansho"] for line in p.stdout.splitlines()]
    return [(a["subject"], a["severity"]) for a in alerts
            if a["state"] == "open" and a.get("behaviour", {}).get("name") == "stolen-account"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(["perl", "tests/make-geoip.pl", folder], cwd=TOP, text=True, capture_output=True)
        if made.returncode != 0:
            print(f"skip geoip: libmaxmind-db-writer-perl: {made.stderr.splitlines()[-1:]}")
            return
        config = os.path.join(folder, "hansho.yaml")
        open(config, "w").write(f"geoip:\n  asn: {folder}/asn.mmdb\n  country: {folder}/country.mmdb\n")
        records, p = replay(config)
        peers = {r["dest_ip"]: r["hansho"].get("peer", {}) for r in records if r["event_type"] == "alert"}
        places = [v for v in peers.values() if v.get("asn") and v.get("country") and v.get("organisation")]
        told("geoip: alerts name the peer's network and country", len(places) > 0, f"{peers} {p.stderr}")
        told("geoip: a run with databases ends well", p.returncode == 0, p.stderr)
        found = accounts(config, "behaviours")
        told("geoip: an account used from two countries at once rings", found == [("anna", "high")], str(found))
        found = accounts(config, "recorded-account")
        told("geoip: so does one that curl used at Dovecot", found == [("anna", "high")], str(found))
        found = accounts(config, "behaviours-twin") + accounts(config, "recorded-account-twin")
        told("geoip: a telephone with many addresses does not", found == [], str(found))
        open(config, "w").write("{}\n")
        records, p = replay(config)
        bare = [r for r in records if "asn" in r.get("hansho", {}).get("peer", {})]
        told("geoip: without databases nothing is claimed", len(records) > 0 and not bare, str(bare[:1]))
        open(os.path.join(folder, "asn.mmdb"), "w").write("no database\n")
        open(config, "w").write(f"geoip:\n  asn: {folder}/asn.mmdb\n")
        records, p = replay(config)
        told("geoip: a damaged database is a configuration error, told in one line",
             p.returncode == 2 and len(p.stderr.splitlines()) == 1 and "asn.mmdb" in p.stderr and not records, p.stderr)


main()
sys.exit(1 if failed else 0)
