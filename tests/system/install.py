#!/usr/bin/env python3
"""What `make install` puts where, how exposed the service is, whether the shell completes what the commands know."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

BUILD = os.path.dirname(rig.HANSHO)
EXPECTED = """
etc/apparmor.d/hansho-watch etc/hansho.yaml etc/logrotate.d/hansho
usr/bin/hansho usr/lib/systemd/system/hansho.service usr/share/bash-completion/completions/hansho
usr/share/hansho/advice.yaml usr/share/hansho/catalogue.yaml
usr/share/man/man1/hansho.1 usr/share/man/man5/hansho.yaml.5
""".split()


def say(*words):
    return subprocess.run([rig.HANSHO, *words], capture_output=True, text=True, timeout=20).stdout


def installed():
    root = rig.folder()
    make = ["make", "-s", "-C", rig.TOP, "install", f"BUILD={BUILD}", f"DESTDIR={root}", "PREFIX=/usr"]
    done = subprocess.run(make, capture_output=True, text=True)
    files = {os.path.relpath(os.path.join(top, n), root) for top, _, names in os.walk(root) for n in names}
    commands = re.findall(r"^  hansho ([a-z]+) ", say("--help"), re.M)
    expected = {*EXPECTED, *(f"usr/share/man/man1/hansho-{c}.1" for c in commands)}
    rig.check("install: everything is put in its place", done.returncode == 0 and expected <= files,
              f"{done.stderr} {sorted(expected - files)}")
    others = {f for f in files - expected if not f.startswith(("usr/share/hansho/", "usr/share/man/"))}
    rig.check("install: and nothing elsewhere", not others, f"{sorted(others)}")
    rig.write(os.path.join(root, "etc/hansho.yaml"), "# mine\n")
    subprocess.run(make, capture_output=True)
    with open(os.path.join(root, "etc/hansho.yaml"), encoding="utf-8") as f:
        rig.check("install: a configuration that is there stays", f.read() == "# mine\n", "it was overwritten")
    return root


def service(root):
    unit = os.path.join(root, "usr/lib/systemd/system/hansho.service")
    with open(unit, encoding="utf-8") as f:
        text = f.read()
    rig.check("service: it runs what is installed, as its own user", "ExecStart=/usr/bin/hansho watch" in text and
              "\nUser=hansho\n" in text and "/usr/local" not in text, text)
    if shutil.which("systemd-analyze") is None:
        rig.skip("service: exposure", "there is no systemd-analyze")
        return
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit], capture_output=True, text=True)
    level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    rig.check("service: exposure of at most 2.0", done.returncode == 0 and level and float(level.group(1)) <= 2.0,
              done.stdout[-200:] + done.stderr)


def condition():
    """What the unit asks before it starts."""
    d = rig.folder()
    for name, text, status in (("none", "", 1), ("one", "capture:\n  interface: eth7\n", 0), ("wrong", "capture:\n  intrface: x\n", 2)):
        path = rig.write(os.path.join(d, name), text)
        done = subprocess.run([rig.HANSHO, "check", "--interface", "-c", path], capture_output=True, text=True, timeout=20)
        rig.check(f"check --interface: {name}", done.returncode == status and done.stdout == ("eth7\n" if status == 0 else ""),
                  f"{done.returncode} {done.stdout} {done.stderr}")


def completed(script, line):
    words = line.split(" ")
    done = subprocess.run(["bash", "--norc", "-c", f'. "{script}"; COMP_WORDS=({" ".join(w or chr(39) * 2 for w in words)}); '
                           f'COMP_CWORD={len(words) - 1}; _hansho 2>/dev/null; echo "${{COMPREPLY[@]}}"'], capture_output=True, text=True)
    return set(done.stdout.split())


def completion(root):
    script = os.path.join(root, "usr/share/bash-completion/completions/hansho")
    commands = re.findall(r"^  hansho ([a-z]+) ", say("--help"), re.M)
    rig.check("completion: every command", completed(script, "hansho ") >= set(commands), completed(script, "hansho "))
    for c in commands:
        known = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", say(c, "--help"), re.M))
        found = {w for w in completed(script, f"hansho {c} --") if w.startswith("--")}
        rig.check(f"completion: options of {c}", known and found == known, f"{sorted(known ^ found)}")
    rig.check("completion: what feed can do", {"update", "list", "lookup", "check", "export"} <= completed(script, "hansho feed "),
              completed(script, "hansho feed "))
    rig.check("completion: interfaces", "lo" in completed(script, "hansho watch -i "), "no lo")
    rig.check("completion: kinds of records", {"alert", "beacon", "flow"} <= completed(script, "hansho replay --records "), "not all")


def profile(root):
    path = os.path.join(root, "etc/apparmor.d/hansho-watch")
    if shutil.which("apparmor_parser") is None:
        rig.skip("AppArmor profile", "there is no apparmor_parser")
    else:
        done = subprocess.run(["apparmor_parser", "-Q", "-K", path], capture_output=True, text=True)
        rig.check("AppArmor: the profile is one", done.returncode == 0, done.stderr)
    if shutil.which("logrotate") is None:
        rig.skip("logrotate", "it is not installed")
        return
    with open(os.path.join(root, "etc/logrotate.d/hansho"), encoding="utf-8") as f:
        text = f.read()
    # The user is made by the package.
    path = rig.write(os.path.join(root, "rotate"), text.replace("su hansho hansho", "su root root"))
    done = subprocess.run(["logrotate", "-d", "-s", os.path.join(root, "state"), path], capture_output=True, text=True)
    rig.check("logrotate: it is understood", done.returncode == 0 and "error:" not in done.stderr, done.stderr)


def everything():
    root = installed()
    service(root)
    completion(root)
    profile(root)


if __name__ == "__main__":
    rig.run_cases([everything, condition])
