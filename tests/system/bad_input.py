#!/usr/bin/env python3
"""What is no capture, no feed, no receiver, or has no room: one clear line, status 1, and all else goes on."""
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

CAPTURE = os.path.join(rig.PCAPS, "emotet-like.pcap")
WAYS = (["--workers", "1"], ["--workers", "4"], ["--in-process"])
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def alerts_of(*files, words=()):
    """What a good replay says."""
    eve = os.path.join(rig.folder(), "eve.json")
    done = rig.replay(files, *rig.options(), "--quiet", "--eve", eve, *words)
    if done.returncode != 0:
        raise OSError(done.stderr)
    return rig.once(eve)


def complaints(text):
    return [line for line in text.splitlines() if ": info: " not in line]


# ---- captures ----

def captures():
    d = rig.folder(0o777)
    data = open(CAPTURE, "rb").read()
    bad = {
        "text": (rig.write(os.path.join(d, "text.pcap"), "this is no capture\n" * 20), "no"),
        "empty": (rig.write(os.path.join(d, "empty.pcap"), ""), "empty"),
        "a folder": (d, "directory"),
        "not there": (os.path.join(d, "nowhere.pcap"), "No such file"),
    }
    cut = os.path.join(d, "cut.pcap")
    with open(cut, "wb") as f:
        f.write(data[:len(data) * 2 // 3 + 7])
    whole = alerts_of(CAPTURE)
    frames = rig.frames_of(cut)
    before = alerts_of(rig.write_pcap(os.path.join(d, "before.pcap"), frames))
    for words in WAYS:
        way = words[-1] if words[0] == "--in-process" else f"{words[1]} workers"
        for name, (path, expected) in bad.items():
            said(f"{name}, {way}", [path], words, expected, [])
            said(f"{name} beside a good one, {way}", [path, CAPTURE], words, expected, whole)
        said(f"cut in the middle of a packet, {way}", [cut], words, "cut in the middle of packet", before)
    secret = rig.write(os.path.join(d, "secret.pcap"), "")
    os.chmod(secret, 0)
    if os.geteuid() == 0 and shutil.which("setpriv"):
        eve = os.path.join(d, "nobody.json")
        done = subprocess.run([*NOBODY, rig.HANSHO, "replay", "--quiet", "--eve", eve, secret], capture_output=True,
                              text=True, timeout=30)
        rig.check("captures: unreadable", done.returncode == 1 and len(complaints(done.stderr)) == 1 and
                  "Permission denied" in done.stderr, f"{done.returncode}: {done.stderr}")
    else:
        rig.skip("captures: unreadable", "needs root and setpriv, to be somebody else")


def said(name, files, words, expected, alerts):
    eve = os.path.join(rig.folder(), "eve.json")
    done = rig.replay(files, *rig.options(), "--quiet", "--eve", eve, *words)
    told = complaints(done.stderr)
    rig.check(f"captures: {name}", done.returncode == 1 and len(told) == 1 and expected in told[0] and files[0] in told[0],
              f"status {done.returncode}: {told}")
    rig.check(f"captures: {name}: alerts", rig.once(eve) == alerts, f"{len(rig.once(eve))} of {len(alerts)}")


# ---- feeds ----

def feeds():
    d = rig.folder()
    whole = alerts_of(CAPTURE)
    good = "".join(open(f, encoding="utf-8").read() for f in rig.DEMO_FEEDS[:1])
    broken = rig.write(os.path.join(d, "feodo.csv"), good + "\"2026-05-01 00:00:00\",\"not an address\",\"8080\",\"online\",\"\",\"Emotet\"\n")
    eve = os.path.join(d, "eve.json")
    done = rig.replay([CAPTURE], *rig.options([broken, *rig.DEMO_FEEDS[1:]]), "--quiet", "--eve", eve)
    told = complaints(done.stderr)
    rig.check("feeds: a broken line is told, its feed is used", done.returncode == 0 and len(told) == 1 and "line" in told[0] and
              [r["hansho"]["id"] for r in rig.records(eve)] and len(rig.once(eve)) == len(whole), f"{done.returncode}: {told}")
    page = rig.write(os.path.join(d, "x.html"), "<!doctype html><title>404</title>\n")
    eve = os.path.join(d, "page.json")
    done = rig.replay([CAPTURE], *rig.options([page, *rig.DEMO_FEEDS]), "--quiet", "--eve", eve)
    told = complaints(done.stderr)
    rig.check("feeds: one that is none: a line, the others are used", done.returncode == 1 and len(told) == 1 and
              rig.once(eve) == whole, f"{done.returncode}: {told}")
    for name, path in (("not there", os.path.join(d, "none.csv")), ("a folder", d)):
        done = rig.replay([CAPTURE], *rig.options([path]), "--quiet", "--eve", eve)
        told = complaints(done.stderr)
        rig.check(f"feeds: {name}: wrong usage, one line", done.returncode == 2 and len(told) == 1 and path in told[0],
                  f"{done.returncode}: {told}")


def deadly_feed():
    """A feed that ends the compiler twice is left out and named; signals from outside play its part while it is read."""
    d = rig.folder()
    pipe = os.path.join(d, "silent.txt")
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)
    eve = os.path.join(d, "eve.json")
    s = rig.Sensor(["replay", *rig.options([rig.DEMO_FEEDS[0], pipe, *rig.DEMO_FEEDS[1:]]), "--quiet", "--eve", eve, CAPTURE])
    victims = []
    for _ in range(2):
        new = rig.wait(lambda: [p for p in s.children("compile") if p not in victims], 5)
        rig.wait(lambda: (rig.stat_of(new[0]) or "   ")[2] == "S", 5)
        time.sleep(0.1)
        victims += new
        os.kill(new[0], signal.SIGSEGV)
    status = s.stop(0, 30)[0]
    os.close(held)
    told = [line for line in complaints(s.text()) if "left out" in line]
    rig.check("feeds: one that ends the compiler twice is left out and named", status == 1 and len(told) == 1 and
              "feed silent" in told[0], f"{status}: {s.said}")
    rig.check("feeds: and the others are used", len(rig.once(eve)) == len(alerts_of(CAPTURE)), f"{len(rig.once(eve))}")


# ---- receivers ----

class Receiver:
    """A web server that answers as `behave(number)` says: a status, or 'hang'."""

    def __init__(self, behave):
        self.got, self.asked, self.over = [], 0, threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.asked += 1
                answer = behave(receiver.asked)
                if answer == "hang":
                    receiver.over.wait(60)
                    return
                if answer < 300:
                    receiver.got.append(body)
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


def with_webhook(url, eve, more=""):
    text = f"sensor_name: test\nsinks:\n  - type: eve\n    path: {eve}\n"
    if url:
        text += f"  - type: webhook\n    url: {url}\n    timeout_ms: 300\n    retry_min_ms: 20\n    retry_max_ms: 200\n"
    text += more + "feeds:\n" + "".join(f"  - path: {f}\n" for f in rig.DEMO_FEEDS)
    return rig.write(eve + ".yaml", text)


def receivers():
    d = rig.folder()
    plain = os.path.join(d, "plain.json")
    if rig.replay([CAPTURE], "-c", with_webhook("", plain), "--quiet").returncode != 0:
        raise OSError("the replay without a receiver failed")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{s.getsockname()[1]}/hook"
        for name, behave in (("refuses", None), ("hangs", lambda n: "hang"), ("answers 500", lambda n: 500)):
            r = Receiver(behave) if behave else None
            eve = os.path.join(d, f"{name}.json")
            began = time.monotonic()
            done = rig.replay([CAPTURE], "-c", with_webhook(r.url if r else nobody, eve, "drain_sec: 2\n"), "--quiet")
            took = time.monotonic() - began
            told = [line for line in complaints(done.stderr) if "not delivered" in line]
            rig.check(f"a webhook that {name}: ends in time with status 1 and a line", done.returncode == 1 and took < 4 and
                      len(told) == 1 and "webhook" in told[0], f"{done.returncode}, {took:.1f} s: {done.stderr}")
            rig.check(f"a webhook that {name}: the other sink is complete", rig.once(eve) == rig.once(plain), "it is not")
            if r:
                r.close()


def recovers():
    """Fails five times, hangs once, then works: in the end it has all, and nobody waited for it."""
    d = rig.folder()
    capture = rig.repeated(os.path.join(d, "long.pcap"), CAPTURE, 40)
    without = os.path.join(d, "without.json")
    often = "alerts:\n  update_most_sec: 300\n"
    first = rig.replay([capture], "-c", with_webhook("", without, often))
    r = Receiver(lambda n: 500 if n <= 5 else "hang" if n == 6 else 204)
    eve = os.path.join(d, "with.json")
    second = rig.replay([capture], "-c", with_webhook(r.url, eve, "drain_sec: 60\n" + often))
    r.close()
    alerts = [line for line in rig.lines(eve) if '"event_type":"alert"' in line and '"quiet":true' not in line]
    rig.check("a webhook that recovers: gets every alert", second.returncode == 0 and
              sorted(set(r.got)) == sorted(set(alerts)) and len(alerts) > 200,
              f"{second.returncode}: {len(r.got)} of {len(alerts)}: {second.stderr}")
    rig.check("a webhook that recovers: the other sink is complete", rig.once(eve) == rig.once(without), "it is not")
    times = [detection(first.stderr), detection(second.stderr)]
    rig.check("a webhook that recovers: detection is no slower", None not in times and times[1] < 1.5 * times[0] + 0.5, f"{times}")
    print(f"  detection {times[0]:.2f} s without, {times[1]:.2f} s with a receiver that fails")


def detection(text):
    """Seconds that the last line of a replay tells."""
    for line in text.splitlines():
        if " frames, " in line and " s: " in line:
            return float(line.split(" in ")[-1].split(" s: ")[0])
    return None


# ---- a full disk ----

def in_full_disk(d, script, size="700k"):
    """`script` with a small file system at d, in a mount namespace of its own."""
    return subprocess.run(["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size={size} tmpfs {d} || exit 77\n{script}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def full_disk():
    d, out = rig.folder(), rig.folder()
    if os.geteuid() != 0 or shutil.which("unshare") is None or in_full_disk(d, "true").returncode != 0:
        rig.skip("full disk", "needs root and a mount namespace")
        return
    capture = rig.repeated(os.path.join(out, "long.pcap"), CAPTURE, 40)
    words = " ".join(["replay", "--records", "alert,beacon,http,tls,dns,flow", *rig.options(), "--workers", "2"])
    whole = os.path.join(out, "whole.json")
    frames = re.search(r" (\d+) frames", rig.replay([capture], *words.split()[1:], "--eve", whole).stderr)[1]
    for name, script, kept in (
            ("journal", f"TMPDIR={d} {rig.HANSHO} {words} --eve {out}/journal.json {capture}", f"{out}/journal.json"),
            ("EVE file", f"{rig.HANSHO} {words} --eve {d}/eve.json {capture}; s=$?; cp {d}/eve.json {out}/eve.json; exit $s",
             f"{out}/eve.json")):
        config = f"-c {rig.write(os.path.join(out, 'c.yaml'), 'drain_sec: 1' + chr(10))}"
        done = in_full_disk(d, script.replace(words, f"{words} {config}"))
        told = complaints(done.stderr)
        full = [line for line in told if "No space left" in line or "could not be written" in line]
        rig.check(f"full disk, {name}: status 1, told", done.returncode == 1 and full and len(told) <= 6, f"{done.returncode}: {told}")
        rig.check(f"full disk, {name}: detection went on to the end", detection(done.stderr) and
                  f" {frames} frames" in done.stderr, done.stderr)
        got = rig.lines(kept)
        rig.check(f"full disk, {name}: what was delivered is whole", got and not set(got) - set(rig.lines(whole)), f"{len(got)} lines")
        rig.check(f"full disk, {name}: no half line", open(kept, encoding="utf-8").read().endswith("\n"), "there is one")


# ---- signals, pipes ----

def pipe():
    """Alerts come while the pipe is open; Ctrl-C ends at once and tells what was found."""
    data = open(CAPTURE, "rb").read()
    for words in WAYS:
        eve = os.path.join(rig.folder(), "eve.json")
        s = rig.Sensor(["replay", *rig.options(), *words, "--eve", eve, "-"], stdin=subprocess.PIPE)
        s.process.stdin.buffer.write(data[:len(data) // 2])
        s.process.stdin.buffer.flush()
        if words[0] != "--in-process":
            rig.check(f"pipe, {words}: alerts come before its end", rig.wait(lambda: rig.records(eve), 5), s.text())
        else:
            time.sleep(0.5)
        status, took = s.stop(signal.SIGINT, 10)
        rig.check(f"pipe, {words}: Ctrl-C ends it", status == 1 and took < 1.5, f"{status}, {took:.1f} s: {s.text()}")
        states = [r["hansho"]["state"] for r in rig.records(eve)]
        rig.check(f"pipe, {words}: its alerts are closed", states and states.count("open") == states.count("close"), states)
        s.process.stdin.close()


def ctrl_c():
    """Once: what was found is told. Twice: a receiver that hangs is not waited for."""
    r = Receiver(lambda n: "hang")
    eve = os.path.join(rig.folder(), "eve.json")
    s = rig.Sensor(["replay", "-c", with_webhook(r.url, eve, "drain_sec: 60\n"), CAPTURE])
    rig.wait(lambda: rig.records(eve), 5)
    time.sleep(0.5)
    status, took = s.stop(signal.SIGINT, 10)
    r.close()
    rig.check("Ctrl-C ends the wait for a receiver", status == 1 and took < 1 and "not delivered" in s.text(), f"{status}, {took:.1f} s: {s.text()}")
    rig.check("and nobody is left", not s.children(), s.children())


def two_at_once():
    whole = alerts_of(CAPTURE)
    d = rig.folder()
    runs = [rig.Sensor(["replay", *rig.options(), "--workers", "2", "--eve", f"{d}/{n}.json", CAPTURE],
                       env={**os.environ, "TMPDIR": d}) for n in range(2)]
    good = [s.stop(0, 30)[0] == 0 for s in runs]
    rig.check("two replays at once do not meet", all(good) and all(rig.once(f"{d}/{n}.json") == whole for n in range(2)), good)
    rig.check("and leave nothing behind", not [n for n in os.listdir(d) if n.startswith("hansho-")], os.listdir(d))


def quick():
    """Ten packets: the machinery around them costs little. Processor time and the best of some runs: others work here too."""
    few = rig.write_pcap(os.path.join(rig.folder(), "few.pcap"), rig.frames_of(CAPTURE)[:10])
    for words in WAYS:
        wall, spent = 9.0, 9.0
        for _ in range(8):
            began, before = time.monotonic(), os.times()
            done = rig.replay([few], "--quiet", *words)
            after = os.times()
            wall = min(wall, time.monotonic() - began)
            spent = min(spent, after[2] + after[3] - before[2] - before[3])
            if done.returncode != 0:
                raise OSError(done.stderr)
        rig.check(f"ten packets take no time, {words[-1]}", spent < 0.3 and wall < 1, f"{wall:.3f} s, processor {spent:.3f} s")
        print(f"  ten packets, {words[-1]}: {1000 * wall:.0f} ms, processor {1000 * spent:.0f} ms")


def no_room():
    """A TMPDIR that is none."""
    done = rig.replay([CAPTURE], "--quiet", env={**os.environ, "TMPDIR": "/nowhere"})
    rig.check("no folder for the journal: one line", done.returncode == 1 and len(done.stderr.splitlines()) == 1 and
              "/nowhere" in done.stderr, done.stderr)
    for path in ("/nowhere/eve.json", rig.folder()):
        done = rig.replay([CAPTURE], "--quiet", "--eve", path)
        told = complaints(done.stderr)
        rig.check("an EVE file that cannot be one: one line", done.returncode == 1 and len(told) == 1 and path in told[0], done.stderr)


rig.run_cases([captures, feeds, deadly_feed, receivers, recovers, full_disk, pipe, ctrl_c, two_at_once, quick, no_room])
