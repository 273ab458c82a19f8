#!/usr/bin/env python3
"""The Debian package in a fresh system: it installs, runs as its own user, is upgraded with the configuration kept, is
removed and purged, and nothing of it is left. Wants root, debootstrap and a mirror. HANSHO_DEB: a package built before."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

CAPTURE = os.path.join(rig.PCAPS, "emotet-like.pcap")


def mirror():
    for path in glob.glob("/etc/apt/sources.list") + sorted(glob.glob("/etc/apt/sources.list.d/*")):
        with open(path, encoding="utf-8", errors="replace") as f:
            found = re.search(r"^(?:deb|URIs:) +(https?://\S*/debian)/?(?=\s)", f.read(), re.M)
        if found:
            return found.group(1)
    return "http://deb.debian.org/debian"


class System:
    """A Debian of its own below a folder."""

    def __init__(self):
        self.root = os.path.join(rig.folder(0o755), "root")
        done = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", self.root, mirror()], capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError("debootstrap: " + done.stdout[-500:] + done.stderr[-500:])
        rig.write(f"{self.root}/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")
        os.chmod(f"{self.root}/usr/sbin/policy-rc.d", 0o755)
        shutil.copy("/etc/resolv.conf", f"{self.root}/etc/resolv.conf")
        for conf in glob.glob("/etc/apt/apt.conf.d/*proxy*"):
            shutil.copy(conf, f"{self.root}/etc/apt/apt.conf.d/")
        self.must("apt-get", "update", "-qq")
        self.before = self.files()

    def command(self, *words):
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                'mount -t proc proc "$0/proc" && mount -t sysfs sysfs "$0/sys" && mount --bind /dev "$0/dev" && '
                'exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"',
                self.root, *words]

    def run(self, *words, seconds=600):
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=seconds)

    def must(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            raise OSError(" ".join(words) + ": " + done.stdout[-800:] + done.stderr[-800:])
        return done

    def files(self):
        """What there is with our name on it."""
        found = set()
        for top, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if os.path.join(top, f) not in (f"{self.root}/proc", f"{self.root}/sys", f"{self.root}/dev")]
            found |= {os.path.relpath(os.path.join(top, n), self.root) for n in names + folders if "hansho" in n}
        return {f for f in found if not f.startswith(("tmp/", "var/lib/dpkg/", "var/cache/apt/", "var/log/"))} | \
               {f for f in found if f.startswith("var/lib/dpkg/info/")}

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as f:
            return f.read()


def built():
    if os.environ.get("HANSHO_DEB"):
        return os.environ["HANSHO_DEB"]
    out = rig.folder(0o755)
    done = subprocess.run([os.path.join(rig.TOP, "tools", "deb"), out], capture_output=True, text=True)
    rig.check("package: it is built", done.returncode == 0, done.stdout[-600:] + done.stderr[-600:])
    complaints = [line for line in done.stdout.splitlines() if re.match("[EW]: ", line)]
    rig.check("package: lintian has nothing to say", not complaints, complaints)
    return next(p for p in glob.glob(out + "/hansho_*.deb"))


def newer(package, folder):
    """The same with a later version and another default configuration."""
    tree = os.path.join(folder, "newer")
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    for path, old, new in (("DEBIAN/control", "Version: 0.1.0\n", "Version: 0.1.1\n"), ("etc/hansho.yaml", "# hansho.yaml", "# a later hansho.yaml")):
        with open(os.path.join(tree, path), encoding="utf-8") as f:
            text = f.read()
        rig.write(os.path.join(tree, path), text.replace(old, new, 1))
    out = os.path.join(folder, "newer.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, out], check=True, stdout=subprocess.DEVNULL)
    return out


def installed(s):
    passwd = s.text("etc/passwd")
    rig.check("package: it makes its user", re.search(r"^hansho:[^:]*:\d+:\d+:[^:]*:/var/lib/hansho:/usr/sbin/nologin$", passwd, re.M), passwd)
    stat = {p: s.run("stat", "-c", "%U %G %a", "/" + p).stdout.strip() for p in ("var/lib/hansho", "var/log/hansho", "etc/hansho", "etc/hansho.yaml")}
    rig.check("package: it makes its folders", stat == {"var/lib/hansho": "hansho hansho 750", "var/log/hansho": "hansho hansho 750",
              "etc/hansho": "root hansho 750", "etc/hansho.yaml": "root root 644"}, stat)
    unit = "etc/systemd/system/multi-user.target.wants/hansho.service"
    rig.check("package: the service is to begin with the system", os.path.islink(os.path.join(s.root, unit)), "it is not enabled")
    done = s.run("sh", "-c", "/usr/bin/hansho check --interface -c /etc/hansho.yaml; test $? -ne 1")
    rig.check("package: without an interface there is nothing to start", done.returncode == 1, done.stderr)
    done = s.run("hansho", "check")
    rig.check("package: the configuration it brings is well", done.returncode == 0 and "all is well" in done.stdout, done.stdout + done.stderr)
    pages = [p for p in s.files() if p.startswith("usr/share/man/")]
    rig.check("package: manual pages", len(pages) >= 8, pages)


def runs(s):
    shutil.copy(CAPTURE, f"{s.root}/tmp/c.pcap")
    as_user = ("setpriv", "--reuid", "hansho", "--regid", "hansho", "--init-groups")
    done = s.run(*as_user, "hansho", "replay", "--quiet", "--eve", "-", "/tmp/c.pcap")
    rig.check("package: a replay as its own user", done.returncode == 0 and '"event_type":"alert"' in done.stdout, done.stderr)
    rig.write(f"{s.root}/etc/hansho.yaml", "# mine\ncapture:\n  interface: lo\nsinks:\n  - type: eve\n    path: /var/log/hansho/eve.json\n")
    done = s.run("sh", "-c", "/usr/bin/hansho check --interface -c /etc/hansho.yaml; test $? -ne 1")
    rig.check("package: with an interface there is something to start", done.returncode == 0 and done.stdout == "lo\n", done.stdout + done.stderr)
    caps = ("--inh-caps", "+net_raw", "--ambient-caps", "+net_raw", "--bounding-set", "-all,+net_raw")
    watch = subprocess.Popen(s.command(*as_user, *caps, "sh", "-c", "hansho watch -c /etc/hansho.yaml & pid=$!; sleep 8; "
                             "ps -o user= -p $pid 2>/dev/null || stat -c %U /proc/$pid; hansho status --once >/dev/null; echo status $?; "
                             "kill $pid; wait $pid; echo ended $?"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = watch.communicate(timeout=90)
    except subprocess.TimeoutExpired:
        watch.send_signal(signal.SIGKILL)
        out, err = watch.communicate()
    rig.check("package: it watches as its own user, and says how it is", "hansho\n" in out and "status 0" in out and "ended 0" in out, out + err)
    owner = s.run("stat", "-c", "%U", "/var/lib/hansho/journal").stdout.strip()
    rig.check("package: its state is its own", owner == "hansho", owner)


def package():
    deb = built()
    s = System()
    shutil.copy(deb, f"{s.root}/tmp/hansho.deb")
    done = s.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "/tmp/hansho.deb", seconds=900)
    rig.check("package: it installs", done.returncode == 0, done.stdout[-600:] + done.stderr[-600:])
    installed(s)
    runs(s)
    shutil.copy(newer(deb, os.path.dirname(s.root)), f"{s.root}/tmp/newer.deb")
    mine = s.text("etc/hansho.yaml")
    done = s.run("dpkg", "--force-confdef", "--force-confold", "-i", "/tmp/newer.deb")
    rig.check("package: an upgrade keeps the configuration", done.returncode == 0 and s.text("etc/hansho.yaml") == mine and
              "0.1.1" in s.run("dpkg-query", "-W", "hansho").stdout, done.stdout + done.stderr)
    done = s.run("apt-get", "remove", "-y", "-qq", "hansho")
    rig.check("package: removed, its configuration and state stay", done.returncode == 0 and s.text("etc/hansho.yaml") == mine and
              os.path.isdir(f"{s.root}/var/lib/hansho/journal") and not os.path.exists(f"{s.root}/usr/bin/hansho"), done.stderr)
    done = s.run("apt-get", "purge", "-y", "-qq", "hansho")
    left = s.files() - s.before
    rig.check("package: purged, nothing is left", done.returncode == 0 and not left and "hansho" not in s.text("etc/passwd") + s.text("etc/group") and
              not os.path.exists(f"{s.root}/var/log/hansho"), f"{sorted(left)} {done.stdout[-300:]} {done.stderr[-300:]}")


if __name__ == "__main__":
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        rig.skip("package", "root and debootstrap are needed")
        sys.exit(0)
    rig.run_cases([package])
