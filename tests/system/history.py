#!/usr/bin/env python3
"""The history: contacts from before an indicator was known ring later, once; it stalls and changes nothing else."""
import filecmp
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

CAPTURE = os.path.join(rig.PCAPS, "emotet-like.pcap")
OTHER = os.path.join(rig.PCAPS, "office-like.pcap")
DOMAINS = os.path.join(rig.TOP, "feeds", "demo", "domains.txt")


def contacts(state):
    with sqlite3.connect(f"file:{state}/history/history.db?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*), sum(count) FROM contact").fetchone()


def retro(path):
    return [r for r in rig.records(path) if r["hansho"]["kind"] == "retro"]


def replay(files, state, eve, *words):
    done = rig.replay(files, "--quiet", "--state", state, "--eve", eve, *words)
    if done.returncode != 0:
        raise OSError(f"status {done.returncode}: {done.stderr}")
    return eve


def late_indicator():
    d = rig.folder()
    state, plain = os.path.join(d, "state"), os.path.join(d, "plain.json")
    rig.replay([CAPTURE], "--quiet", "--eve", plain)
    first = replay([CAPTURE], state, os.path.join(d, "first.json"))
    rig.check("history: detection is the same with it", filecmp.cmp(plain, first, False), "the lines differ")
    found = []
    for n, words in enumerate((["--workers", "1"], ["--workers", "3"], ["--in-process"])):
        copy = os.path.join(d, f"copy{n}")
        shutil.copytree(state, copy)
        found.append(replay([OTHER], copy, os.path.join(d, f"second{n}.json"), "--feed", DOMAINS, *words))
    late = [r for r in retro(found[0]) if r["hansho"]["state"] == "open"]
    hansho = late[0]["hansho"] if late else {}
    rig.check("history: a contact from before the indicator was known rings", len(late) == 1 and
              hansho["host"] == "10.20.0.15" and hansho["subject"] == "cdn-metrics.example" and
              hansho["retro"]["contacts"] == 40 and late[0]["alert"]["signature_id"] == 9000401, f"{late}")
    rig.check("history: any number of workers tells the same", all(filecmp.cmp(found[0], f, False) for f in found),
              "the lines differ")
    more = rig.write(os.path.join(d, "more.txt"), "cdn-metrics.example # another's\n")
    shutil.copytree(state, os.path.join(d, "copy9"))
    several = [r["hansho"] for r in retro(replay([OTHER], os.path.join(d, "copy9"), os.path.join(d, "several.json"), "--feed",
               DOMAINS, "--feed", more)) if r["hansho"]["state"] == "open"]
    rig.check("history: listed twice, it rings once and names both", len(several) == 1 and
              several[0]["indicator"]["feeds"] == ["domains", "more"] and "feeds domains (line" in several[0]["reason"] and
              "and more list it" in several[0]["reason"], f"{several}")
    again = replay([OTHER], os.path.join(d, "copy1"), os.path.join(d, "third.json"), "--feed", DOMAINS)
    rig.check("history: it rings once", not retro(again), f"{retro(again)}")
    both = replay([CAPTURE], os.path.join(d, "fresh"), os.path.join(d, "both.json"), "--feed", DOMAINS)
    more = replay([OTHER], os.path.join(d, "fresh"), os.path.join(d, "more.json"), "--feed", DOMAINS)
    rig.check("history: what rang live does not ring late", rig.records(both) and not retro(both) + retro(more),
              f"{retro(more)}")


def same_rows():
    """Equal runs leave equal files: the same rows under the same ids, with any number of workers."""
    d = rig.folder()
    captures = [CAPTURE, OTHER] + [os.path.join(rig.PCAPS, name) for name in ("office-like.pcap", "behaviours-net.pcap")]
    told = []
    for n, words in enumerate((["--workers", "1"], ["--workers", "1"], ["--workers", "3"], ["--in-process"])):
        state = os.path.join(d, f"state{n}")
        for k, capture in enumerate(captures):
            replay([capture], state, os.path.join(d, f"{n}.{k}.json"), *words)
        with sqlite3.connect(f"file:{state}/history/history.db?mode=ro", uri=True) as db:
            told.append([line for line in db.iterdump() if line.startswith("INSERT")])
    rig.check("history: equal runs leave equal rows", len(told[0]) > 100 and told.count(told[0]) == 4,
              f"{len(told[0])} rows: {[next((p for p in zip(told[0], t) if p[0] != p[1]), None) for t in told[1:]]}")


