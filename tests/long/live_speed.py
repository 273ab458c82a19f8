#!/usr/bin/env python3
"""How many frames a second a sensor takes from a veth pair, with the senders on the same machine.

Mixed talk at top speed into one worker; small packets from several senders at 70 % of what the same worker replays a
second, and at top speed. However fast: received is seen and dropped, to the frame, and a listed address rings in the
flood. That nothing is lost can only be asked of a machine with a processor for the sensor and one for the sender: a
busy one prints what it lost. About two minutes; needs root.
"""
import glob
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import flood
import rig

SECONDS = 12
REAL = os.path.join(os.path.dirname(rig.TOP), "shared", "corpus", "pcaps")


def is_calm():
    return os.getloadavg()[0] < 1 and len(os.sched_getaffinity(0)) > 1


def replayed_a_second(path):
    """Frames a second of one worker, the start taken off; the best of three."""
    empty = rig.write_pcap(os.path.join(folder, "empty.pcap"), [])
    best = 0
    for _ in range(3):
        took = []
        for p in (empty, path):
            began = time.monotonic()
            done = rig.replay([p], "--quiet", "--workers", "1", "--eve", os.devnull)
            took.append(time.monotonic() - began)
            if done.returncode != 0:
                raise OSError(done.stderr)
        best = max(best, len(rig.frames_of(path)) / max(took[1] - took[0], 1e-6))
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


def run(name, files, how, workers=1, may_lose=False):
    calm = is_calm()
    f = flood.Flood(net, workers)
    f.rush(files, SECONDS, how)
    received, dropped = flood.counted(name, f)
    if not may_lose:
        nothing_lost(name, calm, received, dropped)


def mixed():
    """As fast as one sender can."""
    path = flood.merged(os.path.join(folder, "mixed.pcap"), captures())
    offline = replayed_a_second(path)
    print(f"  mixed talk: one worker replays {offline:,.0f} frames a second", flush=True)
    run("mixed, top speed, one worker", [path], ["--topspeed"])


def small_packets():
    paths = [flood.small(os.path.join(folder, f"small{n}.pcap"), 100_000, n) for n in range(2)]
    offline = replayed_a_second(paths[0])
    print(f"  small packets: one worker replays {offline:,.0f} frames a second", flush=True)
    for share in (50, 70):
        each = str(int(offline * share / 100 / len(paths)))
        run(f"small, {share} % of that, two senders", paths, ["--pps", each, "--pps-multi", "16"])
    run("small, top speed, two senders", paths, ["--topspeed"], may_lose=True)
    run("small, top speed, two senders, two workers", paths, ["--topspeed"], workers=2, may_lose=True)


if __name__ == "__main__":
    why = rig.no_network()
    if why is not None:
        rig.skip("live speed", why)
        sys.exit(0)
    net, folder = rig.Network(), rig.folder()
    rig.run_cases([mixed, small_packets])
