#!/usr/bin/env python3
"""A sensor that sees too little says so, once, and says when that is over; one that sees well says nothing of the kind."""
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

CAPTURE = os.path.join(rig.PCAPS, "emotet-like.pcap")
BLINDNESS = ("drain_sec: 1\nblindness:\n  window_sec: 1\n  quiet_sec: 2\n  silent_flows: 25\n  sink_lag_sec: 1\n"
             "metrics:\n  listen: \"\"\n")


def begin(extra="", sinks=""):
    folder = rig.folder(0o777)
    config = rig.write(os.path.join(folder, "hansho.yaml"), f"sensor_name: test\nstate_directory: {folder}/state\n"
                       f"sinks:\n  - type: eve\n    path: {folder}/eve.json\n{sinks}{BLINDNESS}{extra}")
    sensor = rig.Sensor(["watch", "-i", here.net.far, "-c", config], before=here.net.inside)
    if not sensor.wait_for("watching", 15):
        raise OSError("did not begin: " + sensor.text())
    return sensor, os.path.join(folder, "eve.json")


def troubles(eve, subject, state=None):
    """Revisions of the sensor's own alerts about this."""
    return [r for r in rig.records(eve) if r["hansho"]["kind"] == "sensor" and r["hansho"]["subject"] == subject
            and state in (None, r["hansho"]["state"])]


def expect(name, eve, subject, bad, good):
    """`bad` opens one alert, `good` closes it."""
    before = len(troubles(eve, subject, "open"))
    bad()
    rig.check(f"{name}: is told", rig.wait(lambda: len(troubles(eve, subject, "open")) > before, 6), rig.lines(eve)[-3:])
    time.sleep(1.1)
    opened = len(troubles(eve, subject, "open")) - before
    rig.check(f"{name}: once", opened == 1, f"{opened} times")
    good()
    rig.check(f"{name}: it is over", rig.wait(lambda: len(troubles(eve, subject, "close")) == before + 1, 6), rig.lines(eve)[-3:])


HELLO = "hello browser ciphers=0x2a2a,4865,4866,4867,49195,49199,49196,49200,52393,52392,49171,49172,156,157,47,53 extensions=0x4a4a,0,23,0xff01,10,11,35,16,5,13,18,51,45,43,27 groups=0x6a6a,29,23,24 versions=0x8a8a,0x0304,0x0303\n"
runs = itertools.count(1)
here = threading.local()


def capture(change=lambda frame: frame, names=True):
    """Conversations of hosts that nobody has seen before; each frame changed, or left out (None)."""
    number = next(runs)
    folder = rig.folder()
    host = f"host pc 10.1.{number}.1\nhost dns 10.1.{number}.2\nresolver 10.1.{number}.2\nname www.a.example 203.0.113.1\n"
    lines = "".join(f"at {n / 50} pc get http://203.0.113.{n + 1}/ size=100 rtt=0.001\n" +
                    (f"at {n / 50} pc lookup www.a.example\nat {n / 50 + 0.01} pc tls 203.0.113.{n + 1} hello=browser sni=www.a.example rtt=0.001\n"
                     if names else "") for n in range(140))
    path = rig.recipe(os.path.join(folder, "made.pcap"), "start 2026-01-01T00:00:00Z\n" + HELLO + host + lines)
    frames = [(ns, change(frame)) for ns, frame in rig.frames_of(path)]
    return rig.write_pcap(os.path.join(folder, "changed.pcap"), [(ns, f) for ns, f in frames if f is not None])