def all_or_nothing():
    d = rig.folder()
    state = os.path.join(d, "state")
    replay([OTHER], state, os.path.join(d, "one.json"))
    before = contacts(state)
    plain = os.path.join(d, "plain.json")
    rig.replay([CAPTURE], "--quiet", "--eve", plain)
    long = rig.repeated(os.path.join(d, "long.pcap"), CAPTURE, 60)
    s = rig.Sensor(["replay", "--quiet", "--state", state, "--eve", os.path.join(d, "two.json"), long])
    keeper = rig.wait(lambda: s.children("keeper"), 10)
    if keeper:
        os.kill(keeper[0], signal.SIGKILL)
    try:
        status = s.process.wait(60)
    except Exception:
        status = None
    rig.check("history: kill -9 of a replay's keeper is told and costs no detection", keeper and status == 1 and
              len(rig.records(os.path.join(d, "two.json"))) > 0, f"status {status}: {s.text()}")
    rig.check("history: and leaves it as it was", contacts(state) == before, f"{before} {contacts(state)}")


def hunting():
    """Who was behind an address and a port: with the log, then, without it, from the history."""
    d = rig.folder()
    config = rig.write(os.path.join(d, "hansho.yaml"), "contact_log:\n  enabled: yes\n")
    logged, plain = os.path.join(d, "logged"), os.path.join(d, "plain")
    realms = os.path.join(rig.PCAPS, "realms.pcap")
    replay([CAPTURE, realms], logged, os.path.join(d, "one.json"), "-c", config, "--workers", "2")
    replay([CAPTURE, realms], plain, os.path.join(d, "two.json"))

    def hunt(state, *words):
        done = subprocess.run([rig.HANSHO, "hunt", "--state", state, "--json", *words], capture_output=True, text=True,
                              timeout=20)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    status, found, said = hunt(logged, "--source", "192.168.0.2:50001", "--from", "2026-05-20T09:00:10Z")
    rig.check("hunt: one address and port in two realms", status == 0 and sorted(r["realm"] for r in found) ==
              ["vlan 10", "vlan 100.20"] and all(r["service"] == "c2.example" for r in found), f"{found} {said}")
    status, found, said = hunt(logged, "cdn-metrics.example")
    rig.check("hunt: a name and all below it, contact by contact", status == 0 and len(found) == 40 and
              all(r["src_ip"] == "10.20.0.15" and r["src_port"] > 1023 for r in found), f"{len(found)} {said}")
    window = ("--from", "2026-05-20 17:12:00+09:00", "--to", "2026-05-20 17:13:30+09:00")
    rig.check("hunt: between two times", len(hunt(logged, *window, "192.0.2.77:443")[1]) == 2, hunt(logged, *window, "192.0.2.77"))
    rig.check("hunt: nothing found is told by the status", hunt(logged, "nobody.example")[0] == 1, "it is 0")
    status, found, said = hunt(plain, "192.0.2.0/24")
    rig.check("hunt: without a log the history's sums, and that is said", status == 0 and "no contact log" in said and
              any(r["service"] == "panel.cdn-metrics.example" and r["contacts"] == 40 for r in found), f"{found} {said}")


    config = rig.write(os.path.join(d, "look.yaml"), f"state_directory: {plain}\n")
    done = subprocess.run([rig.HANSHO, "feed", "lookup", "-c", config, "--feed", DOMAINS, "cdn-metrics[.]example"],
                          capture_output=True, text=True, timeout=20)
    rig.check("feed lookup: who inside called it", done.returncode == 0 and "40 times" in done.stdout and
              "10.20.0.15" in done.stdout, f"{done.stdout} {done.stderr}")


