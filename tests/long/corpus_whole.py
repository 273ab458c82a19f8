#!/usr/bin/env python3
"""The corpus again, the long way: each tiny capture by itself with sanitizers; each capture with four workers, and
compressed through a pipe, with the bytes of one process; and how much memory a replay takes at most.
"""
import gzip, os, re, subprocess, sys, tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import corpus_runs as c

CASES = ["corpus tiny captures one by one", "corpus captures with four workers", "corpus captures through a pipe",
         "corpus memory"]
MEMORY_MIB = 64             # of one process
MEASURE = "import resource, subprocess, sys; s = subprocess.call(sys.argv[1:]); " \
          "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(s)"


def tiny_captures():
    with tempfile.TemporaryDirectory(prefix="hansho-edge-") as folder:
        subprocess.run(["tar", "-xJf", os.path.join(c.FOLDER, "bundles", "edge-small.tar.xz"), "-C", folder], check=True)
        files = sorted(os.path.join(d, f) for d, _, names in os.walk(folder) for f in names)
        whys = c.each(lambda f: c.Run(c.ASAN, ["--in-process"], [f]).complaint(), files)
    bad = [(c.short(f), why) for f, why in zip(files, whys) if why]
    for name, why in bad:
        c.fail(f"corpus tiny capture {name}", why)
    if not bad:
        c.ok(f"{CASES[0]} ({len(files)})")


def other_ways(path):
    """Complaint or None for: four workers, a compressed pipe."""
    one = c.Run(c.HANSHO, ["--in-process"], [path])
    four = c.Run(c.HANSHO, ["--workers", "4"], [path])
    pipe = c.Run(c.HANSHO, ["--workers", "2"], ["-"], stdin=gzip.compress(open(path, "rb").read()))
    return [run.complaint() or ("other records than in one process" if run.out != one.out else None)
            for run in (four, pipe)]


def peak_mib(path):
    p = subprocess.run([sys.executable, "-c", MEASURE, c.HANSHO, "replay", "--in-process", "--records", c.ALL_RECORDS,
                        "--eve", "-", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60)
    return int(re.search(rb"^peak (\d+)", p.stderr, re.M)[1]) / 1024


def main():
    if c.skip_without_folder(CASES):
        return
    paths = c.captures()
    for case, whys in zip(CASES[1:3], zip(*c.each(other_ways, paths))):
        bad = [f"{c.short(path)} ({why})" for path, why in zip(paths, whys) if why]
        if bad:
            c.fail(case, "; ".join(bad))
        else:
            c.ok(f"{case} ({len(paths)})")
    most, where = max((peak_mib(path), c.short(path)) for path in paths)
    if most > MEMORY_MIB:
        c.fail(CASES[3], f"{where} takes {most:.0f} MiB, expected {MEMORY_MIB} at most")
    else:
        c.ok(f"{CASES[3]} (at most {most:.0f} MiB, {where})")
    tiny_captures()
    c.finish()


main()