def send(**how):
    """Over two seconds: one window at least has nothing else."""
    def run():
        path = capture(**how)
        here.net.send(path, "--pps", str(len(rig.frames_of(path)) // 2))
    return run


def from_home(frame):
    return frame if frame[12:14] == b"\x08\x00" and frame[26] == 10 else None


def broken(frame):
    """Every TCP and UDP checksum of IPv4 is another."""
    if frame[12:14] != b"\x08\x00" or frame[23] not in (6, 17):
        return frame
    at = 14 + (frame[14] & 15) * 4 + (16 if frame[23] == 6 else 6)
    return frame[:at] + bytes([frame[at] ^ 0x55, frame[at + 1] ^ 0xaa or 1]) + frame[at + 2:]


def what_arrives():
    sensor, eve = begin("checksum: strict\n")
    good = send()
    expect("no packets", eve, "no packets arrive", lambda: time.sleep(2), good)
    expect("one direction", eve, "only one direction of conversations arrives", send(change=from_home), good)
    expect("wrong checksums", eve, "most checksums are wrong", send(change=broken), good)
    expect("no TLS", eve, "no TLS among many conversations", send(names=False), good)
    rig.check("no DNS: the same", rig.wait(lambda: troubles(eve, "no DNS among many conversations", "close"), 6), rig.lines(eve)[-3:])
    sensor.stop()


def cut_frames():
    sensor, eve = begin("capture:\n  snaplen: 96\n")
    send()()
    rig.check("cut frames are told", rig.wait(lambda: troubles(eve, "frames arrive cut", "open"), 6), rig.lines(eve)[-3:])
    sensor.stop()


def kernel_drops():
    sensor, eve = begin("capture:\n  buffer_mib: 1\n")
    worker = rig.wait(lambda: sensor.children("worker"), 5)[0]

    def flood():
        os.kill(worker, signal.SIGSTOP)
        here.net.send(CAPTURE, "--topspeed", "--loop", "10")
        os.kill(worker, signal.SIGCONT)
    expect("kernel drops", eve, "the kernel drops frames", flood, send())
    sensor.stop()


def overload():
    """Bodies first, then streams, then parsing; what feeds know rings all the while, and all comes back."""
    folder = rig.folder()
    feed = rig.write(os.path.join(folder, "c2.txt"), "198.51.100.23\n")
    sensor, eve = begin(f"capture:\n  buffer_mib: 1\noverload:\n  calm_sec: 1\nfeeds:\n  - path: {feed}\n")
    worker = rig.wait(lambda: sensor.children("worker"), 5)[0]
    bad = rig.recipe(os.path.join(folder, "bad.pcap"), "start 2026-01-01T00:00:00Z\nhost pc 10.9.9.9\n"
                     "at 0 pc post http://198.51.100.23:8080/x body=10 size=10\n")
    subject = "there is more traffic than the sensor can follow"
    for _ in range(3):
        os.kill(worker, signal.SIGSTOP)
        here.net.send(CAPTURE, "--topspeed", "--loop", "10")
        os.kill(worker, signal.SIGCONT)
        time.sleep(1.1)
    rig.check("overload: is told", rig.wait(lambda: troubles(eve, subject, "open"), 3), sensor.text())
    here.net.send(bad, "--topspeed")
    rig.check("overload: feeds ring all the same", rig.wait(lambda: [r for r in rig.records(eve) if r["hansho"]["kind"] == "indicator"
              and r["hansho"]["host"] == "10.9.9.9"], 5), rig.lines(eve)[-3:])
    rig.check("overload: it is over", rig.wait(lambda: troubles(eve, subject, "close"), 12), sensor.text())
    shed = [line for line in sensor.said if "not looked into" in line or "nothing is parsed" in line]
    # Two steps may be taken before the first is told: then its line says both.
    rig.check("overload: in the stated order", shed and "bodies are not looked into" in shed[0], sensor.text())
    sensor.stop()


RECEIVER = """
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8080), Receiver).serve_forever()
"""


def sink_behind():
    sensor, eve = begin(sinks="  - type: webhook\n    name: hook\n    url: http://127.0.0.1:8080/\n    retry_max_ms: 500\n")
    server = []

    def listen():
        server.append(subprocess.Popen([*here.net.inside, sys.executable, "-c", RECEIVER], stderr=subprocess.DEVNULL))
    # A sensor without packets has something to say.
    expect("a sink behind", eve, "sink hook is too far behind", lambda: time.sleep(3), listen)
    sensor.stop()
    server[0].kill()
    server[0].wait()


def all_is_well():
    """The twin of all of them."""
    captures = [capture() for _ in range(4)]        # to make one takes as long as the sensor waits for packets
    sensor, eve = begin()
    for path in captures:
        here.net.send(path, "--pps", "3000")
    told = [r["alert"]["signature"] + ": " + r["hansho"]["reason"] for r in rig.records(eve) if r["hansho"]["kind"] == "sensor"]
    rig.check("who sees well says nothing", not told, told)
    rig.check("nor in the log", not [line for line in sensor.said if ": warning:" in line], sensor.text())
    sensor.stop()


reason = rig.no_network()
if reason is not None:
    rig.skip("blindness", reason)
    sys.exit(0)


def alone(case):
    """Each in a network of its own, all at once: most of the time is waiting."""
    def run():
        try:
            here.net = rig.Network()
            rig.Network.call("ip", "-n", here.net.name, "link", "set", "lo", "up")
            case()
        except Exception as e:
            rig.fail(case.__name__, f"{type(e).__name__}: {e}")
    return threading.Thread(target=run)


threads = [alone(case) for case in (what_arrives, cut_frames, kernel_drops, overload, sink_behind, all_is_well)]
for t in threads:
    t.start()
for t in threads:
    t.join()
sys.exit(1 if rig.failures else 0)
