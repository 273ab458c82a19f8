"""A share of one processor for some processes together, by the cgroup cpu controller."""
import atexit
import contextlib
import os
import time

FIRST = "/sys/fs/cgroup/cpu"           # version 1 of the interface
SECOND = "/sys/fs/cgroup"              # version 2
NAME = "hansho-share-"


class Share:
    """`percent` of a processor in each period. Removed at the end, however that comes; what a killed run left goes before."""

    def __init__(self, percent, period_us=10_000):
        quota = period_us * percent // 100
        first = os.path.exists(os.path.join(FIRST, "cpu.cfs_quota_us"))
        self.top, self.added = FIRST if first else SECOND, False
        if not first:
            self.hand_down()
        self.sweep()
        self.path = os.path.join(self.top, f"{NAME}{os.getpid()}")
        os.mkdir(self.path)
        atexit.register(self.remove)
        for name, text in (("cpu.cfs_period_us", period_us), ("cpu.cfs_quota_us", quota)) if first else (("cpu.max", f"{quota} {period_us}"),):
            self.write(os.path.join(self.path, name), text)
        self.inside = ["sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh"]

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="ascii") as f:
            f.write(str(text))

    def hand_down(self):
        """Version 2: groups below the top have the controller once the top says so."""
        path = os.path.join(self.top, "cgroup.subtree_control")
        with open(path, encoding="ascii") as f:
            if "cpu" in f.read().split():
                return
        self.write(path, "+cpu")
        self.added = True

    def sweep(self):
        for name in os.listdir(self.top):
            if name.startswith(NAME) and not os.path.exists(f"/proc/{name[len(NAME):]}"):
                with contextlib.suppress(OSError):      # somebody is still in it
                    os.rmdir(os.path.join(self.top, name))

    def throttled(self):
        """Periods in which the group had none left, of all in which it wanted any."""
        with open(os.path.join(self.path, "cpu.stat"), encoding="ascii") as f:
            told = dict(line.split() for line in f)
        return int(told["nr_throttled"]), int(told["nr_periods"])

    def remove(self):
        """Empty, but for those who have just been killed."""
        for _ in range(100):
            try:
                os.rmdir(self.path)
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.05)
        if self.added:
            self.write(os.path.join(self.top, "cgroup.subtree_control"), "-cpu")
            self.added = False


def cannot():
    """Why a share cannot be given here, or None."""
    try:
        Share(50).remove()
    except OSError as e:
        return f"no cgroup with the cpu controller can be made here: {e}"
    return None