def novelty():
    """Never called before: only with 14 days of history of that network, and the finding says how many days."""
    d = rig.folder()
    frames, days = rig.frames_of(OTHER), 86400 * 10**9
    before = {}
    for n in (10, 20):
        path = os.path.join(d, f"before{n}.pcap")
        rig.write_pcap(path, [(ns - k * days, frame) for k in range(n, 0, -1) for ns, frame in frames])
        before[n] = os.path.join(d, f"state{n}")
        replay([path], before[n], os.path.join(d, f"before{n}.json"))

    def beacon(state, *words):
        path = state + ".json"
        rig.replay([CAPTURE], "--quiet", "--state", state, "--records", "alert,beacon", "--eve", path, *words)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        return text, next((r["hansho"] for r in rig.records(path) if r["event_type"] == "alert" and
                           r["hansho"]["kind"] == "beacon"), {})

    def weight(found):
        return {e["what"]: e["weight"] for e in found.get("beacon", {}).get("evidence", [])}.get("novelty")

    plain, few = beacon(os.path.join(d, "none"))[1], beacon(before[10])[1]
    rig.check("history: with too few days nothing is said of novelty", plain and few and weight(few) is None and
              weight(plain) is None, f"{plain} {few}")
    told = []
    for k, words in enumerate((["--workers", "1"], ["--workers", "3"], ["--in-process"])):
        copy = os.path.join(d, f"novel{k}")
        shutil.copytree(before[20], copy)
        told.append(beacon(copy, *words))
    found = told[0][1]
    rig.check("history: never called in the days before is told, with their number", weight(found) == 0.7 and
              found["beacon"]["history_days"] == 19 and "19 days of history" in found["reason"] and
              found["beacon"]["score"] > plain["beacon"]["score"], f"{found}")
    rig.check("history: novelty is the same with any number of workers", len({text for text, _ in told}) == 1, "it differs")


def uploads():
    """Much that is sent to a place never called before, and to one that is called every day."""
    d = rig.folder()
    captures = {n: os.path.join(rig.PCAPS, f"behaviours-net{n}.pcap") for n in ("", "-twin")}
    known = {}
    for n, path in captures.items():
        frames, long = rig.frames_of(path), os.path.join(d, f"before{n}.pcap")
        rig.write_pcap(long, [(ns - k * 86400 * 10**9, frame) for k in range(20, 0, -1) for ns, frame in frames])
        known[n] = os.path.join(d, f"state{n}")
        replay([long], known[n], os.path.join(d, f"before{n}.json"))

    def theft(capture, history):    # names of captures: "" and "-twin"
        state, eve = os.path.join(d, f"of{capture}.{history}"), os.path.join(d, f"of{capture}.{history}.json")
        shutil.copytree(known[history], state)
        replay([captures[capture]], state, eve, "-c", os.path.join(rig.TOP, "tests", "golden", "behaviours-net.yaml"))
        return {r["hansho"]["peer"]["ip"]: r["hansho"] for r in rig.records(eve) if r["hansho"]["subject"] == "theft"}

    new, old = theft("", "-twin"), theft("", "")
    rig.check("history: much is sent to a bare address that the house never called", set(new) == {"198.51.100.66"} and
              new["198.51.100.66"]["behaviour"]["confidence"] == 95 and
              new["198.51.100.66"]["behaviour"]["evidence"]["history_days"] == 20, f"{new}")
    rig.check("history: and to one that it calls every day: nothing", not old, f"{old}")
    new, old = theft("-twin", ""), theft("-twin", "-twin")
    rig.check("history: much is sent to a name that the house never called", set(new) == {"203.0.113.80"}, f"{new}")
    rig.check("history: backup to the same place every day: nothing", not old, f"{old}")


def census():
    """C2 servers that answered, by malware and day; as often as it is replayed."""
    d = rig.folder()
    state = os.path.join(d, "state")

    def hunt(folder, *words):
        return subprocess.run([rig.HANSHO, "hunt", "--census", "--state", folder, *words], capture_output=True, text=True,
                              timeout=20, check=False)

    feeds = [w for name in sorted(os.listdir(os.path.join(rig.TOP, "feeds", "demo"))) if name.endswith(("csv", "txt"))
             for w in ("--feed", os.path.join(rig.TOP, "feeds", "demo", name))]
    found = []
    for n, words in enumerate((["--workers", "2"], ["--in-process"], ["--workers", "1"])):
        replay([CAPTURE], state, os.path.join(d, f"{n}.json"), *feeds, *words)
        done = hunt(state, "--json")
        found.append([json.loads(line) for line in done.stdout.splitlines()])
    emotet = {"day": "2026-05-20", "family": "emotet", "servers": 3, "hosts": 1, "estimated": False}
    rig.check("census: servers that answered, by malware and day", emotet in found[0], f"{found[0]}")
    rig.check("census: the same when it is replayed again", found[0] == found[1] == found[2], f"{found}")
    twin = os.path.join(d, "twin")
    replay([OTHER], twin, os.path.join(d, "twin.json"), *feeds)
    done = hunt(twin)
    rig.check("census: an office has none", done.returncode == 1 and done.stdout == "", f"{done}")


