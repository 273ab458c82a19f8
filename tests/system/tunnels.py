#!/usr/bin/env python3
"""One conversation with a C2 in every encapsulation rings as it does without; equal addresses stay apart.

The captures are those of pcaps/recipes/tunnels, tunnels6 and subscribers.
"""
import glob
import ipaddress
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build", "hansho"))
CHECKED = os.environ.get("HANSHO_ASAN", HANSHO)
FEED = os.path.join(TOP, "tests/golden/golden.txt")
NEAR, FAR = "198.18.0.1", "198.18.0.2"


def full(address):
    """IPv6 as EVE has it."""
    return ipaddress.ip_address(address).exploded


NEAR6, FAR6 = full("2001:db8:ffff::1"), full("2001:db8:ffff::2")

# capture: kind, identity in the realm (None: no realm), numbers on the wire each way, carrier (None: not over IP)
EXPECTED = {
    "mpls": ("mpls", None, 17, 18, None),
    "mpls-popped": ("mpls", None, 17, None, None),
    "pseudowire": ("mpls", None, 17, 18, None),
    "pseudowire-control": ("mpls", None, 17, 18, None),
    "pppoe": ("pppoe", 0x1234, 0x1234, 0x1234, None),
    "pppoe-qinq": ("pppoe", 0x1234, 0x1234, 0x1234, None),
    "gre": ("gre", 0, None, None, "GRE"),
    "gre-all": ("gre", 7001, 7001, 7001, "GRE"),
    "gre-bridge": ("gre", 0, None, None, "GRE"),
    "gre-in-gre": ("gre", 7002, 7002, 7002, "GRE"),
    "nvgre": ("gre", 7003, 7003 << 8 | 1, 7003 << 8 | 2, "GRE"),
    "pptp": ("gre", 0, 1, 2, "GRE"),
    "erspan-1": ("erspan", 0, None, None, "GRE"),
    "erspan-2": ("erspan", 0, 5, 5, "GRE"),
    "erspan-3": ("erspan", 0, 6, 7, "GRE"),
    "vxlan": ("vxlan", 7004, 7004, 7004, "UDP"),
    "vxlan-linux": ("vxlan", 7005, 7005, 7005, "UDP"),
    "vxlan-gpe": ("vxlan", 7006, 7006, 7006, "UDP"),
    "geneve": ("geneve", 7007, 7007, 7007, "UDP"),
    "gtp-u": ("gtp-u", 0, 0x1001, 0x1002, "UDP"),
    "gtp-u-5g": ("gtp-u", 0, 0x1001, 0x1002, "UDP"),
    "4-in-4": ("ip-in-ip", 0, None, None, "IPv4"),
    "ds-lite": ("ds-lite", 0, None, None, "IPv4"),
    "authenticated": ("ip-in-ip", 0, None, None, "IPv4"),
    "etherip": ("ip-in-ip", 0, None, None, "97"),
    "mac-in-mac": ("802.1ah", 7008, 7008, 7008, None),
    "6-in-4": ("ip-in-ip", 0, None, None, "IPv6"),
    "6-in-6": ("ip-in-ip", 0, None, None, "IPv6"),
    "teredo": ("teredo", 0, None, None, "UDP"),
    "gre-6": ("gre", 0, None, None, "GRE"),
    "vxlan-6": ("vxlan", 7004, 7004, 7004, "UDP"),
    "pppoe-6": ("pppoe", 0x1234, 0x1234, 0x1234, None),
}
PLAIN = {"plain", "plain6", "vn-tag", "802.11", "radiotap", "radiotap-padded", "prism", "avs", "ppi", "nflog"}
OVER_IPV6 = {"ds-lite", "6-in-6"}
MODES = ((CHECKED, ["--in-process"]), (HANSHO, ["--workers", "2"]))
TWICE = {"mpls", "pppoe", "gre", "vxlan", "gtp-u", "ds-lite", "teredo"}     # with two workers as well
SAME = ("src_ip", "src_port", "dest_ip", "dest_port", "proto", "community_id", "app_proto", "http", "dns")
failed = False


def tell(name, why=""):
    global failed
    failed = failed or bool(why)
    print(f"FAIL {name}: {why}" if why else f"ok {name}", flush=True)


