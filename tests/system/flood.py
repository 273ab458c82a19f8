#!/usr/bin/env python3
"""More frames than the sensor takes, and a worker that stands still: sent is seen and dropped, and what is listed rings."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import flood
import rig

SECONDS = 6


def stand_still(f, number):
    """The worker, while the fourth and the fifth host ask: frames wait in the kernel, then drop."""
    for worker in f.sensor.children("worker"):
        if number in (4, 6):
            os.kill(worker, signal.SIGSTOP if number == 4 else signal.SIGCONT)


def smallest_ring():
    f = flood.Flood(net, extra="capture:\n  buffer_mib: 1\n")
    path = flood.small(os.path.join(f.dir, "small.pcap"), 20_000)
    f.rush([path], SECONDS, meanwhile=stand_still)
    _, dropped = flood.counted("a ring of 1 MiB", f)
    rig.check("a ring of 1 MiB: there were frames too many", dropped > 0, "nothing was dropped: the test tells nothing")


if __name__ == "__main__":
    why = rig.no_network()
    if why is not None:
        rig.skip("flood", why)
        sys.exit(0)
    net = rig.Network()
    rig.run_cases([smallest_ring])
