#!/usr/bin/env python3
"""The syslog sink against a real rsyslogd on loopback: UDP, TCP, Unix socket, restarts in the middle."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", "build")
FEED = os.path.join(ROOT, BUILD, "tests/system/courier_feed")

CONFIG = """
module(load="imudp")
module(load="imtcp" MaxSessions="20")
module(load="imuxsock" SysSock.Use="off")
global(workDirectory="{dir}" maxMessageSize="16k" defaultNetstreamDriverCAFile="{dir}/ca.pem"
	defaultNetstreamDriverCertFile="{dir}/server.pem" defaultNetstreamDriverKeyFile="{dir}/server.key")
template(name="seen" type="string"
	string="%timestamp:::date-rfc3339%|%hostname%|%app-name%|%procid%|%msgid%|%pri%|%structured-data%|%msg%\\n")
ruleset(name="in") {{ action(type="omfile" file="{dir}/seen.log" template="seen" asyncWriting="off" flushOnTXEnd="on") }}
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="in")
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="in")
input(type="imtcp" address="127.0.0.1" port="{tls}" ruleset="in" streamDriver.name="ossl" streamDriver.mode="1"
	streamDriver.authMode="x509/certvalid")
input(type="imtcp" address="127.0.0.1" port="{named}" ruleset="in" streamDriver.name="gtls" streamDriver.mode="1"
	streamDriver.authMode="x509/name" permittedPeer=["sensor.example"])
input(type="imuxsock" socket="{dir}/log" useSpecialParser="off" ruleset="in" rateLimit.interval="0")
input(type="imuxsock" socket="{dir}/devlog" ruleset="in" rateLimit.interval="0")
"""

PARAM = re.compile(r' ([!-~]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"')


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificates(d):
    """An authority, and what it vouches for: the receiver (localhost), the sensor; and a stranger's own."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=d)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "stranger"):
        openssl("req", "-x509", *key, "-keyout", name + ".key", "-out", name + ".pem", "-days", "2", "-subj", "/CN=" + name)
    for name, subject in (("server", "localhost"), ("sensor", "sensor.example"), ("other", "other.example")):
        with open(os.path.join(d, name + ".ext"), "w") as f:
            f.write("subjectAltName=DNS:%s\n" % subject)
        openssl("req", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + subject)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", name + ".ext", "-out", name + ".pem")


