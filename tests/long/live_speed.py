#!/usr/bin/env python3
"""How many frames a second a sensor takes from a veth pair, with the senders on the same machine.

Mixed talk at top speed into one worker; small packets from several senders at 70 % of what the same worker replays a
second, and at top speed. However fast: received is seen and dropped, to the frame, and a listed address rings in the
flood. That nothing is lost can only be asked of a machine with a processor for the sensor and one for the sender: a
busy one prints what it lost.

Two processors cannot send what one of them replays. So at last the sensor, all of its processes together, gets a fixed share
of a processor (tests/share.py), replays with that share, and is then sent 30 to 90 % of what it replayed, and as much as can be sent.

`live_speed.py mixed`, `small` or `shared` runs one of the three, `shared-mixed` or `shared-small` half of the last. About four
minutes; needs root.
"""
import os
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "bench")]
import capture
import flood
import rig
import share

SECONDS = 8
FRAMES, FLOWS = 1_000_000, 500_000
PERCENT, PERIOD_US = 30, 10_000         # of one processor; a stop is shorter than what the capture ring takes (64 MiB)
SHARES, NO_LOSS_UP_TO = (30, 50, 70, 90), 70
MAKER = os.path.join(os.path.dirname(rig.HANSHO), "tests/bench/make_traffic")
# What a sensor leaves undone rather than lose frames.
UNDONE = (("shed_total", "not parsed"), ("history_dropped_total", "contacts not kept"))


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


def replayed_a_second(path, times=3, before=(), kept=False):
    """Frames a second of one worker, the start taken off; the best of three. `kept`: with a list and a history, as it works live."""
    empty = rig.write_pcap(os.path.join(folder, "empty.pcap"), [])
    best, frames = 0, len(rig.frames_of(path))
    for _ in range(times):
        took = []
        for p in (empty, path):
            more = ["--feed", flood.listed(folder), "--state", rig.folder()] if kept else []
            began = time.monotonic()
            done = subprocess.run([*before, rig.HANSHO, "replay", p, "--quiet", "--workers", "1", "--eve", os.devnull, *more],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=120)
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


def talk():
    """Real captures merged, where they lie beside the checkout, else an office; those of the benches, when they are there."""
    where = capture.FOLDER if os.path.isdir(capture.FOLDER) else folder
    return capture.make(where, "mix", MAKER) or capture.make(where, "office", MAKER)


def run(name, files, each=0, workers=1, may_lose=False, before=()):
    """Frames a second, how many were dropped."""
    calm = is_calm()
    f = flood.Flood(net, workers, share=before)
    f.rush(files, SECONDS, each)
    waiting = f.passed()[0] - f.before[0] - (f.read() or 0)
    undone = ", ".join(f"{what} {f.metric(name) or 0}" for name, what in UNDONE)
    received, dropped = flood.counted(name, f)
    print(f"  {name}: {waiting} frames waited at the end or were dropped; {undone}", flush=True)
    if not may_lose:
        nothing_lost(name, calm, received, dropped)
    return f.rate(), dropped


def mixed():
    """As fast as one sender can."""
    path = talk()
    offline = replayed_a_second(path)
    print(f"  mixed talk: one worker replays {offline:,.0f} frames a second", flush=True)
    run("mixed, top speed, one worker", [path])


def halves(path):
    """Its frames in two files, in turn."""
    made = rig.frames_of(path)
    return [rig.write_pcap(os.path.join(folder, f"half{n}.pcap"), made[n::2]) for n in range(2)]


def storm():
    """SYNs of a flood, conversations that begin, questions to a resolver."""
    path = os.path.join(folder, "small.pcap")
    subprocess.run([MAKER, path, "storm", str(FRAMES), str(FLOWS)], check=True)
    return path


def small():
    path = storm()
    offline, paths = replayed_a_second(path), halves(path)
    print(f"  small packets: one worker replays {offline:,.0f} frames a second", flush=True)
    for percent in (50, 70):
        run(f"small, {percent} % of that, two senders", paths, int(offline * percent / 100 / len(paths)))
    run("small, top speed, two senders", paths, may_lose=True)
    run("small, top speed, two senders, two workers", paths, workers=2, may_lose=True)


def of_a_share(kind, path, senders):
    """What the same share of a processor replays, and what it takes live; more than that is lost, and counted."""
    why = share.cannot()
    if why is not None:
        rig.skip(f"{kind}, with a share", why)
        return
    group, paths = share.Share(PERCENT, PERIOD_US), halves(path) if senders == 2 else [path]
    kept, offline = (replayed_a_second(path, times, group.inside, history) for times, history in ((1, True), (2, False)))
    print(f"  {kind}, {PERCENT} % of a processor for all of the sensor: one worker replays {offline:,.0f} frames a second, "
          f"{kept:,.0f} with a history", flush=True)
    for percent in SHARES:
        name = f"{kind}, {percent} % of what the share replays"
        rate, _ = run(name, paths, int(offline * percent / 100 / len(paths)), may_lose=percent > NO_LOSS_UP_TO, before=group.inside)
        if rate < 0.97 * offline * percent / 100:
            rig.skip(f"{name}: as much is sent", f"the machine was busy: it sent {rate:,.0f} a second")
    rate, dropped = run(f"{kind}, top speed into the share", paths, may_lose=True, before=group.inside)
    stopped, periods = group.throttled()
    print(f"  {kind}, top speed: {100 * rate / offline:.0f} % of what the share replays; {stopped} of {periods} periods ended with nothing "
          "left of it", flush=True)
    if rate > 1.5 * offline:
        rig.check(f"{kind}, top speed into the share: there were frames too many", dropped > 0, f"{rate:,.0f} a second, none dropped")
    group.remove()


def shared_mixed():
    of_a_share("mixed", talk(), 1)


def shared_small():
    of_a_share("small", storm(), 2)


def shared():
    shared_mixed()
    shared_small()


CASES = (mixed, small, shared, shared_mixed, shared_small)


if __name__ == "__main__":
    why = rig.no_network()
    if why is not None:
        rig.skip("live speed", why)
        sys.exit(0)
    net, folder = rig.Network(), rig.folder()
    wanted = [word.replace("-", "_") for word in sys.argv[1:]] or ["mixed", "small", "shared"]
    rig.run_cases([case for case in CASES if case.__name__ in wanted])
