#!/usr/bin/env python3
"""One case per host, from whole captures: the demo's infection whole, cut, one-sided, with a clock that jumps; its story in
both languages; what rings; and ten thousand hosts that match at once."""
import glob
import ipaddress
import json
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build", "hansho"))
DEMO, OFFICE = (os.path.join(TOP, "pcaps", name) for name in ("emotet-like.pcap", "office-like.pcap"))
FEEDS = [w for f in sorted(glob.glob(os.path.join(TOP, "feeds/demo/*.[ct]*"))) for w in ("--feed", f)]
SMALL = os.path.join(TOP, "feeds/demo/demo.yaml")
STAGES = ["delivery", "command-and-control", "theft", "spreading", "mass-mail", "destruction"]
BEGAN = 1779264000          # 2026-05-20T08:00:00Z
failed = False


def tell(name, why=""):
    global failed
    failed = failed or bool(why)
    print(f"FAIL {name}: {why}" if why else f"ok {name}", flush=True)


def run(*options):
    p = subprocess.run([HANSHO, "replay", "--quiet", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                       check=False, env={**os.environ, "NO_COLOR": "1", "TZ": "UTC"}, stdin=subprocess.DEVNULL)
    if p.returncode != 0:
        raise RuntimeError(f"status {p.returncode}: {p.stderr.decode(errors='replace')[-300:]}")
    return p.stdout.decode()


def alerts(*options):
    return [json.loads(line) for line in run("--eve", "-", *options).splitlines() if '"event_type":"alert"' in line]


def cases(records, state="close"):
    return [a["hansho"] for a in records if a["hansho"]["kind"] == "case" and a["hansho"]["state"] == state]


def stages(case):
    return [s["name"] for s in case["case"]["stages"]]


# ---- captures made of others ----

def frames(path):
    data = open(path, "rb").read()
    at = 24
    while at < len(data):
        sec, usec, kept, wire = struct.unpack("<IIII", data[at:at + 16])
        yield sec * 10**6 + usec, data[at + 16:at + 16 + kept]
        at += 16 + kept


def write(path, found, link=1):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
        for us, frame in found:
            f.write(struct.pack("<IIII", us // 10**6, us % 10**6, len(frame), len(frame)) + frame)
    return path


def between(first, last):
    """Frames of these seconds of the demo."""
    return [(us, f) for us, f in frames(DEMO) if first <= us / 10**6 - BEGAN < last]


def sent_by(address):
    source = ipaddress.ip_address(address).packed
    return [(us, f) for us, f in frames(DEMO) if f[26:30] == source or f[12:14] != b"\x08\x00" or f[23] == 17]


def syn(source, peer, number, port=443):
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, number & 0xffff, 0, 64, 6, 0, source, peer)
    return ip + struct.pack("!HHIIBBHHH", 40000, port, number, 0, 0x50, 2, 1024, 0, 0)


def crowd():
    """Ten thousand hosts, each to two servers."""
    for peer, began in (("192.0.2.1", 0), ("192.0.2.2", 100)):
        for n in range(10000):
            source = (0x0a100000 + n).to_bytes(4, "big")
            yield (BEGAN + began) * 10**6 + n * 1000, syn(source, ipaddress.ip_address(peer).packed, n)


# ---- what must be so ----

def check_demo():
    whole = alerts("-c", SMALL, *FEEDS, DEMO)
    found = cases(whole)
    tell("demo: one case", "" if len(found) == 1 and len(cases(whole, "open")) == 1 else f"{len(found)}")
    case = found[0]
    tell("demo: all stages in order", "" if stages(case) == STAGES else str(stages(case)))
    firsts = [s["first_seen"] for s in case["case"]["stages"]]
    tell("demo: each after the one before", "" if firsts == sorted(firsts) else str(firsts))
    tell("demo: critical at the end", "" if case["severity"] == "critical" else case["severity"])
    tell("demo: whose it is", "" if case["host_identity"].get("user") == "hanako" and case["subject"] == case["host_identity"]["mac"]
         else str(case["host_identity"]))
    ids = {a["hansho"]["id"] for a in whole if a["hansho"].get("case_id") == case["id"]}
    told = {e["alert_id"] for s in case["case"]["stages"] for e in s["evidence"]}
    tell("demo: all evidence is members' by id", "" if told <= ids else str(told - ids))
    two = run("--workers", "2", "--eve", "-", "-c", SMALL, *FEEDS, DEMO)
    tell("demo: the same with two workers", "" if two == run("--in-process", "--eve", "-", "-c", SMALL, *FEEDS, DEMO) else "other lines")
    tell("office: no case", "" if not cases(alerts("-c", SMALL, *FEEDS, OFFICE), "open") else "there is one")


def check_rings(folder):
    """A sink that takes alerts gets neither the members nor their updates, but the end of what rang before."""
    quiet, ring = os.path.join(folder, "quiet.yaml"), os.path.join(folder, "ring.yaml")
    for path, members in ((quiet, "quiet"), (ring, "ring")):
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"behaviour:\n  theft_kib: 16\n  destroy_files: 64\ncases:\n  members: {members}\n")
    rows = {path: [line for line in run("-c", path, *FEEDS, DEMO).splitlines() if line[:2].isdigit() and line[2] == ":"]
            for path in (quiet, ring)}
    others = [r for r in rows[quiet] if "Case: " not in r]
    tell("rings: before the case and beside it", "" if len(others) == 2 else str(others))
    tell("rings: the case opens, gets worse four times, ends", "" if len(rows[quiet]) - len(others) == 6 else str(rows[quiet]))
    tell("rings: members, when asked for", "" if len(rows[ring]) > len(rows[quiet]) + 8 else str(len(rows[ring])))


def check_story(folder):
    japanese = os.path.join(TOP, "tests/golden/emotet-ja.yaml")
    for language, options, words in (
            ("en", SMALL, ["PC-15, at 10.20.0.15;", "User: hanako", "  delivery\n", "  command and control\n", "  theft\n",
                           "  spreading\n", "  mass mail\n", "  destruction\n", "What to do next: Emotet", " 1. Take the machine off"]),
            ("ja", japanese, ["PC-15（アドレス 10.20.0.15）", "利用者：hanako", "  侵入\n", "  遠隔操作\n", "  情報の持ち出し\n",
                              "  組織内への拡散\n", "  メールの大量送信\n", "  データの破壊\n", "次にすること: Emotet", " 1. 端末を"])):
        text = run("-c", options, *FEEDS, DEMO)
        text = text[text.rindex("08:55:30"):]
        missing = [w for w in words if w not in text]
        order = [text.index(w) for w in words if w in text]
        tell(f"story: {language}", f"missing {missing}" if missing else "" if order == sorted(order) else "out of order")


def check_bad_input(folder):
    path = os.path.join(folder, "cut.pcap")
    late = cases(alerts("-c", SMALL, *FEEDS, write(path, between(600, 4000))))
    tell("begins in the middle: one case without delivery", "" if len(late) == 1 and stages(late[0]) == STAGES[1:] else
         str([stages(c) for c in late]))
    mail = cases(alerts("-c", SMALL, write(path, between(2440, 2760))))
    tell("one stage alone that rings once: no case", "" if not mail else str([c["reason"] for c in mail]))
    files = cases(alerts("-c", SMALL, write(path, between(2990, 3060))))
    tell("destruction alone: no case", "" if not files else str([c["reason"] for c in files]))
    one_way = cases(alerts("-c", SMALL, *FEEDS, write(path, sent_by("10.20.0.15"))))
    tell("one direction: one case that claims less", "" if len(one_way) == 1 and "command-and-control" in stages(one_way[0]) else
         str([stages(c) for c in one_way]))
    jumps = [(us - 2 * 86400 * 10**6 if 1200 <= us / 10**6 - BEGAN < 1800 else us, f) for us, f in frames(DEMO)]
    jumped = alerts("-c", SMALL, *FEEDS, write(path, jumps))
    tell("the clock jumps: one case", "" if len(cases(jumped)) == 1 else str([c["reason"] for c in cases(jumped)]))
    ahead = [(us + 2 * 86400 * 10**6 if us / 10**6 - BEGAN >= 1500 else us, f) for us, f in frames(DEMO)]
    jumped = alerts("-c", SMALL, *FEEDS, write(path, ahead))
    tell("the clock jumps ahead: one case", "" if len(cases(jumped)) == 1 and len(cases(jumped, "open")) == 1 else
         str([c["reason"] for c in cases(jumped)]))


# A machine is infected, gets another address and goes on; then somebody else gets the one that it had, and does one odd thing.
LEASES = """
start 2026-05-21T08:00:00Z
seed leases
host server  10.60.0.2
host morning 10.60.0.11 mac=02:00:5e:00:00:01
host later   10.60.0.44 mac=02:00:5e:00:00:01
host other   10.60.0.11 mac=02:00:5e:00:00:02
at 0:01  morning dhcp 10.60.0.2 name=pc-hanako lease=3600
at 1:00  morning tcp 198.51.100.90:4782 out=90 in=140 every=60 times=15
at 5:10  morning post http://198.51.100.51:8080/qpwo/ body=420 sends=application/octet-stream size=132
at 6:20  morning post http://198.51.100.54/vnbt/ body=388 sends=application/octet-stream size=132
at 30:00 later dhcp 10.60.0.2 name=pc-hanako lease=3600
at 31:00 later post http://198.51.100.55:7080/aslk/ body=401 sends=application/octet-stream size=132
at 32:00 later post http://198.51.100.56/bnmt/ body=377 sends=application/octet-stream size=132
at 40:00 other dhcp 10.60.0.2 name=pc-taro lease=3600
at 45:00 other post http://198.51.100.61:8080/aa/ body=420 sends=application/octet-stream size=132
at 46:00 other post http://198.51.100.62/bb/ body=388 sends=application/octet-stream size=132
"""


def check_address_change(folder):
    told = [a["hansho"] for a in alerts(rig.recipe(os.path.join(folder, "leases.pcap"), LEASES))]
    found = [h for h in told if h["kind"] == "case" and h["state"] == "close"]
    case = found[0] if found else {"case": {"addresses": []}, "host_identity": {}}
    tell("a new lease: one case, of the machine", "" if len(found) == 1 and case["subject"] == "02:00:5e:00:00:01" else
         str([(c["subject"], c["reason"]) for c in found]))
    tell("a new lease: both addresses, the present one last", "" if [a["ip"] for a in case["case"]["addresses"]] ==
         ["10.60.0.11", "10.60.0.44"] and case["host"] == "10.60.0.44" else str(case["case"]["addresses"]))
    tell("a new lease: whose it is", "" if case["host_identity"].get("name") == "pc-hanako" else str(case["host_identity"]))
    late = [h for h in told if h["kind"] == "behaviour" and h["host"] == "10.60.0.44"]
    tell("a new lease: what follows under it is the case's", "" if late and all(h.get("case_id") == case["id"] for h in late) else str(late))
    new = [h for h in told if h["kind"] == "behaviour" and h["host_identity"].get("name") == "pc-taro"]
    tell("who gets the old address begins with nothing", "" if new and not any("case_id" in h for h in new) else str(new))


def knocks():
    """Ten thousand hosts, each at ten machines inside that do not answer."""
    for n in range(10000):
        source = (0x0a100000 + n).to_bytes(4, "big")
        for k in range(10):
            yield (BEGAN * 10 + n // 10) * 10**5 + k * 1000 + n % 10, syn(source, (0x0a200000 + k).to_bytes(4, "big"), n * 10 + k, 445)


def check_same_behaviour(folder):
    found = alerts(write(os.path.join(folder, "knocks.pcap"), sorted(knocks()), link=101))
    rang = [a for a in found if a["hansho"]["kind"] == "behaviour" and a["hansho"]["state"] == "open"]
    sensor = [a["hansho"]["reason"] for a in found if a["hansho"]["kind"] == "sensor" and a["hansho"]["state"] == "open"]
    tell("ten thousand hosts with one behaviour: a hundred ring", "" if len(rang) == 100 else str(len(rang)))
    tell("ten thousand hosts with one behaviour: one alert about the configuration", "" if len(sensor) == 1 and "configured" in sensor[0]
         else str(sensor))
    tell("ten thousand hosts with one behaviour: no case", "" if not cases(found, "open") else str(len(cases(found, "open"))))


def check_crowd(folder):
    path = write(os.path.join(folder, "crowd.pcap"), crowd(), link=101)
    feed = os.path.join(folder, "crowd.txt")
    with open(feed, "w", encoding="utf-8") as f:
        f.write("192.0.2.1\n192.0.2.2\n")
    found = alerts("--feed", feed, path)
    sensor = [a["hansho"]["reason"] for a in found if a["hansho"]["kind"] == "sensor" and a["hansho"]["state"] == "open"]
    tell("ten thousand hosts: fifty cases", "" if len(cases(found, "open")) == 50 else str(len(cases(found, "open"))))
    tell("ten thousand hosts: one alert about the sensor", "" if len(sensor) == 1 and "50 hosts get a case" in sensor[0] else str(sensor))


def main():
    check_demo()
    with tempfile.TemporaryDirectory(prefix="hansho-cases-") as folder:
        check_rings(folder)
        check_story(folder)
        check_bad_input(folder)
        check_address_change(folder)
        check_crowd(folder)
        check_same_behaviour(folder)
    return 1 if failed else 0


sys.exit(main())