def in_use():
    d = rig.folder()
    state = os.path.join(d, "state")
    replay([OTHER], state, os.path.join(d, "one.json"))
    import fcntl
    with open(os.path.join(state, "history", "lock"), "w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = rig.replay([OTHER], "--quiet", "--state", state, "--eve", os.path.join(d, "two.json"))
    rig.check("history: two do not write into one", done.returncode == 1 and "another hansho" in done.stderr,
              f"status {done.returncode}: {done.stderr}")


def damaged():
    d = rig.folder()
    state = os.path.join(d, "state")
    replay([OTHER], state, os.path.join(d, "one.json"))
    with open(os.path.join(state, "history", "history.db"), "r+b") as f:
        f.write(b"\x5a" * 20000)
    done = rig.replay([OTHER], "--quiet", "--state", state, "--eve", os.path.join(d, "two.json"))
    rig.check("history: a damaged one is set aside by name", done.returncode == 0 and
              "history.db.damaged-1" in done.stderr and contacts(state)[0] > 0, f"{done.returncode}: {done.stderr}")


def live():
    d = rig.folder(0o777)
    feed = rig.write(os.path.join(d, "late.txt"), "# C2\nnobody.example\n")
    eve, state = os.path.join(d, "eve.json"), os.path.join(d, "state")
    config = rig.write(os.path.join(d, "hansho.yaml"), f"sensor_name: test\nstate_directory: {state}\n"
                       f"feeds:\n  - path: {feed}\nsinks:\n  - type: eve\n    path: {eve}\n")
    net = rig.Network()
    s = rig.Sensor(["watch", "-i", net.far, "-c", config], before=net.inside)
    if not s.wait_for("watching", 15):
        raise OSError("did not begin: " + s.text())
    net.send(CAPTURE, "--multiplier", "1100")
    written = rig.wait(lambda: os.path.exists(f"{state}/history/history.db") and (contacts(state)[1] or 0) > 60, 10)
    rig.check("history live: contacts are written while it runs", written, f"{contacts(state)}: {s.text()}")
    first = contacts(state)
    own = os.getpriority(os.PRIO_PROCESS, s.pid)
    given = {role: os.getpriority(os.PRIO_PROCESS, s.children(role)[0]) - own for role in ("keeper", "worker", "analyst")}
    rig.check("history live: the keeper lets the others go first", given == {"keeper": 5, "worker": 0, "analyst": 0}, given)
    # A new one after kill -9; contacts go on.
    os.kill(s.children("keeper")[0], signal.SIGKILL)
    back = rig.wait(lambda: s.children("keeper"), 10)
    net.send(OTHER, "--multiplier", "1100")
    more = rig.wait(lambda: contacts(state)[1] > first[1], 10)
    rig.check("history live: kill -9 of the keeper, and it goes on", back and more, f"{first} {contacts(state)}: {s.text()}")
    rig.check("history live: and that is told", rig.wait(lambda: any(r["hansho"]["kind"] == "sensor" for r in
              rig.records(eve)), 5), s.text())
    # A reload brings an indicator of what was called before.
    rig.write(feed, "# C2\ncdn-metrics.example\n")
    s.send(signal.SIGHUP)
    told = rig.wait(lambda: retro(eve), 15)
    rig.check("history live: an indicator that comes at a reload rings for earlier contacts", told and
              told[0]["hansho"]["subject"] == "cdn-metrics.example", f"{s.text()}")
    status, took = s.stop()
    rig.check("history live: ends cleanly", status == 0 and took < 8, f"status {status}, {took:.1f} s: {s.text()}")


if __name__ == "__main__":
    cases = [late_indicator, same_rows, novelty, uploads, census, all_or_nothing, hunting, in_use, damaged]
    why = rig.no_network()
    if why:
        rig.skip("history live", why)
    else:
        cases.append(live)
    rig.run_cases(cases)
