"""Rounds of: a replay, kill -9 of one of its processes at a random moment; the result is the same as without."""
import glob
import os
import random
import re
import signal
import subprocess
import time

import rig

RECORDS = ["--records", "alert,beacon,http,tls,dns,flow"]
ROLES = ("worker", "analyst", "courier", "reader", "compile")


class Killing:
    def __init__(self, copies):
        self.dir = rig.folder()
        self.capture = rig.repeated(os.path.join(self.dir, "long.pcap"), os.path.join(rig.PCAPS, "emotet-like.pcap"), copies)
        self.packed = self.capture + ".gz"
        with open(self.packed, "wb") as f:
            subprocess.run(["gzip", "-1", "-c", self.capture], stdout=f, check=True)
        feed = rig.write(os.path.join(self.dir, "long.txt"), "".join(f"h{n}.c2.example\n" for n in range(100000)))
        self.feeds = rig.options([*rig.DEMO_FEEDS, feed])
        # Small rings: the processes wait for each other, and are killed waiting, too.
        self.config = rig.write(os.path.join(self.dir, "c.yaml"), "sensor_name: test\nlimits:\n  ring_mib: 1\n")
        self.number = 0
        eve = self.whole(self.capture)
        self.bytes = os.path.getsize(eve)
        self.expected = self.told(eve)

    def words(self, capture, eve):
        return ["replay", "-c", self.config, "--quiet", "--workers", "2", *RECORDS, *self.feeds, "--eve", eve, capture]

    def start(self, capture):
        self.number += 1
        eve = os.path.join(self.dir, f"{self.number}.json")
        return rig.Sensor(self.words(capture, eve), env={**os.environ, "TMPDIR": self.dir}), eve

    def whole(self, capture):
        sensor, eve = self.start(capture)
        status = sensor.process.wait(120)
        if status != 0:
            raise OSError(f"without a kill: status {status}: {sensor.text()}")
        return eve

    @staticmethod
    def told(eve):
        """All records, each once: they may be delivered twice."""
        found = sorted(set(rig.lines(eve)))
        os.unlink(eve)
        return found

    def one_round(self, rng):
        """(role, why it went wrong or ''). Role None: nobody was killed."""
        role = rng.choice(ROLES)
        capture = self.packed if role == "reader" or rng.random() < 0.3 else self.capture
        sensor, eve = self.start(capture)
        # So many bytes are in the EVE file: a moment that does not depend on how fast this machine is now.
        moment = -1 if role == "compile" else max(-1, int((rng.random() * 1.1 - 0.1) * self.bytes))
        while size(eve) < moment and sensor.process.poll() is None:
            time.sleep(0.001)
        pids = rig.wait(lambda: sensor.children(role), 0.3)
        if role == "compile":
            time.sleep(rng.random() * 0.05)
        victim = rng.choice(pids) if pids else None
        if victim is not None:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                victim = None
        status = sensor.stop(0, 120)[0]
        why = self.judge(sensor, eve, status)
        return (role if victim else None), why and f"{role} killed after {moment} bytes of {os.path.basename(capture)}: {why}"

    def judge(self, sensor, eve, status):
        found = self.told(eve)
        if status != 0:
            return f"status {status}: {sensor.text()}"
        if sensor.children():
            return "a process is left"
        if glob.glob(os.path.join(self.dir, "hansho-*")):
            return "the journal's directory is left"
        if found != self.expected:
            only, missing = set(found) - set(self.expected), set(self.expected) - set(found)
            return f"{len(only)} records more, {len(missing)} fewer: {sorted(only)[:1]} {sorted(missing)[:1]}: {sensor.text()}"
        return ""

    def rounds(self, count, seed):
        """Until so many were killed: the faster the program, the more are over before."""
        rng = random.Random(seed)
        killed = dict.fromkeys(ROLES, 0)
        wrong = []
        tried = 0
        while sum(killed.values()) < count and tried < 3 * count:
            tried += 1
            role, why = self.one_round(rng)
            if role:
                killed[role] += 1
            if why:
                wrong.append(why)
        rig.check(f"kill -9 of any process changes no result, {tried} rounds", not wrong, f"{len(wrong)} times: {wrong[:2]}")
        rig.check("and the kills did hit", sum(killed.values()) == count, f"{killed} in {tried} rounds")
        print(f"  seed {seed}; killed {killed}")


def size(path):
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return -1


def journal_lines(folder):
    """All whole records of a journal, in order."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "*.j1"))):
        with open(path, "rb") as f:
            found += re.findall(rb'(\{"timestamp".*\})\n', f.read())
    return [line.decode() for line in found]
