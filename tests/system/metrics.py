#!/usr/bin/env python3
"""What a running sensor tells of itself: /metrics as promtool wants it, numbers that are true, readiness, a porter that
lasts, wrong addresses."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

CAPTURE = os.path.join(rig.PCAPS, "emotet-like.pcap")
LISTEN = "127.0.0.1:9477"


def begin(extra="", workers=1, wait=True, sinks="", feeds=True):
    """A sensor, its folder."""
    folder = rig.folder(0o777)
    feeds = "feeds:\n" + "".join(f"  - path: {f}\n" for f in rig.DEMO_FEEDS) if feeds else ""
    config = rig.write(os.path.join(folder, "hansho.yaml"), f"sensor_name: test\nstate_directory: {folder}/state\n"
                       f"workers: {workers}\n{feeds}sinks:\n  - type: eve\n    name: eve\n    path: {folder}/eve.json\n{sinks}{extra}")
    sensor = rig.Sensor(["watch", "-i", net.far, "-c", config], before=net.inside)
    if wait and not sensor.wait_for("watching", 15):
        raise OSError("did not begin: " + sensor.text())
    return sensor, folder


def ask(folder, page, *words):
    """Status and body, over the socket in the state directory."""
    done = subprocess.run(["curl", "-s", "-m", "5", "-w", "\n%{http_code}", *words, "--unix-socket",
                           os.path.join(folder, "state", "status.sock"), f"http://localhost{page}"],
                          capture_output=True, text=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), body


def ask_port(page, *words):
    done = subprocess.run([*net.inside, "curl", "-s", "-m", "5", "-w", "\n%{http_code}", *words,
                           f"http://{LISTEN}{page}"], capture_output=True, text=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), body


def numbers(text):
    """Lines of /metrics: {name{labels}: number}."""
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines()
            if line and not line.startswith("#")}


def total(found, name):
    return sum(n for key, n in found.items() if key == name or key.startswith(name + "{"))


def truth():
    sensor, folder = begin(workers=2)
    rig.check("ready", rig.wait(lambda: ask_port("/readyz")[0] == 200, 5), ask_port("/readyz"))
    rig.check("not everybody is told of receivers", ask_port("/status")[0] == 404, ask_port("/status"))
    rig.check("healthy", ask_port("/healthz") == (200, "ok\n"), ask_port("/healthz"))
    before = total(numbers(ask_port("/metrics")[1]), "hansho_frames_total")
    sent = net.send(CAPTURE, "--topspeed")
    rig.wait(lambda: total(numbers(ask_port("/metrics")[1]), "hansho_frames_total") >= before + sent, 5)
    time.sleep(0.5)
    text = ask_port("/metrics")[1]
    found = numbers(text)
    seen = total(found, "hansho_frames_total") - before
    rig.check("frames are counted as sent", seen == sent, f"sent {sent}, told {seen}")
    rig.check("nothing is dropped", total(found, "hansho_drops_total") == 0, found)

    def alerts():
        return [r for r in rig.records(os.path.join(folder, "eve.json")) if r["hansho"]["state"] == "open"]

    def told():
        return total(numbers(ask_port("/metrics")[1]), "hansho_alerts_total")
    rig.check("alerts are counted", rig.wait(lambda: told() == len(alerts()) > 0, 5), f"{told()} told, {len(alerts())} in the file")
    text = ask_port("/metrics")[1]
    found = numbers(text)
    kinds = {k for k in found if k.startswith("hansho_alerts_total{")}
    rig.check("by kind and severity", all('kind="' in k and 'severity="' in k for k in kinds), kinds)
    rig.check("both workers have a share", all(found[f'hansho_frames_total{{worker="{n}"}}'] > 0 for n in (0, 1)), found)
    rig.check("parsers", found['hansho_protocol_flows_total{worker="0",protocol="tls"}']
              + found['hansho_protocol_flows_total{worker="1",protocol="tls"}'] > 0, found)
    rig.check("feeds: entries", found['hansho_feed_entries{feed="domains"}'] > 0, found)
    rig.check("feeds: age", found['hansho_feed_age_seconds{feed="domains"}'] >= 0, found)
    rig.check("sinks: delivered", found['hansho_sink_delivered_total{sink="eve"}'] >= len(alerts()), found)
    rig.check("sinks: no lag", found['hansho_sink_lag_records{sink="eve"}'] == 0, found)
    up = {k.split('"')[1] for k, n in found.items() if k.startswith("hansho_process_up{") and n == 1}
    rig.check("processes", up == {"supervisor", "analyst", "keeper", "courier", "porter", "worker-0", "worker-1"}, up)
    rig.check("memory", all(found[f'hansho_process_resident_memory_bytes{{process="{p}"}}'] > 100000 for p in up), found)
    promtool(text)
    totals(folder, found)
    status, _ = sensor.stop()
    rig.check("ends cleanly", status == 0, sensor.text())


def promtool(text):
    if shutil.which("promtool") is None:
        rig.skip("promtool check metrics", "promtool is not installed (Debian package prometheus)")
        return
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    rig.check("promtool check metrics", done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr)


def totals(folder, found):
    """The same numbers as JSON, and their sums over the workers."""
    state = json.loads(ask(folder, "/status")[1])
    rig.check("status: the same sensor", state["sensor"] == "test" and state["interface"] == net.far, state)
    parts = [w["flows"] for w in state["per_worker"]]
    rig.check("status: sums over workers", state["total"]["flows"] == sum(parts) == total(found, "hansho_flows_total"), parts)
    latest = max(w.get("last_frame_timestamp_seconds", 0) for w in state["per_worker"])
    rig.check("status: of times the latest", state["total"]["last_frame_timestamp_seconds"] == latest, state["total"])


def failing_sink():
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    sensor, folder = begin(sinks=f"  - type: webhook\n    name: hook\n    url: http://127.0.0.1:{free.getsockname()[1]}/\n")
    net.send(CAPTURE, "--topspeed")
    good = rig.wait(lambda: numbers(ask(folder, "/metrics")[1]).get('hansho_sink_lag_seconds{sink="hook"}', 0) > 1, 10)
    found = numbers(ask(folder, "/metrics")[1])
    rig.check("a sink that fails is told", good and found['hansho_sink_failing{sink="hook"}'] == 1
              and found['hansho_sink_failures_total{sink="hook"}'] > 0 and found['hansho_sink_lag_records{sink="hook"}'] > 0,
              {k: n for k, n in found.items() if "sink" in k})
    rig.check("the other one is not", found['hansho_sink_failing{sink="eve"}'] == 0, found)
    sensor.send(signal.SIGTERM)
    time.sleep(0.3)
    sensor.end()


def porter():
    """It is shut in, bounded, and replaced."""
    sensor, folder = begin()
    rig.wait(lambda: ask(folder, "/readyz")[0] == 200, 5)
    pid = sensor.children("porter")[0]
    s = rig.status_of(pid)
    rig.check("porter: system calls are filtered", s["Seccomp"] == "2" and int(s["CapPrm"], 16) == 0, s)
    mode = os.stat(os.path.join(folder, "state", "status.sock")).st_mode & 0o777
    rig.check("porter: not everybody may ask the socket", mode == 0o660, oct(mode))
    rig.check("porter: nothing may be changed", ask(folder, "/metrics", "-X", "POST", "-d", "x")[0] in (405, 501),
              ask(folder, "/metrics", "-X", "POST", "-d", "x"))
    rig.check("porter: another page", ask(folder, "/x")[0] == 404, ask(folder, "/x"))
    rig.check("porter: a long header", ask(folder, "/metrics", "-H", "X: " + "x" * 20000)[0] in (400, 413, 0), "it answered")
    rig.check("porter: HEAD", ask(folder, "/metrics", "-I")[0] == 200, ask(folder, "/metrics", "-I"))
    idle = []
    for _ in range(100):
        c = socket.socket(socket.AF_UNIX)
        c.setblocking(False)
        try:
            c.connect(os.path.join(folder, "state", "status.sock"))
            c.send(b"GET /metr")
        except OSError:
            pass
        idle.append(c)
    time.sleep(2)
    ticks = open(f"/proc/{pid}/stat", encoding="utf-8").read().rpartition(")")[2].split()
    rig.check("porter: who stands in the door costs no time", int(ticks[11]) + int(ticks[12]) < 50, ticks[11:13])
    rig.check("porter: the door opens again", rig.wait(lambda: ask(folder, "/healthz")[0] == 200, 12), sensor.text())
    for c in idle:
        c.close()
    os.kill(pid, signal.SIGKILL)
    rig.check("porter: its death is told", sensor.wait_for("metrics and status come back", 5), sensor.text())
    rig.check("porter: a new one answers", rig.wait(lambda: ask(folder, "/readyz")[0] == 200, 5), sensor.text())
    analyst = sensor.children("analyst")[0]
    os.kill(analyst, signal.SIGKILL)
    rig.check("porter: not ready without an analyst, ready again", rig.wait(lambda: ask(folder, "/readyz")[0] == 200, 8), "")
    found = rig.wait(lambda: numbers(ask(folder, "/metrics")[1]).get('hansho_process_starts_total{process="analyst"}') == 2, 5)
    rig.check("porter: restarts are counted", found, ask(folder, "/metrics")[1])
    sensor.stop()


def status():
    """The same to a person: once, as JSON, live in a terminal."""
    sensor, folder = begin(workers=2)
    config = os.path.join(folder, "hansho.yaml")
    rig.wait(lambda: ask(folder, "/readyz")[0] == 200, 5)
    net.send(CAPTURE, "--topspeed")
    time.sleep(1)
    done = subprocess.run([rig.HANSHO, "status", "-c", config], capture_output=True, text=True, timeout=10)
    rig.check("status: ready", done.returncode == 0 and "ready" in done.stdout.splitlines()[0], done.stdout + done.stderr)
    for part in ("traffic", "lost      nothing", "workers", "alerts", "domains: ", "eve: ", "memory"):
        rig.check(f"status: {part.strip(': ')}", part in done.stdout, done.stdout)
    done = subprocess.run([rig.HANSHO, "status", "-c", config, "--json"], capture_output=True, text=True, timeout=10)
    rig.check("status: JSON", json.loads(done.stdout)["total"]["frames"] >= 1596, done.stdout)
    out = live(["status", "-c", config], 3.5)
    rig.check("status: live", out.count("\033[H\033[J") >= 3 and "frames/s" in out, out)
    status_code, _ = sensor.stop()
    done = subprocess.run([rig.HANSHO, "status", "-c", config], capture_output=True, text=True, timeout=10)
    rig.check("status: no sensor", done.returncode == 1 and done.stderr.startswith("hansho: status: no sensor runs here")
              and done.stderr.count("\n") == 1, done.stderr)


def live(words, seconds):
    """What a terminal of its own shows until ^C."""
    ours, theirs = os.openpty()
    child = subprocess.Popen([rig.HANSHO, *words], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    time.sleep(seconds)
    child.send_signal(signal.SIGINT)
    out = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            part = b""
        if not part:
            break
        out += part
    os.close(ours)
    rig.check("status: ^C ends it", child.wait(5) == 0, child.returncode)
    return out.decode(errors="replace")


def own_traffic():
    """What this machine sends to its own receivers does not ring; what another one sends there does."""
    rig.Network.call("ip", "-n", net.name, "addr", "add", "10.8.0.1/32", "dev", net.far)
    listed = rig.write(os.path.join(rig.folder(), "c2.txt"), "203.0.113.50\nhook.example\n")
    sensor, folder = begin(f"feeds:\n  - path: {listed}\n", feeds=False,
                           sinks="  - type: webhook\n    name: a\n    url: http://203.0.113.50:9/\n"
                                 "  - type: webhook\n    name: b\n    url: http://user:secret@hook.example/x\n")
    eve = os.path.join(folder, "eve.json")
    calls = "".join(f"at {n} {host} post http://203.0.113.50:9/ body=10 size=10\nat {n} {host} get http://hook.example/ size=10\n"
                    for n in (0, 1) for host in ("me", "other"))
    net.send(rig.recipe(os.path.join(folder, "calls.pcap"), "start 2026-01-01T00:00:00Z\nhost me 10.8.0.1\nhost other 10.8.0.2\n"
                        "host dns 10.8.0.3\nresolver 10.8.0.3\nname hook.example 203.0.113.51\n" + calls), "--topspeed")
    rig.check("own traffic: another host rings", rig.wait(lambda: len({r["hansho"]["subject"] for r in rig.records(eve)
              if r["hansho"].get("host") == "10.8.0.2"}) >= 2, 8), rig.lines(eve))
    rig.check("own traffic: does not", not [r for r in rig.records(eve) if r["hansho"].get("host") == "10.8.0.1"], rig.lines(eve))
    found = numbers(ask(folder, "/metrics")[1])
    rig.check("own traffic: is counted", found["hansho_own_observations_total"] > 4, found)
    rig.Network.call("ip", "-n", net.name, "addr", "del", "10.8.0.1/32", "dev", net.far)
    sensor.send(signal.SIGTERM)
    time.sleep(0.2)
    sensor.end()


def wrong_addresses():
    sensor, _ = begin("metrics:\n  listen: nowhere\n", wait=False)
    status, _ = sensor.stop(0)
    said = [line for line in sensor.said if "metrics.listen" in line]
    rig.check("an address that is none", status == 1 and len(said) == 1 and "127.0.0.1:9477" in said[0], sensor.text())
    config = rig.write(os.path.join(rig.folder(), "hansho.yaml"), "metrics:\n  listen: 127.0.0.1\n")
    done = subprocess.run([rig.HANSHO, "check", "-c", config], capture_output=True, text=True, timeout=20)
    rig.check("an address that is none: hansho check", done.returncode == 1 and "metrics   NOT AN ADDRESS" in done.stdout, done.stdout)
    sensor, folder = begin("metrics:\n  listen: \"\"\n")
    rig.check("no port", rig.wait(lambda: ask(folder, "/readyz")[0] == 200, 5) and ask_port("/readyz")[0] == 0, f"{ask(folder, '/readyz')} {ask_port('/readyz')}")
    other, _ = begin()
    third, elsewhere = begin()
    rig.check("a port that is taken: said, and the socket answers", third.wait_for("metrics.listen: 127.0.0.1:9477", 5)
              and rig.wait(lambda: ask(elsewhere, "/readyz")[0] == 200, 5), third.text())
    for s in (sensor, other, third):
        s.stop()


reason = rig.no_network()
if reason is not None:
    rig.skip("metrics", reason)
    sys.exit(0)
net = rig.Network()
rig.Network.call("ip", "-n", net.name, "link", "set", "lo", "up")
rig.run_cases([truth, failing_sink, porter, status, own_traffic, wrong_addresses])
