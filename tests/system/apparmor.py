#!/usr/bin/env python3
"""Does the AppArmor profile hold what the service does? Few kernels of test machines have AppArmor, so every path that the
unit's commands open, run or connect to (strace tells) is held against the profile's rules, as apparmor_parser sees them."""
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

PROFILE = os.path.join(rig.TOP, "etc", "apparmor", "hansho-watch")
UNIT = os.path.join(rig.TOP, "etc", "hansho.service")
VARIABLES = {"PROC": "/proc/", "sys": "/sys/", "pid": "[0-9]*", "tid": "[0-9]*", "etc_ro": "{/etc,/usr/etc}", "etc_rw": "/etc",
             "run": "{/run,/var/run}", "multiarch": "*-linux-gnu*", "HOME": "/root", "HOMEDIRS": "/home"}
CALL = re.compile(r"^(?:\[pid +)?\d*\]? ?(\w+)\((.*)\) += (-?\d+)(?: (E\w+))?")


# ---- the profile ----

def expression(glob):
    """AppArmor's globs: ** crosses folders, * does not, {a,b} is either."""
    for name, value in VARIABLES.items():
        glob = glob.replace("@{" + name + "}", value)
    glob, out, depth, at = re.sub("/+", "/", glob), "", 0, 0
    while at < len(glob):
        c = glob[at]
        if glob.startswith("**", at):
            out, at = out + ".*", at + 1
        elif c == "*":
            out += "[^/]*"
        elif c == "?":
            out += "[^/]"
        elif c == "{":
            out, depth = out + "(?:", depth + 1
        elif c == "}":
            out, depth = out + ")", depth - 1
        elif c == "," and depth > 0:
            out += "|"
        elif c == "[":
            end = glob.index("]", at)
            out, at = out + glob[at:end + 1], end
        else:
            out += re.escape(c)
        at += 1
    return re.compile(out)


def rules():
    """[(expression, permissions)] of the profile's file rules."""
    text = subprocess.run(["apparmor_parser", "-p", PROFILE], capture_output=True, text=True, check=True).stdout
    found = []
    for line in text.splitlines():
        m = re.match(r"\s*(?:owner )?((?:/|@\{)\S+)\s+([a-zA-Z]+),", line)
        if m:
            found.append((expression(m[1]), m[2]))
    return found


def is_allowed(known, path, wanted):
    # A folder's name ends with a slash there.
    granted = "".join(p for e, p in known if e.fullmatch(path) or e.fullmatch(path + "/"))
    return all(w in granted or (w == "a" and "w" in granted) for w in wanted)


# ---- what was done ----

def deeds(trace):
    """{(path, permissions)} of the calls that worked."""
    found = set()
    for line in rig.lines(trace):
        m = CALL.match(re.sub(r"^\d+ +", "", line))
        path = re.search(r'"((?:[^"\\]|\\.)*)"', line)
        if m is None or path is None or int(m[3]) < 0:
            continue
        name, text = m[1], m[2]
        if name in ("open", "openat", "creat"):
            wanted = "rw" if "O_RDWR" in text else "w" if "O_WRONLY" in text or name == "creat" else "r"
            if "O_PATH" in text:
                continue
        elif name in ("execve", "execveat"):
            wanted = "x"
        elif name in ("mkdir", "mkdirat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "chmod", "fchmodat", "chown", "lchown",
                      "fchownat", "truncate"):
            wanted = "w"
        elif name in ("connect", "bind") and "AF_UNIX" in text and "sun_path=@" not in text:
            wanted = "w"
        else:
            continue
        for p in re.findall(r'"(/(?:[^"\\]|\\.)*)"', text)[:2 if "rename" in name else 1]:
            found.add((p, wanted))
    return found


def traced(trace, words):
    return ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file,connect,bind,execve", "-o", trace, *words]


