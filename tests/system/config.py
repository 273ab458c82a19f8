#!/usr/bin/env python3
"""Configurations as a user writes them: each mistake is one line with file, line
and what was expected, ends with status 2 and starts nothing; `hansho check`
says what is in force and what is not reached; the committed sample and manual
are what the option table prints."""
import os, shutil, socket, subprocess, sys, tempfile, threading

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
HANSHO = os.path.abspath(os.environ.get("HANSHO", os.path.join(TOP, "build/hansho")))
failed = False


def tell(name, why=""):
    global failed
    if why:
        failed = True
        print(f"FAIL {name}: {' '.join(str(why).split())}", flush=True)
    else:
        print(f"ok {name}", flush=True)


def run(*args, cwd=None):
    p = subprocess.run(["timeout", "-s", "KILL", "30", HANSHO, *args], cwd=cwd, text=True, errors="replace",
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stdout, p.stderr


def write(path, text):
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


# What is in the file; the line that is told, or None for the file as a whole; words of the line.
MISTAKES = {
    "a typo in a key": ("workers: 1\ncapture:\n  snaplenn: 100\n", 3, "did you mean snaplen?"),
    "a wrong type": ("workers: many\n", 1, "expected a whole number from 1 to 64"),
    "no workers": ("# so\nworkers: 0\n", 2, "expected a whole number from 1 to 64"),
    "a value out of range": ("limits:\n  flows: 0\n", 2, "limits.flows: \"0\": expected a whole number from 1"),
    "a feed that is not there": ("feeds:\n  - path: gone.csv\n", 2, "gone.csv: No such file or directory"),
    "a database that is not there": ("geoip:\n  asn: gone.mmdb\n", 2, "gone.mmdb: No such file or directory"),
    "a database that is none": ("geoip:\n  country: capture.pcap\n", 2, "expected a MaxMind database"),
    "a syntax error": ("capture:\n  - interface: x\n  filter: y\n", 3, "expected YAML"),
    "an unknown kind of sink": ("sinks:\n  - type: email\n", 2, "expected one of console, eve, file, syslog, webhook, store, mail"),
    "an unknown record": ("records: [alert, alarm]\n", 1, "expected one of alert, beacon, http, tls, dns, flow"),
    "a webhook that is no URL": ("sinks:\n  - type: webhook\n    url: soc.example\n", 3, "http:// or https://"),
    "a syslog target that is none": ("sinks:\n  - type: syslog\n    target: soc\n", 3, "udp://host:port"),
    "a filter that is none": ("capture:\n  filter: port port\n", 2, "expected a filter"),
    "a home network that is none": ("home:\n  - 10.0.0.0/8\n  - 10.0.0.0/40\n", 3, "expected an address or a CIDR"),
    "an alias": ("home: &a [10.0.0.0/8]\nrecords: *a\n", 1, "anchors"),
    "deep nesting": ("[" * 20000, 1, "expected"),
    "binary": (bytes(range(256)) * 16, 1, "expected YAML"),
    "two megabytes": (b"# x\n" * 500000, None, "expected a configuration of at most 1 MiB"),
    "control bytes": ("workers: \"\\e[2J\"\n", 1, "expected a value of one line"),
}


def mistakes(work):
    path = os.path.join(work, "wrong.yaml")
    for name, (text, line, words) in MISTAKES.items():
        write(path, text)
        begin = f"hansho: {path}:{line}: " if line else f"hansho: {path}: "
        why = ""
        for command in (["check", "-c", path], ["replay", "-c", path, "capture.pcap"], ["watch", "-c", path, "-i", "lo"]):
            status, out, err = run(*command, cwd=work)
            if status != 2 or out or err.count("\n") != 1 or not err.startswith(begin) or words not in err:
                why += f"{command[0]}: status {status}, {out!r}, {err!r} "
        if sorted(os.listdir(work)) != BEFORE:
            why += "left files behind"
        tell(f"{name} ends with one line and status 2", why)


def command_lines(work):
    cases = {
        "an unknown option": ["check", "--colour"],
        "an unknown option of replay": ["replay", "--colour", "capture.pcap"],
        "an option without its value": ["check", "-c"],
        "a configuration that is not there": ["check", "-c", "gone.yaml"],
        "a directory as configuration": ["check", "-c", "."],
        "an endless configuration": ["check", "-c", "/dev/zero"],
        "a feed that is not there on the command line": ["replay", "--feed", "gone.csv", "capture.pcap"],
        "a wrong network on the command line": ["check", "--home", "10.0.0.0/40"],
        "no workers on the command line": ["replay", "--workers", "0", "capture.pcap"],
        "an unknown record on the command line": ["replay", "--records", "alarm", "capture.pcap"],
        "two files for EVE": ["replay", "--eve", "a.json", "--eve", "b.json", "capture.pcap"],
        "an empty name for EVE": ["replay", "--eve", "", "capture.pcap"],
        "a mistyped feed format": ["replay", "--feed", "foedo-csv:" + os.path.join(TOP, "feeds/demo/feodo.csv"), "capture.pcap"],
        "a word too many": ["check", "now"],
        "an unknown command": ["bark"],
    }
    for name, command in cases.items():
        status, out, err = run(*command, cwd=work)
        well = status == 2 and not out and err.count("\n") == 1 and err.startswith("hansho: ")
        tell(f"{name} ends with one line and status 2", "" if well else f"status {status}, {out!r}, {err!r}")


def nowhere_to_print(work):
    """A full disk or a closed stream behind what is printed: one line, status 1."""
    for command in ("--help", "check", "check --options", "replay --help"):
        for where in (">/dev/full", ">&-"):
            p = subprocess.run(f"exec {HANSHO} {command} {where}", shell=True, cwd=work, stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, timeout=20)
            well = p.returncode == 1 and p.stderr.startswith("hansho: standard output: cannot write") and \
                p.stderr.count("\n") == 1
            tell(f"{command} {where}", "" if well else f"status {p.returncode}, {p.stderr!r}")


def nothing_configured(work):
    for name, text in {"an empty file": "", "only comments": "# nothing\n", "empty sections": "capture:\nfeeds:\nsinks:\n"}.items():
        path = write(os.path.join(work, "empty.yaml"), text)
        status, out, err = run("check", "-c", path)
        well = status == 0 and not err and path in out and "all is well" in out and "default:" not in out
        tell(f"{name} is all defaults", "" if well else f"status {status}, {out!r}, {err!r}")


class Receiver(threading.Thread):
    """Takes connections and says nothing."""
    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            self.listener.accept()


def refused_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def receivers(work):
    receiver = Receiver()
    receiver.start()
    eve = os.path.join(work, "eve.json")
    text = "sinks:\n  - type: eve\n    path: eve.json\n  - type: syslog\n    target: tcp://127.0.0.1:%d\n"
    path = write(os.path.join(work, "good.yaml"), text % receiver.port)
    status, out, err = run("check", "-c", path)
    well = status == 0 and out.count(", reached") == 2 and "all is well" in out and not err
    tell("check with a receiver that listens", "" if well else f"status {status}, {out!r}, {err!r}")
    tell("check makes no EVE file", "there is one" if os.path.exists(eve) else "")
    path = write(os.path.join(work, "refused.yaml"), text % refused_port())
    status, out, err = run("check", "-c", path)
    well = status == 1 and "syslog-1: syslog tcp://127.0.0.1:" in out and "NOT REACHED" in out and "refused" in out
    tell("check with a receiver that refuses", "" if well else f"status {status}, {out!r}, {err!r}")
    path = write(os.path.join(work, "hook.yaml"),
                 f"sinks:\n  - type: webhook\n    url: http://u:geheim@127.0.0.1:{refused_port()}/geheim\n")
    status, out, err = run("check", "-c", path)
    well = status == 1 and "NOT REACHED" in out and "geheim" not in out + err
    tell("check tells no secret of a webhook", "" if well else f"status {status}, {out!r}, {err!r}")


def in_force(work):
    feed = write(os.path.join(work, "list.txt"), "192.0.2.1\nevil.example\nhttp://bad.example/x.bin\n")
    path = write(os.path.join(work, "force.yaml"),
                 "sensor_name: tap-1\nworkers: 2\nhome: [10.0.0.0/8]\ncapture:\n  interface: none0\n"
                 "  filter: not port 22\nfeeds:\n  - {path: list.txt, name: mine, format: plain}\n")
    status, out, err = run("check", "-c", path)
    words = ["sensor_name: tap-1 (default: ", "workers: 2 (default: 1)", "home: 10.0.0.0/8 (default: ",
             "capture.filter: not port 22 (default: none)", "none0: NOT THERE", "mine, plain: 3 loaded",
             "in force  3 indicators: 1 ip, 1 domain, 1 url"]
    missing = [w for w in words if w not in out]
    tell("check tells what is in force", "" if status == 1 and not missing else f"status {status}, without {missing}: {out!r}")
    os.unlink(feed)


def databases(work):
    status = subprocess.run(["perl", os.path.join(TOP, "tests/make-geoip.pl"), work], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL).returncode
    if status != 0:
        print("skip configured GeoIP databases: they cannot be made here")
        return
    path = write(os.path.join(work, "geoip.yaml"), "geoip:\n  asn: asn.mmdb\n  country: country.mmdb\n")
    status, out, err = run("check", "-c", path)
    well = status == 0 and "geoip     ASN " in out and "asn.mmdb" in out and not err
    tell("configured GeoIP databases", "" if well else f"status {status}, {out!r}, {err!r}")


def sinks_of_a_replay(work):
    """The file's sinks and records are what a replay uses; its paths begin beside it."""
    path = write(os.path.join(work, "replay.yaml"),
                 "records: [flow]\nsensor_name: tap-9\nsinks:\n  - {type: eve, path: out.json}\n")
    status, out, err = run("replay", "--quiet", "-c", path, os.path.join(work, "capture.pcap"), cwd="/")
    lines = open(os.path.join(work, "out.json")).read().splitlines() if os.path.exists(os.path.join(work, "out.json")) else []
    well = status == 0 and not out and lines and all('"flow"' in l and "tap-9" in l for l in lines)
    tell("a replay writes where its configuration says", "" if well else f"status {status}, {len(lines)} lines, {out!r}, {err!r}")


def committed_files(work):
    status, sample, _ = run("check", "--sample")
    with open(os.path.join(TOP, "etc/hansho.yaml")) as f:
        tell("etc/hansho.yaml is the table's", "" if f.read() == sample else "run tools/config-files")
    status, tables, _ = run("check", "--options")
    with open(os.path.join(TOP, "docs/configuration.md")) as f:
        text = f.read()
    tell("docs/configuration.md has the table's tables", "" if tables and text.endswith(tables) else "run tools/config-files")
    status, out, err = run("check", "-c", os.path.join(TOP, "etc/hansho.yaml"))
    tell("the sample is well and changes nothing", "" if status == 0 and "default:" not in out else f"{status}: {out!r} {err!r}")
    small = text.split("```yaml\n")[1].split("```")[0]
    os.makedirs(os.path.join(work, "feeds"))
    write(os.path.join(work, "feeds/feodo.csv"), "x")
    status, out, err = run("check", "-c", write(os.path.join(work, "small.yaml"), small.replace("/var/log/hansho", work)))
    tell("the manual's example can be read", "" if status == 1 and not err else f"status {status}, {out!r}, {err!r}")


work = tempfile.mkdtemp(prefix="hansho-config-")
try:
    shutil.copy(os.path.join(TOP, "pcaps", sorted(f for f in os.listdir(os.path.join(TOP, "pcaps")) if f.endswith(".pcap"))[0]),
                os.path.join(work, "capture.pcap"))
    write(os.path.join(work, "wrong.yaml"), "")
    BEFORE = sorted(os.listdir(work))
    mistakes(work)
    command_lines(work)
    nowhere_to_print(work)
    nothing_configured(work)
    receivers(work)
    in_force(work)
    databases(work)
    sinks_of_a_replay(work)
    committed_files(work)
finally:
    shutil.rmtree(work)
sys.exit(failed)
