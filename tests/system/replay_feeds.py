#!/usr/bin/env python3
"""Every sample feed loads in the compiler process, inside its sandbox; a large image is kept for the next start."""
import glob
import gzip
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
PCAP = os.path.join(HERE, "..", "..", "pcaps", "emotet-like.pcap")
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


def write_names(path, extra, age):
    with open(path, "w") as f:
        f.write("".join("h%x.filler.example\n" % (n * 2654435761 % 2**32) for n in range(50000)) + extra)
    os.utime(path, (os.stat(path).st_mtime - age,) * 2)


def replay(feed, state, *more):
    done = subprocess.run([HANSHO, "replay", "--quiet", "--feed", feed, "--records", "alert", "--eve", "-"] +
                          (["--state", state] if state else []) + list(more) + [PCAP],
                          capture_output=True, text=True, timeout=60)
    matches = sum('"cdn-metrics.example' in line and '"feed"' in line for line in done.stdout.splitlines())
    return done.returncode, matches > 0, done.stderr


def kept_image(folder):
    """One image for two starts; another one for another feed; a damaged one does no harm."""
    feed, state = os.path.join(folder, "names.txt"), os.path.join(folder, "state")
    image = os.path.join(state, "indicators", "image")
    failed = []

    def expect(what, good):
        print(("ok " if good else "FAIL ") + what)
        if not good:
            failed.append(what)

    write_names(feed, "", 100)
    expect("nothing of it matches", replay(feed, state)[:2] == (0, False))
    first = os.stat(image)
    expect("the same again", replay(feed, state)[:2] == (0, False) and replay(feed, state, "--in-process")[:2] == (0, False))
    expect("it was taken from the disk", os.stat(image).st_ino == first.st_ino and
           os.stat(image).st_mtime_ns == first.st_mtime_ns)
    write_names(feed, "cdn-metrics.example\n", 50)
    status, matches, _ = replay(feed, state)
    expect("a feed that was changed is read", (status, matches) == (0, True))
    second = os.stat(image)
    expect("and kept", second.st_mtime_ns != first.st_mtime_ns)
    expect("what was kept finds the same", replay(feed, state)[:2] == (0, True))
    expect("in one process, too", replay(feed, state, "--in-process")[:2] == (0, True))
    with open(image, "r+b") as f:
        f.seek(second.st_size // 2)
        f.write(b"damaged")
    status, again, said = replay(feed, state)
    expect("damage is told, and read anew", (status, again) == (0, True) and "image is damaged" in said)
    expect("set aside, and kept again", os.path.exists(image) and os.path.exists(image + ".damaged"))
    expect("nothing half-written stays", not os.path.exists(image + ".new"))
    with open(image, "wb") as f:
        f.write(b"")
    os.chmod(os.path.dirname(image), 0o500)
    expect("a folder that cannot be written", replay(feed, state)[:2] == (0, True))
    os.chmod(os.path.dirname(image), 0o700)
    expect("without --state nothing is kept", replay(feed, None)[:2] == (0, True))
    return not failed


def packed_check(folder):
    """`feed check` reads what is packed, in its sandbox, too."""
    plain = os.path.join(folder, "plain.txt")
    with open(plain, "w") as f:
        f.write("c2.example.net\n192.0.2.7\n")
    with zipfile.ZipFile(plain + ".zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.write(plain, "plain.txt")
    with zipfile.ZipFile(plain + ".bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("plain.txt", b"c2.example.net\n" * 5000 + b"\n" * (20 << 20))
    with open(plain + ".gz", "wb") as f, open(plain, "rb") as from_:
        f.write(gzip.compress(from_.read()))
    said = [subprocess.run([HANSHO, "feed", "check", plain + end], capture_output=True, text=True, timeout=60)
            for end in ("", ".zip", ".gz", ".bomb.zip")]
    good = all(s.returncode == 0 and "2 entries" in s.stdout for s in said[:3]) and \
        said[3].returncode == 1 and "unpacks to more than" in said[3].stdout + said[3].stderr
    print(("ok " if good else "FAIL ") + "feed check of packed files" + ("" if good else ": %s" % said))
    return good


def main():
    feeds = [f for f in sorted(glob.glob(os.path.join(SAMPLES, "*"))) if not f.endswith((".md", "understood.tsv"))]
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "empty.pcap")
        empty_capture(capture)
        good = [load(f, capture) for f in feeds] + [kept_image(folder), packed_check(folder)]
    sys.exit(0 if good and all(good) else 1)


if __name__ == "__main__":
    main()
