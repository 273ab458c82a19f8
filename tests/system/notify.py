#!/usr/bin/env python3
"""What hansho watch tells a service manager: ready, alive, reloading, stopping, one line of status."""
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig


class Manager:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.socket.setblocking(False)
        self.heard = []

    def listen(self):
        while True:
            try:
                self.heard += [(time.monotonic(), line) for line in self.socket.recv(4096).decode().split("\n")]
            except BlockingIOError:
                return self.heard

    def has(self, words, since=0):
        return [t for t, line in self.listen() if line.startswith(words) and t > since]


def life():
    folder = rig.folder(0o777)
    manager = Manager(folder)
    config = rig.write(os.path.join(folder, "hansho.yaml"), f"state_directory: {folder}/state\nmetrics:\n  listen: \"\"\n"
                       f"feeds:\n  - path: {rig.DEMO_FEEDS[0]}\nsinks:\n  - type: eve\n    path: {folder}/eve.json\n")
    env = dict(os.environ, NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="1000000")
    sensor = rig.Sensor(["watch", "-i", net.far, "-c", config], before=net.inside, env=env)
    rig.check("ready", rig.wait(lambda: manager.has("READY=1"), 10), manager.heard)
    rig.check("ready once", len(manager.has("READY=1")) == 1, manager.heard)
    rig.check("and only when every process works", all(sensor.children(r) for r in ("worker", "analyst", "courier")), sensor.text())
    since = time.monotonic()
    time.sleep(2.2)
    rig.check("alive, twice in the time it has", 3 <= len(manager.has("WATCHDOG=1", since)) <= 6, manager.heard)
    rig.check("a line of status", any("frames/s" in line for _, line in manager.heard), manager.heard)
    since = time.monotonic()
    sensor.send(signal.SIGHUP)
    rig.check("reloading, then ready", rig.wait(lambda: manager.has("READY=1", since), 10)
              and manager.has("RELOADING=1", since) and manager.has("MONOTONIC_USEC=", since), manager.heard)
    os.kill(sensor.pid, signal.SIGSTOP)
    time.sleep(0.2)
    manager.listen()
    since = time.monotonic()
    time.sleep(1.5)
    rig.check("a supervisor that stands still says nothing", not manager.has("WATCHDOG=1", since), manager.heard)
    os.kill(sensor.pid, signal.SIGCONT)
    rig.check("alive again", rig.wait(lambda: manager.has("WATCHDOG=1", since), 3), manager.heard)
    status, _ = sensor.stop()
    rig.check("stopping", manager.has("STOPPING=1") and status == 0, manager.heard)


def nobody_listens():
    folder = rig.folder(0o777)
    config = rig.write(os.path.join(folder, "hansho.yaml"), f"state_directory: {folder}/state\nmetrics:\n  listen: \"\"\n")
    for name in (os.path.join(folder, "nothing"), "relative", "", "@" + "x" * 200):
        sensor = rig.Sensor(["watch", "-i", net.far, "-c", config], before=net.inside,
                            env=dict(os.environ, NOTIFY_SOCKET=name, WATCHDOG_USEC="soon", WATCHDOG_PID="1"))
        good = sensor.wait_for("watching", 10)
        status, _ = sensor.stop()
        rig.check(f"nobody listens at \"{name[:20]}\"", good and status == 0, sensor.text())


reason = rig.no_network()
if reason is not None:
    rig.skip("notify", reason)
    sys.exit(0)
net = rig.Network()
rig.run_cases([life, nobody_listens])