class Rsyslog:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hansho-rsyslog-")
        self.udp = free_port(socket.SOCK_DGRAM)
        self.tcp = free_port(socket.SOCK_STREAM)
        self.tls = free_port(socket.SOCK_STREAM)
        self.named = free_port(socket.SOCK_STREAM)  # of the two drivers only GnuTLS's minds permittedPeer (8.2302)
        self.process, self.seen = None, 0
        with open(os.path.join(self.dir, "rsyslog.conf"), "w") as f:
            f.write(CONFIG.format(dir=self.dir, udp=self.udp, tcp=self.tcp, tls=self.tls, named=self.named))
        certificates(self.dir)

    def start(self, *ports):
        """Unless it runs; until it listens. OpenSSL's driver needs seconds before it does."""
        if self.process is None:
            self.begin()
        for port in ports:
            until = time.monotonic() + 20
            while not self.listens(port):
                if time.monotonic() > until:
                    raise RuntimeError("rsyslogd does not listen at port %d within 20 s" % port)
                time.sleep(0.05)

    @staticmethod
    def listens(port):
        with open("/proc/net/tcp", encoding="ascii") as f:
            return any(line.split()[1] == "0100007F:%04X" % port and line.split()[3] == "0A" for line in f)

    def begin(self):
        self.process = subprocess.Popen(
            [shutil.which("rsyslogd") or "/usr/sbin/rsyslogd", "-n", "-f", self.dir + "/rsyslog.conf",
             "-i", self.dir + "/pid"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 25
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError("rsyslogd does not start: " + self.process.stderr.read().strip())
            try:
                socket.create_connection(("127.0.0.1", self.tcp), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("rsyslogd does not listen within 25 s")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        self.process = None

    def lines(self):
        try:
            with open(self.dir + "/seen.log", encoding="utf-8") as f:
                return f.read().splitlines()[self.seen:]
        except FileNotFoundError:
            return []

    def clear(self):
        """What comes from now on counts."""
        time.sleep(0.2)
        self.seen = 0
        self.seen = len(self.lines())
        shutil.rmtree(os.path.join(self.dir, "journal"), True)

    def feed(self, target, count, pause_ms=0, deadline_ms=20000, options=()):
        return subprocess.Popen([FEED, self.dir + "/journal", str(count), str(pause_ms), str(deadline_ms),
                                 "syslog=" + target, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(feed):
    out, err = feed.communicate(timeout=60)
    if feed.returncode != 0:
        raise RuntimeError("courier_feed exits %d: %s%s" % (feed.returncode, out, err.strip()))
    return out


def check_line(line):
    """The number of the alert; raises when a field is not as the sink sent it."""
    fields = line.split("|", 7)
    if len(fields) != 8:
        raise RuntimeError("not eight fields: " + line)
    stamp, host, app, process, msgid, pri, data, text = fields
    params = dict(PARAM.findall(data))
    number = int(params["id"], 16)
    want = {"host": (host, "tap1"), "app-name": (app, "hansho"), "msgid": (msgid, "c2.feed"),
            "priority": (int(pri) if pri.isdigit() else pri, 128 + [2, 4, 5, 6][number % 4]),
            "src": (params["src"], "198.51.100.7"), "dpt": (params["dpt"], "443"),
            "feed": (params["feed"], 'a\\"b\\]c\\\\d'), "rev": (params["rev"], "1")}
    for name, (got, wanted) in want.items():
        if got != wanted:
            raise RuntimeError("%s is %r, not %r: %s" % (name, got, wanted, line))
    if not data.startswith("[c2@32473 ") or "".join(' %s="%s"' % p for p in PARAM.findall(data)) != data[10 - 1:-1]:
        raise RuntimeError("structured data is not well-formed: " + data)
    if not re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", stamp) or not process.isdigit():
        raise RuntimeError("time or process: " + line)
    end = 'quotes " brackets ] backslash \\ kana \u3042'
    if not text.lstrip(" ").startswith("\ufeffC2 feed ip:port Emotet: 198.51.100.7 -> 192.0.2.77:443") or not text.endswith(end):
        raise RuntimeError("text: " + repr(text))
    return number


def wait_for_all(r, count, again=False):
    until = time.monotonic() + 10
    while time.monotonic() < until and len({check_line(x) for x in r.lines()}) < count:
        time.sleep(0.1)
    numbers = [check_line(x) for x in r.lines()]
    missing = set(range(count)) - set(numbers)
    if missing:
        raise RuntimeError("%d of %d alerts are missing, first %d" % (len(missing), count, min(missing)))
    if not again and len(numbers) != count:
        raise RuntimeError("%d lines for %d alerts" % (len(numbers), count))
    if not again and numbers != sorted(numbers):
        raise RuntimeError("not in order")


def deliver(r, target, count):
    r.start()
    finish(r.feed(target, count))
    wait_for_all(r, count)


def udp(r):
    deliver(r, "udp://127.0.0.1:%d" % r.udp, 100)


def tcp(r):
    deliver(r, "tcp://localhost:%d" % r.tcp, 1000)


def unix(r):
    deliver(r, r.dir + "/log", 200)


def local(r):
    """rsyslog's own way with /dev/log: it must find the program's name, its number and the text."""
    r.start()
    finish(r.feed("local:" + r.dir + "/devlog", 50))
    until = time.monotonic() + 10
    while time.monotonic() < until and len(r.lines()) < 50:
        time.sleep(0.1)
    lines = r.lines()
    for n, line in enumerate(lines):
        fields = line.split("|", 7)
        if fields[2] != "hansho" or not fields[3].isdigit() or \
                not fields[7].lstrip().startswith('[c2@32473 id="%016x" ' % n):
            raise RuntimeError("line %d: %s" % (n, line))
    if len(lines) != 50:
        raise RuntimeError("%d lines for 50 alerts" % len(lines))


def starts_later(r):
    r.stop()
    feed = r.feed("tcp://127.0.0.1:%d" % r.tcp, 20)
    time.sleep(1)
    r.start()
    finish(feed)
    wait_for_all(r, 20)


def restart(r, target):
    r.start()
    feed = r.feed(target, 150, 20)
    for _ in range(2):
        time.sleep(0.8)
        r.stop()
        time.sleep(0.5)
        r.start()
    out = finish(feed)
    wait_for_all(r, 150, again=True)
    if int(out.split()[3]) == 0:
        raise RuntimeError("the sink did not notice the restarts: " + out)


def tcp_restart(r):
    restart(r, "tcp://127.0.0.1:%d" % r.tcp)


def udp_restart(r):
    restart(r, "udp://127.0.0.1:%d" % r.udp)


def unix_restart(r):
    restart(r, r.dir + "/log")


def left_for_next_start(r):
    r.stop()
    feed = r.feed("tcp://127.0.0.1:%d" % r.tcp, 10, 0, 300)
    out, err = feed.communicate(timeout=30)
    if feed.returncode != 1 or "10 records not delivered" not in err:
        raise RuntimeError("nobody listens, but courier_feed exits %d: %s" % (feed.returncode, err.strip()))
    r.start()
    finish(r.feed("tcp://127.0.0.1:%d" % r.tcp, 5))
    wait_for_all(r, 15)


def tls_options(r, who="sensor"):
    return ["ca_file=%s/ca.pem" % r.dir, "cert_file=%s/%s.pem" % (r.dir, who), "key_file=%s/%s.key" % (r.dir, who)]


def tls(r):
    """Verified name, client certificate: all arrive, in order, once."""
    r.start(r.tls)
    finish(r.feed("tls://localhost:%d" % r.tls, 500, options=tls_options(r)))
    wait_for_all(r, 500)


def refused(r, target, options, words):
    """Nothing arrives, and one line says why."""
    r.start(r.tls, r.named)
    out, err = r.feed(target, 3, 0, 800, options).communicate(timeout=30)
    lines = [line for line in err.splitlines() if "fails: " in line]
    if len(lines) != 1 or words not in lines[0]:
        raise RuntimeError("not one line with %r: %s" % (words, err))
    time.sleep(0.3)
    if r.lines():
        raise RuntimeError("%d lines arrived" % len(r.lines()))


def tls_permitted_name(r):
    """rsyslog that wants a certificate, and one for this name: all arrive."""
    r.start(r.named)
    finish(r.feed("tls://localhost:%d" % r.named, 200, options=tls_options(r)))
    wait_for_all(r, 200)


def tls_other_name(r):
    """The same authority's, for another name."""
    refused(r, "tls://localhost:%d" % r.named, [tls_options(r)[0], *tls_options(r, "other")[1:]],
            "right behind the handshake: does it permit the name in our certificate?")


def tls_no_name(r):
    refused(r, "tls://localhost:%d" % r.named, tls_options(r)[:1], "the receiver ")


def tls_unknown_authority(r):
    refused(r, "tls://localhost:%d" % r.tls, ["ca_file=%s/stranger.pem" % r.dir, *tls_options(r)[1:]],
            "the receiver's certificate is refused: ")


def tls_wrong_name(r):
    refused(r, "tls://127.0.0.1:%d" % r.tls, tls_options(r), "the receiver's certificate is refused: IP address mismatch")


def tls_without_certificate(r):
    refused(r, "tls://localhost:%d" % r.tls, tls_options(r)[:1], "the receiver ")


def tls_as_a_stranger(r):
    refused(r, "tls://localhost:%d" % r.tls, [tls_options(r)[0], *tls_options(r, "stranger")[1:]], "the receiver ")


def tls_restart(r):
    r.start(r.named)
    feed = r.feed("tls://localhost:%d" % r.named, 100, 20, options=tls_options(r))
    time.sleep(0.8)
    r.stop()
    time.sleep(0.5)
    r.start()
    finish(feed)
    wait_for_all(r, 100, again=True)


def rfc3164(r):
    """The older form, over TCP: time, host, program and process are where rsyslog looks for them."""
    r.start()
    finish(r.feed("tcp://localhost:%d" % r.tcp, 20, options=["rfc=3164"]))
    until = time.monotonic() + 10
    while time.monotonic() < until and len(r.lines()) < 20:
        time.sleep(0.1)
    for n, line in enumerate(r.lines()):
        fields = line.split("|", 7)
        if fields[1:3] != ["tap1", "hansho"] or not fields[3].isdigit() or \
                not fields[7].lstrip().startswith('[c2@32473 id="%016x" ' % n):
            raise RuntimeError("line %d: %s" % (n, line))
    if len(r.lines()) != 20:
        raise RuntimeError("%d lines for 20 alerts" % len(r.lines()))


CASES = [tls, tls_permitted_name, tls_other_name, tls_no_name, tls_unknown_authority, tls_wrong_name, tls_without_certificate,
         tls_as_a_stranger, rfc3164, udp, tcp, unix, local, tls_restart, starts_later, tcp_restart, udp_restart, unix_restart,
         left_for_next_start]


def main():
    names = ["sinks_rsyslog." + c.__name__ for c in CASES]
    if not (shutil.which("rsyslogd") or os.path.exists("/usr/sbin/rsyslogd")):
        for n in names:
            print("skip %s: rsyslogd is not installed" % n)
        return 0
    subprocess.run(["make", "-s", "-C", ROOT, "BUILD=" + BUILD, BUILD + "/tests/system/courier_feed"],
                   check=True, stdout=subprocess.DEVNULL)
    r = Rsyslog()
    bad = 0
    try:
        for name, case in zip(names, CASES):
            try:
                r.clear()
                case(r)
                print("ok", name, flush=True)
            except Exception as e:
                bad = 1
                print("FAIL %s: %s" % (name, e), flush=True)
    finally:
        r.stop()
        shutil.rmtree(r.dir)
    return bad


if __name__ == "__main__":
    sys.exit(main())