def alerts(capture, program, *options):
    """The alerts that open; what went wrong."""
    p = subprocess.run([program, "replay", "--quiet", "--feed", FEED, "--records", "alert", "--eve", "-", *options,
                        capture], cwd=TOP, env={**os.environ, "TZ": "UTC"}, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=60, check=False)
    lines = [json.loads(line) for line in p.stdout.decode().splitlines()]
    return [e for e in lines if e["hansho"]["state"] == "open"], p.stderr.decode() if p.returncode != 0 else ""


def told(alert):
    """What must not depend on what is around the packets."""
    return ({k: alert.get(k) for k in SAME}, {k: alert["flow"][k] for k in alert["flow"] if not k.startswith("bytes")},
            alert["hansho"]["host"], alert["hansho"]["subject"], alert["hansho"]["reason"].split("; through ")[0])


def tunnel_of(name):
    kind, _, up, down, carrier = EXPECTED[name]
    tunnel = {"kind": kind}
    if carrier is not None:
        near, far = (NEAR6, FAR6) if name in OVER_IPV6 else (NEAR, FAR)
        tunnel.update(src_ip=near, dest_ip=far, proto=carrier, depth=2 if name == "gre-in-gre" else 1)
    if up is not None:
        tunnel["id_toserver"] = up
    if down is not None:
        tunnel["id_toclient"] = down
    return tunnel


def realm_of(name):
    kind, number, _, _, _ = EXPECTED[name]
    realm = {} if number is None else {"tunnel": kind, "tunnel_id": number}
    if name == "pppoe-qinq":
        realm["vlan"] = [100, 7]
    if name == "ds-lite":
        realm["outer"] = NEAR6
    return realm


def differs(name, alert):
    """What the alert says of the tunnel against what it must. Before the answer came, one number is known."""
    tunnel, wanted = dict(alert.get("tunnel", {})), {} if name in PLAIN else tunnel_of(name)
    if "id_toclient" not in tunnel:
        wanted.pop("id_toclient", None)
    if tunnel != wanted:
        return f"tunnel {tunnel}, not {wanted}"
    realm, wanted = alert["hansho"].get("realm", {}), {} if name in PLAIN else realm_of(name)
    if realm != wanted:
        return f"realm {realm}, not {wanted}"
    if (name not in PLAIN) != ("; through " in alert["hansho"]["reason"]):
        return f"reason {alert['hansho']['reason']}"
    return ""


def check_tunnels():
    captures = sorted(glob.glob(os.path.join(TOP, "pcaps/tunnels/*.pcap")))
    names = {os.path.basename(c)[:-5] for c in captures}
    tell("tunnels: a capture of each", "" if names == set(EXPECTED) | PLAIN else str(names ^ (set(EXPECTED) | PLAIN)))
    plain = {six: [told(a) for a in alerts(os.path.join(TOP, f"pcaps/tunnels/plain{six}.pcap"), HANSHO)[0]]
             for six in ("", "6")}
    for capture in captures:
        name = os.path.basename(capture)[:-5]
        six = "6" if name in ("plain6", "6-in-4", "6-in-6", "teredo") or name.endswith("-6") else ""
        for program, options in MODES[:2 if name in TWICE else 1]:
            found, wrong = alerts(capture, program, *options)
            if not wrong and (not found or [told(a) for a in found] != plain[six]):
                wrong = f"{[told(a) for a in found]} instead of {plain[six]}"
            tell(f"tunnels: {name}, {options[0][2:]}", wrong or next(filter(None, (differs(name, a) for a in found)), ""))


def check_subscribers():
    capture = os.path.join(TOP, "pcaps/subscribers.pcap")
    wanted = [("192.168.0.2", full("2001:db8:1::1"), "/red"), ("192.168.0.2", full("2001:db8:2::1"), "/green"),
              ("198.51.100.9", full("2001:db8:4::c633:6409:1"), "/cyan"),
              ("198.51.100.9", full("2001:db8:5::c633:6409:2"), "/yellow")]
    for program, options in MODES:
        found, wrong = alerts(capture, program, *options)
        seen = [(a["hansho"]["host"], a["hansho"]["realm"]["outer"], a["http"]["url"]) for a in found]
        tell(f"tunnels: customers with one address, {options[0][2:]}",
             wrong or ("" if seen == wanted else f"{seen} instead of {wanted}"))
        flows = {a["flow_id"] for a in found}
        tell(f"tunnels: a flow and an alert for each, {options[0][2:]}",
             "" if len(flows) == 4 and len({a["hansho"]["id"] for a in found}) == 4 else f"{len(flows)} flows")


def main():
    check_tunnels()
    check_subscribers()
    return 1 if failed else 0


sys.exit(main())
