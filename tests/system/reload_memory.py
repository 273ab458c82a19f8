#!/usr/bin/env python3
"""A reload holds the old image of the indicators and the new one, never a third, and loses no packet that was there before."""
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

CAPTURE = os.path.join(rig.PCAPS, "office-like.pcap")
COUNT = 100_000


def images(pids):
    """{inode: bytes} of the images that any of these processes has mapped or open: the pages that are there."""
    found, pages = {}, {}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as f:
                for line in f:
                    if "hansho-indicators" in line:
                        span, _, _, _, inode = line.split()[:5]
                        low, high = (int(x, 16) for x in span.split("-"))
                        found[inode] = max(found.get(inode, 0), high - low)
            for fd in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{fd}"
                if "hansho-indicators" in os.readlink(path):
                    st = os.stat(path)
                    pages[str(st.st_ino)] = st.st_blocks * 512
        except OSError:
            continue
    return {**found, **pages}


class Looking(threading.Thread):
    """As often as it can."""

    def __init__(self, sensor):
        super().__init__(daemon=True)
        self.sensor, self.done, self.peak, self.most, self.looks = sensor, False, 0, 0, 0

    def run(self):
        while not self.done:
            now = images([self.sensor.process.pid, *self.sensor.children()])
            self.peak, self.most = max(self.peak, sum(now.values())), max(self.most, len(now))
            self.looks += 1
            time.sleep(.002)


def feed(path, first):
    rig.write(path, "# C2\n" + "".join(f"h{n:x}.d{n % 997}.invalid-list.example\n" for n in range(first, first + COUNT)))


def reload():
    d = rig.folder(0o777)
    path, eve = os.path.join(d, "list.txt"), os.path.join(d, "eve.json")
    feed(path, 0)
    config = rig.write(os.path.join(d, "hansho.yaml"), f"sensor_name: test\nstate_directory: {d}/state\nworkers: 2\n"
                       f"feeds:\n  - path: {path}\nsinks:\n  - type: eve\n    path: {eve}\n")
    net = rig.Network()
    s = rig.Sensor(["watch", "-i", net.far, "-c", config], before=net.inside)
    if not s.wait_for("watching", 20):
        raise OSError("did not begin: " + s.text())
    before = images([s.process.pid, *s.children()])
    rig.check("reload: all processes share one image", len(before) == 1 and sum(before.values()) > COUNT * 20, f"{before}")
    look = Looking(s)
    look.start()
    sending = threading.Thread(target=net.send, args=(CAPTURE, "--multiplier", "600"))
    sending.start()
    for n in range(2):
        feed(path, (n + 1) * COUNT)
        said = s.text().count("in force")
        s.send(signal.SIGHUP)
        rig.check(f"reload {n + 1} comes into force", rig.wait(lambda: s.text().count("in force") > said, 20), s.text()[-400:])
        rig.wait(lambda: len(images([s.process.pid, *s.children()])) == 1, 10)
    sending.join()
    look.done = True
    look.join()
    after = images([s.process.pid, *s.children()])
    one = max(sum(before.values()), sum(after.values()))
    rig.check("reload: the old one goes", len(after) == 1 and after.keys() != before.keys(), f"{before} {after}")
    rig.check("reload: never more than old and new", look.looks > 20 and look.most == 2 and look.peak <= 2.02 * one,
              f"{look.most} images, {look.peak} bytes of {one} each, {look.looks} looks")
    status, _ = s.stop()
    dropped = re.search(r"(\d+) dropped by the kernel", s.text())
    rig.check("reload: no packet is lost", status == 0 and dropped and dropped.group(1) == "0", s.text()[-600:])


if __name__ == "__main__":
    why = rig.no_network()
    if why:
        rig.skip("reload", why)
    else:
        rig.run_cases([reload])
