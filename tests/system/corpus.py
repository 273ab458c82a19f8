#!/usr/bin/env python3
"""Real captures through the sensor: no crash, hang or sanitizer report, and with two workers the same bytes as in one process.

$HANSHO_CORPUS: pcaps/* one by one; bundles/edge-small.tar.xz, thousands of tiny and damaged captures, in
batches (a batch that fails is halved until the file is found).
"""
import os, subprocess, sys, tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import corpus_runs as c

BATCH = 150
CASES = ["corpus captures with sanitizers", "corpus captures with two workers", "corpus tiny captures"]


def with_sanitizers(path):
    return c.Run(c.ASAN, ["--in-process"], [path]).complaint()


def with_two_workers(path):
    one = c.Run(c.HANSHO, ["--in-process"], [path])
    two = c.Run(c.HANSHO, ["--workers", "2"], [path])
    for run in (one, two):
        if run.complaint():
            return run.complaint()
    if one.status != two.status:
        return f"status {one.status} in one process, {two.status} with two workers"
    if one.out == two.out:
        return None
    a, b = one.out.splitlines(), two.out.splitlines()
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"{len(a)} lines in one process, {len(b)} with two workers, first difference at line {at + 1}"


def say(what, paths, results):
    for path, why in zip(paths, results):
        if why is None:
            c.ok(f"{what} {c.short(path)}")
        else:
            c.fail(f"{what} {c.short(path)}", why)


def faulty(files):
    """Names and complaints of the files that cannot be read without harm; [] when all can."""
    why = c.Run(c.ASAN, ["--in-process"], files, limit=120).complaint()
    if why is None:
        return []
    if len(files) == 1:
        return [(c.short(files[0]), why)]
    half = len(files) // 2
    found = faulty(files[:half]) + faulty(files[half:])
    return found or [(f"{c.short(files[0])} and the {len(files) - 1} behind it, together", why)]


def tiny_captures():
    bundle = os.path.join(c.FOLDER, "bundles", "edge-small.tar.xz")
    with tempfile.TemporaryDirectory(prefix="hansho-edge-") as folder:
        subprocess.run(["tar", "-xJf", bundle, "-C", folder], check=True)
        files = sorted(os.path.join(d, f) for d, _, names in os.walk(folder) for f in names)
        batches = [files[i:i + BATCH] for i in range(0, len(files), BATCH)]
        found = sum(c.each(faulty, batches), [])
    for name, why in found:
        c.fail(f"corpus tiny captures {name}", why)
    if not found:
        c.ok(f"corpus tiny captures ({len(files)} in {len(batches)} batches)")


def main():
    if c.skip_without_folder(CASES):
        return
    paths = c.captures()
    say("corpus sanitizers", paths, c.each(with_sanitizers, paths))
    say("corpus two workers", paths, c.each(with_two_workers, paths))
    tiny_captures()
    c.finish()


main()
