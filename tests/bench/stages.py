"""Where the instructions of a program go, by stage: callgrind's file of costs, added up.

What a library, base/ or records/ does counts for the stage that called it; what a library calls back (libnids, libpcap's reading of a
file) counts for its own.
"""
import collections
import os
import re
import shutil
import subprocess

SHARED = ("base", "records")
NAME = re.compile(r"\((\d+)\)(?: (.*))?$")


def count(command, out):
    """Instructions of `command`, and {stage: instructions}; None where there is no valgrind."""
    if shutil.which("valgrind") is None:
        return None
    subprocess.run(["valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=" + out, *command],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stages = add_up(out)
    os.unlink(out)
    return sum(stages.values()), stages


class Names:
    def __init__(self):
        self.known = {}

    def __call__(self, text):
        number, name = NAME.match(text).groups()
        return self.known.setdefault(number, name)


def stage_of(source):
    found = re.search(r"sensor/([a-z_]+)[/.]", source or "")
    return found.group(1) if found and found.group(1) not in SHARED else None


def add_up(path):
    """Self cost of each of the sensor's functions, and what its calls into libraries cost."""
    functions, files = Names(), Names()
    totals, rows = collections.Counter(), []
    stage, called, callee_file = None, False, None
    for line in open(path, errors="replace"):
        line = line.rstrip("\n")
        if line.startswith("fl="):
            source = files(line[3:])
        elif line.startswith("fn="):
            function = functions(line[3:])
            stage = stage_of(source)
        elif line.startswith(("fi=", "fe=")):
            files(line[3:])
        elif line.startswith(("cfi=", "cfl=")):
            callee_file = files(line[4:])
        elif line.startswith("cfn="):
            callee = functions(line[4:])
            if callee_file is None:
                callee_file = source
            # Where a process or a thread begins, nobody of ours has called.
            if callee == "main" or function.startswith("start_thread"):
                callee_file = None
            rows.append([stage, stage_of(callee_file), 0])
        elif line.startswith("calls="):
            called = True
        elif line[:1].isdigit() or line.startswith(("+", "-", "*")):
            cost = int(line.split()[1])
            if called:
                rows[-1][2] += cost
                called, callee_file = False, None
            elif stage is not None:
                totals[stage] += cost
            else:
                totals["elsewhere"] += cost
    # A call into a library takes its cost along, a call out of one gives its own back.
    for caller, callee, cost in rows:
        if caller is not None and callee is None:
            totals[caller] += cost
            totals["elsewhere"] -= cost
        elif caller is None and callee is not None:
            totals[callee] -= cost
            totals["elsewhere"] += cost
    return totals
