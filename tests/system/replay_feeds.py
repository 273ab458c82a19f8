#!/usr/bin/env python3
"""Every sample feed loads in the compiler process, inside its sandbox."""
import glob
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(HERE, "..", "..", "feeds", "samples")
HANSHO = os.environ.get("HANSHO", "build/hansho")
FORMATS = {"feodo-old.csv": "feodo-csv"}


def empty_capture(path):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))


def load(feed, capture):
    name = os.path.basename(feed)
    text = FORMATS[name] + ":" + feed if name in FORMATS else feed
    done = subprocess.run([HANSHO, "replay", "--quiet", "--feed", text, "--eve", os.devnull, capture],
                          capture_output=True, text=True, timeout=30)
    if done.returncode == 0:
        print("ok feed", name)
        return True
    print("FAIL feed %s: status %d: %s" % (name, done.returncode, done.stderr.strip()))
    return False


def main():
    feeds = [f for f in sorted(glob.glob(os.path.join(SAMPLES, "*"))) if not f.endswith((".md", "understood.tsv"))]
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "empty.pcap")
        empty_capture(capture)
        good = [load(f, capture) for f in feeds]
    sys.exit(0 if good and all(good) else 1)


if __name__ == "__main__":
    main()