def service(net, folder, trace):
    """`hansho watch` as the unit runs it, with what a configuration may want: sinks, a store, a secret, feeds, a reload, an end."""
    for name in ("etc", "log"):
        os.mkdir(os.path.join(folder, name))
        os.chmod(os.path.join(folder, name), 0o777)
    feed = shutil.copy(rig.DEMO_FEEDS[0], os.path.join(folder, "etc", "feodo.csv"))
    rig.write(os.path.join(folder, "etc", "key"), "Authorization: Bearer x\n")
    config = rig.write(os.path.join(folder, "etc", "hansho.yaml"), f"""state_directory: {folder}/state
workers: 2
drain_sec: 0
save_sec: 1
metrics: {{ listen: "" }}
contact_log: {{ enabled: yes }}
feeds: [{{ path: {feed}, name: feodo }}]
sinks:
- {{ type: file, path: {folder}/log/eve.json, rotate_mib: 1 }}
- {{ type: store }}
- {{ type: syslog, target: "local:/dev/log" }}
- {{ type: syslog, target: "tls://localhost:9", name: tls }}
- {{ type: webhook, url: "https://localhost:9/", header: "file:{folder}/etc/key" }}
- {{ type: mail, url: "smtp://localhost:9", from: a@b.example, to: c@d.example, interval_sec: 1 }}
""")
    s = rig.Sensor(["watch", "-i", net.far, "-c", config], before=[*net.inside, *traced(trace, [])])
    if not s.wait_for("watching", 30):
        rig.fail("apparmor: a sensor begins", s.text())
        return None
    net.send(os.path.join(rig.PCAPS, "emotet-like.pcap"), "--topspeed")
    main = min(int(p) for p in os.listdir("/proc") if p.isdigit() and (rig.stat_of(p) or ("", 0))[1] == s.pid)
    time.sleep(3)
    os.kill(main, signal.SIGHUP)
    time.sleep(3)
    os.kill(main, signal.SIGTERM)
    time.sleep(1)
    os.kill(main, signal.SIGTERM) if os.path.exists(f"/proc/{main}") else None
    rig.wait(lambda: s.process.poll() is not None, 20)
    s.end()
    return config


def unit_commands(config, folder):
    """What the unit's other lines run, traced."""
    trace, ran = os.path.join(folder, "unit.trace"), []
    with open(UNIT, encoding="utf-8") as f:
        lines = re.findall(r"^Exec(?:Condition|Reload|StartPre)=(.*)$", f.read(), re.M)
    for line in lines:
        child = subprocess.Popen(["sleep", "60"])
        words = [w.replace("/usr/local/bin/hansho", rig.HANSHO).replace("/etc/hansho.yaml", config).replace("$$", "$")
                 .replace("$MAINPID", str(child.pid)) for w in shlex.split(line)]
        subprocess.run(traced(trace, words), capture_output=True, timeout=60)
        child.kill()
        child.wait()
        ran.append(deeds(trace))
    return set().union(*ran), lines


def profile():
    net, folder = rig.Network(), rig.folder(0o777)
    trace = os.path.join(folder, "trace")
    config = service(net, folder, trace)
    if config is None:
        return
    done = deeds(trace)
    commands, lines = unit_commands(config, folder)
    rig.check("apparmor: the unit's own commands were run", len(lines) == 2 and any(w == "x" for _, w in commands), lines)
    places = [(os.path.join(folder, "etc", "hansho.yaml"), "/etc/hansho.yaml"), (os.path.join(folder, "etc"), "/etc/hansho"),
              (os.path.join(folder, "state"), "/var/lib/hansho"), (os.path.join(folder, "log"), "/var/log/hansho"),
              (rig.HANSHO, "/usr/bin/hansho")]
    known, bad, held = rules(), set(), 0
    for path, wanted in done | commands:
        for a, b in places:
            path = b + path[len(a):] if path == a or path.startswith(a + "/") else path
        if path.startswith(("/root/", "/opt/", folder)) or path.endswith(("/strace", "/ip")):
            continue            # this machine's own
        held += 1
        # AppArmor sees where links lead.
        for link, place in ((r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/"), ("^/usr/bin/sh$", "/usr/bin/dash"), ("^/proc/self/", "/proc/1/"),
                            ("^/sys/class/net/", "/sys/devices/virtual/net/")):
            path = re.sub(link, place, path)
        if not is_allowed(known, path, wanted) and not is_allowed(known, path.replace("/usr/", "/", 1), wanted):
            bad.add(f"{path} {wanted}")
    rig.check("apparmor: everything that the service does is allowed", held > 40 and not bad, f"{held}: {sorted(bad)}")
    for path, wanted in (("/etc/shadow", "r"), ("/var/lib/other/x", "r"), ("/usr/bin/hansho", "w"), ("/etc/hansho/key", "w"),
                         ("/home/a/.ssh/id", "r"), ("/usr/bin/curl", "x"), ("/etc/cron.d/x", "w")):
        rig.check(f"apparmor: {path} {wanted} is not", not is_allowed(known, path, wanted), "it is allowed")


missing = rig.no_network() or next((f"{t} is not installed" for t in ("strace", "apparmor_parser") if shutil.which(t) is None), None)
if missing:
    rig.skip("apparmor", missing)
    sys.exit(0)
rig.run_cases([profile])
