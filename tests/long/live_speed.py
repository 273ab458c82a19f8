#!/usr/bin/env python3
"""How many frames a second a sensor takes from a veth pair, with the senders on the same machine.

Mixed talk at top speed into one worker; small packets from several senders at 70 % of what the same worker replays a
second, and at top speed. However fast: received is seen and dropped, to the frame, and a listed address rings in the
flood. That nothing is lost can only be asked of a machine with a processor for the sensor and one for the sender: a
busy one prints what it lost. `live_speed.py mixed` or `small` runs one of the two. About two minutes; needs root.
"""
import glob
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import flood
import rig

SECONDS = 8
FRAMES, FLOWS = 1_000_000, 500_000
MAKER = os.path.join(os.path.dirname(rig.HANSHO), "tests/bench/make_traffic")
REAL = os.path.join(os.path.dirname(rig.TOP), "shared", "corpus", "pcaps")


def is_calm():
    """Nearly nothing else runs just now, and there are two processors."""
    def idle_and_all():
        with open("/proc/stat") as f:
            ticks = [int(word) for word in f.readline().split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)
    before = idle_and_all()
    time.sleep(0.5)
    idle, total = (now - then for now, then in zip(idle_and_all(), before))
    return idle > 0.9 * total and len(os.sched_getaffinity(0)) > 1


def replayed_a_second(path):
    """Frames a second of one worker, the start taken off; the best of three."""
    empty = rig.write_pcap(os.path.join(folder, "empty.pcap"), [])
    best, frames = 0, len(rig.frames_of(path))
    for _ in range(3):
        took = []
        for p in (empty, path):
            began = time.monotonic()
            done = rig.replay([p], "--quiet", "--workers", "1", "--eve", os.devnull)
            took.append(time.monotonic() - began)
            if done.returncode != 0:
                raise OSError(done.stderr)
        best = max(best, frames / max(took[1] - took[0], 1e-6))
    return best


def nothing_lost(name, calm, received, dropped):
    if calm:
        rig.check(f"{name}: nothing is lost", dropped == 0, f"{dropped} of {received}")
    elif dropped > 0:
        rig.skip(f"{name}: nothing is lost", f"the machine was busy: {dropped} of {received} were dropped")
    else:
        rig.ok(f"{name}: nothing is lost")


def captures():
    """The project's own and, where they lie beside the checkout, real ones; without those of other link types."""
    own = sorted(glob.glob(os.path.join(rig.PCAPS, "*.pcap")))
    return own + sorted(glob.glob(os.path.join(REAL, "**", "*.pcap"), recursive=True), key=os.path.getsize)


def run(name, files, each=0, workers=1, may_lose=False):
    calm = is_calm()
    f = flood.Flood(net, workers)
    f.rush(files, SECONDS, each)
    received, dropped = flood.counted(name, f)
    if not may_lose:
        nothing_lost(name, calm, received, dropped)


def mixed():
    """As fast as one sender can."""
    path = flood.merged(os.path.join(folder, "mixed.pcap"), captures())
    offline = replayed_a_second(path)
    print(f"  mixed talk: one worker replays {offline:,.0f} frames a second", flush=True)
    run("mixed, top speed, one worker", [path])


def halves(path):
    """Its frames in two files, in turn."""
    made = rig.frames_of(path)
    return [rig.write_pcap(os.path.join(folder, f"half{n}.pcap"), made[n::2]) for n in range(2)]


def small():
    """SYNs of a flood, conversations that begin, questions to a resolver."""
    path = os.path.join(folder, "small.pcap")
    subprocess.run([MAKER, path, "storm", str(FRAMES), str(FLOWS)], check=True)
    offline, paths = replayed_a_second(path), halves(path)
    print(f"  small packets: one worker replays {offline:,.0f} frames a second", flush=True)
    for share in (50, 70):
        run(f"small, {share} % of that, two senders", paths, int(offline * share / 100 / len(paths)))
    run("small, top speed, two senders", paths, may_lose=True)
    run("small, top speed, two senders, two workers", paths, workers=2, may_lose=True)


if __name__ == "__main__":
    why = rig.no_network()
    if why is not None:
        rig.skip("live speed", why)
        sys.exit(0)
    net, folder = rig.Network(), rig.folder()
    rig.run_cases([case for case in (mixed, small) if case.__name__ in (sys.argv[1:] or ("mixed", "small"))])
