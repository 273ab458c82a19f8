"""What the system tests of the running sensor share: captures, a network of their own, hansho as a child."""
import atexit
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HANSHO = os.environ.get("HANSHO", os.path.join(TOP, "build", "hansho"))
PCAPS = os.path.join(TOP, "pcaps")
DEMO_FEEDS = [os.path.join(TOP, "feeds", "demo", name) for name in
              ("feodo.csv", "urlhaus.csv", "domains.txt", "sslbl-ja3.csv", "sslbl-cert.csv", "notice.csv")]

failures = 0
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))         # what is made for a test is removed by atexit, then, too


# ---- telling ----

def ok(name):
    print(f"ok {name}", flush=True)


def fail(name, why):
    global failures
    failures += 1
    print(f"FAIL {name}: {' | '.join(str(why).split(chr(10)))[:600]}", flush=True)


def check(name, good, why=""):
    (ok(name) if good else fail(name, why))
    return good


def skip(name, why):
    print(f"skip {name}: {why}", flush=True)


def run_cases(cases):
    """Each a function; what it throws is a failure under its name."""
    for case in cases:
        try:
            case()
        except Exception as e:          # the other cases still run
            fail(case.__name__, f"{type(e).__name__}: {e}")
    sys.exit(1 if failures else 0)


# ---- folders ----

def folder(mode=0o755):
    """A temporary one that a sensor that is nobody may look into; gone at the end."""
    path = tempfile.mkdtemp(prefix="hansho-test-")
    os.chmod(path, mode)
    atexit.register(shutil.rmtree, path, True)
    return path


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


# ---- captures ----

def frames_of(path):
    """(nanoseconds, bytes) of a little-endian classic pcap."""
    with open(path, "rb") as f:
        data = f.read()
    magic, = struct.unpack_from("<I", data)
    unit = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}[magic]
    at, found = 24, []
    while at + 16 <= len(data):
        sec, part, length, _ = struct.unpack_from("<IIII", data, at)
        if at + 16 + length > len(data):
            break                           # cut
        found.append((sec * 10**9 + part * unit, data[at + 16:at + 16 + length]))
        at += 16 + length
    return found


def write_pcap(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, 1))
        for ns, frame in frames:
            f.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame)
    return path


def repeated(path, source, times, apart_sec=7200):
    """The source's traffic again and again, each time later."""
    frames = frames_of(source)
    made = [(ns + n * apart_sec * 10**9, frame) for n in range(times) for ns, frame in frames]
    return write_pcap(path, made)


def recipe(path, text):
    """A capture from a recipe (pcaps/README.md tells the language)."""
    sys.path.insert(0, os.path.join(TOP, "tools"))
    from captures.recipe import Recipe
    r = Recipe(write(path + ".recipe", text))
    r.frames()
    return write_pcap(path, r.wire.frames())


# ---- what hansho says ----

def lines(path):
    """The whole lines of a file that may still be written."""
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read()
    except FileNotFoundError:
        return []
    return text.split("\n")[:-1]


def records(path, kind="alert"):
    return [r for r in map(json.loads, lines(path)) if r["event_type"] == kind]


def once(path, kind="alert"):
    """Delivered at least once: what came twice counts once. Sorted texts."""
    return sorted({json.dumps(r, sort_keys=True) for r in records(path, kind)})


def options(feeds=DEMO_FEEDS):
    return [word for feed in feeds for word in ("--feed", feed)]


def replay(files, *words, timeout=60, **given):
    """A whole replay, as subprocess.CompletedProcess."""
    return subprocess.run([HANSHO, "replay", *words, *files], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=timeout, **given)


class Sensor:
    """hansho as a child, its standard error collected."""

    def __init__(self, words, before=(), **given):
        given.setdefault("stdin", subprocess.DEVNULL)
        given.setdefault("stdout", subprocess.DEVNULL)
        self.said = []
        self.process = subprocess.Popen([*before, HANSHO, *words], stderr=subprocess.PIPE, text=True,
                                        errors="replace", **given)
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self.collect, daemon=True)
        self.reader.start()
        atexit.register(self.end)

    def collect(self):
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))

    def text(self):
        return "\n".join(self.said)

    def wait_for(self, words, seconds=10):
        """Until standard error has `words`."""
        return wait(lambda: any(words in line for line in self.said), seconds)

    def send(self, number):
        os.kill(self.pid, number)

    def stop(self, number=signal.SIGTERM, seconds=30):
        """Exit status, and how long it took; None when it did not end."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.send(number)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
            self.end()
        self.reader.join(5)
        return status, time.monotonic() - began

    def end(self):
        if self.process.poll() is None:
            for pid in [self.pid, *self.children()]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()

    def children(self, role=None):
        """Process numbers of its children, of one role or all."""
        found = []
        for name in os.listdir("/proc"):
            state = stat_of(name) if name.isdigit() else None
            if state is not None and state[1] == self.pid and state[2] != "Z" and (role is None or role in state[0]):
                found.append(int(name))
        return sorted(found)


def stat_of(pid):
    """Name, parent, state."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            text = f.read()
    except OSError:
        return None
    name = text[text.index("(") + 1:text.rindex(")")]
    rest = text[text.rindex(")") + 2:].split()
    return name, int(rest[1]), rest[0]


def status_of(pid):
    """/proc/PID/status as a dictionary."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def wait(condition, seconds):
    """Until it is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


# ---- a network ----

class Network:
    """A namespace with a veth pair; what is sent into `near` comes out of `far`."""

    near, far = "near0", "far0"

    def __init__(self):
        self.name = f"hansho-{os.getpid()}-{time.monotonic_ns() % 10**6}"
        self.call("ip", "netns", "add", self.name)
        atexit.register(self.remove)
        self.inside = ["ip", "netns", "exec", self.name]
        self.call(*self.inside, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                  "net.ipv6.conf.default.disable_ipv6=1")
        self.add_pair()

    @staticmethod
    def call(*words):
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")

    def add_pair(self):
        self.call("ip", "-n", self.name, "link", "add", self.near, "type", "veth", "peer", "name", self.far)
        for end in (self.near, self.far):
            self.call("ip", "-n", self.name, "link", "set", end, "mtu", "9000", "up")

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)

    def send(self, path, *how):
        """tcpreplay; how many frames it says it sent."""
        done = subprocess.run([*self.inside, "tcpreplay", "-q", "-i", self.near, *how, path], capture_output=True,
                              text=True, timeout=60)
        for line in done.stdout.splitlines():
            if "Successful packets:" in line:
                return int(line.split(":")[1])
        raise OSError(f"tcpreplay: {done.stdout} {done.stderr}")


def no_network():
    """Why a namespace cannot be made here, or None."""
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    for tool in ("ip", "tcpreplay", "sysctl"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    try:
        Network().remove()
    except OSError as e:
        return f"no network namespace here: {e}"
    return None
