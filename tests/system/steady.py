#!/usr/bin/env python3
"""The soak, in short: live traffic in a loop and the state saved a dozen times; nothing grows, leaks or is lost."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

SECONDS, FRAMES_PER_SECOND = 24, 2000


def steady():
    soak = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "soak", "run")
    done = subprocess.run([soak, rig.HANSHO, str(SECONDS), str(FRAMES_PER_SECOND)], capture_output=True, text=True, timeout=120)
    rig.check(f"{SECONDS} s of live traffic leave everything as it was", done.returncode == 0, done.stdout + done.stderr)


if __name__ == "__main__":
    why = rig.no_network()
    if why is not None:
        rig.skip("steady", why)
        sys.exit(0)
    rig.run_cases([steady])
