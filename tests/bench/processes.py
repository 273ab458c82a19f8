"""Programs run to their end: what they took, all together and each process of them."""
import os
import statistics
import subprocess
import sys
import time

LOOK_SEC, CHILDREN_SEC, MEMORY_SEC, FIRST_LOOK_SEC = 0.004, 0.02, 0.02, 0.0002


def descendants(pid):
    found = [pid]
    for at in found:
        try:
            with open("/proc/%d/task/%d/children" % (at, at)) as f:
                found += [int(word) for word in f.read().split()]
        except OSError:
            pass
    return found


def role(pid):
    """Processes are called "hansho: ROLE", with the role's name cut at 15 bytes in all."""
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip().partition(": ")[2] or "supervisor"
    except OSError:
        return "gone"


class Watch:
    """CPU seconds of each process as last seen before its end: 4 ms may be missing."""

    def __init__(self, pid):
        self.pid, self.found, self.pids, self.listed = pid, {}, [], 0.0

    def look(self):
        if time.monotonic() - self.listed > CHILDREN_SEC:
            self.pids, self.listed = descendants(self.pid), time.monotonic()
        for pid in self.pids:
            try:
                with open("/proc/%d/schedstat" % pid) as f:
                    self.found[pid] = int(f.read().split()[0]) / 1e9, role(pid)
            except OSError:
                pass

    def roles(self):
        spent = {}
        for seconds, name in self.found.values():
            spent[name] = spent.get(name, 0) + seconds
        return spent


class Run:
    """One program: cpu and wall seconds; watched, also those of each role."""

    def __init__(self, command, watched=False):
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        watch = Watch(child.pid)
        while watched and os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            watch.look()
            time.sleep(LOOK_SEC)
        said = child.stderr.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.wall = time.monotonic() - began
        self.cpu = used.ru_utime + used.ru_stime
        self.roles = watch.roles()
        if child.returncode != 0:
            sys.exit("bench: %s: status %d\n%s" % (" ".join(command[:3]), child.returncode, said.decode(errors="replace")))


class Net:
    """What runs of a program took when the start of each is taken off: medians, and every single CPU time."""

    def __init__(self, runs, starts):
        middle = statistics.median
        self.start = middle(r.cpu for r in starts)
        self.start_wall = middle(r.wall for r in starts)
        self.each = [r.cpu - self.start for r in runs]
        self.cpu = max(middle(self.each), 1e-6)
        self.wall = max(middle(r.wall for r in runs) - self.start_wall, 1e-6)
        self.roles = {name: max(middle(r.roles.get(name, 0) for r in runs) - middle(r.roles.get(name, 0) for r in starts), 0)
                      for name in ("worker", "analyst", "courier")}

    def times(self, other):
        """CPU time as a multiple of the other's: the median of pairs that ran in the same round."""
        return statistics.median(a / max(b, 1e-6) for a, b in zip(self.each, other.each))


def proportional_kib(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def peaks_mib(command):
    """Largest sum over all processes, and each role's own largest; looked at in a run of its own."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peaks = {"all": 0}
    while child.poll() is None:
        now = {"all": 0}
        for pid in descendants(child.pid):
            kib, name = proportional_kib(pid), role(pid)
            now[name] = now.get(name, 0) + kib
            now["all"] += kib
        for name, kib in now.items():
            peaks[name] = max(peaks.get(name, 0), kib)
        time.sleep(MEMORY_SEC)
    return {name: kib / 1024 for name, kib in peaks.items() if name != "gone"}


def descriptors(pid, path):
    """Places in the file at which its open descriptors stand."""
    try:
        for name in os.listdir("/proc/%d/fd" % pid):
            if os.readlink("/proc/%d/fd/%s" % (pid, name)) == path:
                with open("/proc/%d/fdinfo/%s" % (pid, name)) as f:
                    yield int(f.readline().split()[1])
    except OSError:
        pass


def until_passed(command, path, place):
    """Seconds from the start until some process of it has read the file beyond `place`; the program then runs to its end."""
    began, seconds = time.monotonic(), None
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while seconds is None and child.poll() is None:
        if any(at > place for pid in descendants(child.pid) for at in descriptors(pid, path)):
            seconds = time.monotonic() - began
        time.sleep(FIRST_LOOK_SEC)
    if child.wait() != 0 or seconds is None:
        sys.exit("bench: %s: status %d, or nothing was read of %s" % (" ".join(command[:3]), child.returncode, path))
    return seconds
