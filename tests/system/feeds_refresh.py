#!/usr/bin/env python3
"""Feeds from an nginx of our own, over HTTPS with a CA of our own: what is good comes into force, what is not is held
back and said, requests are polite (nginx's log tells), no secret is written, and a sensor at work loses no packet."""
import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rig

SECRET = "c0ffee-5ec2e7"
START = "start 2026-01-01T00:00:00Z\n"
PAGES = {"-": ("p2", "2026-05-20T00:00:00.000Z"), "-p2": ("", "2026-05-21T00:00:00.000Z"),
         "2026-05-21T00%3A00%3A00.000Z-": ("", "2026-05-22T00:00:00.000Z"),
         "2026-05-22T00%3A00%3A00.000Z-": ("", "")}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Server:
    """nginx with three servers: https, https that nobody vouches for, http."""

    def __init__(self, inside=()):
        self.dir = rig.folder(0o755)
        self.root = os.path.join(self.dir, "www")
        os.mkdir(self.root)
        self.log = os.path.join(self.dir, "access.log")
        self.ports = [free_port() for _ in range(3)]
        self.good, self.strange, self.plain = (f"{s}://127.0.0.1:{p}" for s, p in zip(("https", "https", "http"), self.ports))
        self.certificates()
        conf = rig.write(os.path.join(self.dir, "nginx.conf"), self.configuration())
        self.process = subprocess.Popen([*inside, "nginx", "-e", f"{self.dir}/error.log", "-c", conf], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        rig.atexit.register(self.stop)
        if not rig.wait(lambda: os.path.exists(f"{self.dir}/nginx.pid"), 10):
            raise OSError("nginx did not begin: " + open(f"{self.dir}/error.log").read())

    def certificates(self):
        for name in ("ca", "other"):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", f"{self.dir}/{name}.key",
                    "-out", f"{self.dir}/{name}.pem")
            openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=feeds.example",
                    "-keyout", f"{self.dir}/{name}-server.key", "-out", f"{self.dir}/{name}-server.req")
            rig.write(f"{self.dir}/{name}.ext", "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
            openssl("x509", "-req", "-in", f"{self.dir}/{name}-server.req", "-CA", f"{self.dir}/{name}.pem", "-CAkey",
                    f"{self.dir}/{name}.key", "-CAcreateserial", "-days", "2", "-extfile", f"{self.dir}/{name}.ext", "-out",
                    f"{self.dir}/{name}-server.pem")
        self.ca = f"{self.dir}/ca.pem"

    def configuration(self):
        https, strange, http = self.ports
        taxii = "".join(f'        "{key}" "{last}";\n' for key, (_, last) in PAGES.items())
        return f"""
user root; worker_processes 1; daemon off; pid {self.dir}/nginx.pid; error_log {self.dir}/error.log;
events {{ worker_connections 64; }}
http {{
    default_type text/plain; sendfile off;
    log_format told '$request_uri|$status|$http_if_none_match|$http_if_modified_since|$http_auth_key|$msec|$sent_http_content_encoding|$http_accept|$server_port';
    access_log {self.log} told;
    map "$arg_added_after-$arg_next" $taxii_last {{
{taxii}    }}
    server {{
        listen 127.0.0.1:{https} ssl; root {self.root};
        ssl_certificate {self.dir}/ca-server.pem; ssl_certificate_key {self.dir}/ca-server.key;
        location /gzip/ {{ gzip on; gzip_min_length 1; gzip_types text/plain; }}
        location /bomb/ {{ gzip_static always; }}
        location /html/ {{ default_type text/html; }}
        location = /500 {{ return 500; }}
        location = /429 {{ add_header Retry-After 3600 always; return 429; }}
        location /slow/ {{ limit_rate 100; }}
        location = /moved {{ return 302 /good.txt; }}
        location = /away {{ return 302 https://localhost:{https}/away.txt; }}
        location = /away-http {{ return 302 http://127.0.0.1:{http}/good.txt; }}
        location = /circle {{ return 302 /circle; }}
        location /locked/ {{ if ($http_auth_key != "{SECRET}") {{ return 403; }} }}
        location /taxii/ {{ etag off; add_header X-TAXII-Date-Added-Last $taxii_last;
            rewrite ^ /pages/$arg_added_after-$arg_next.json break; default_type application/taxii+json; }}
    }}
    server {{
        listen 127.0.0.1:{strange} ssl; root {self.root};
        ssl_certificate {self.dir}/other-server.pem; ssl_certificate_key {self.dir}/other-server.key;
    }}
    server {{ listen 127.0.0.1:{http}; root {self.root}; location = /up {{ return 301 {self.good}/good.txt; }} }}
}}
"""

    def put(self, path, content):
        """Whole at once, and with another ETag even within the same second."""
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full + ".part", "wb") as f:
            f.write(content.encode() if isinstance(content, str) else content)
        Server.clock = getattr(Server, "clock", 1770000000) + 60
        os.utime(full + ".part", (Server.clock, Server.clock))
        os.rename(full + ".part", full)

    def asked(self, path):
        """Requests for it: status, If-None-Match, If-Modified-Since, Auth-Key, time, coding, Accept, port."""
        rows = [line.split("|") for line in rig.lines(self.log)]
        return [row[1:] for row in rows if row[0] == path or row[0].startswith(path + "?")]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


def addresses(n, net="192.0.2"):
    return "".join(f"{net}.{i}\n" for i in range(1, n + 1))


FEODO = ("# Feodo Tracker\n#\n\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n")


class House:
    """A configuration with feeds of that server, and `hansho feed`."""

    def __init__(self, server, feeds, mode=0o755):
        self.server, self.dir = server, rig.folder(mode)
        self.feeds = feeds
        self.config = os.path.join(self.dir, "hansho.yaml")
        self.said = ""
        self.write()

    def write(self, extra=""):
        text = f"sensor_name: test\nstate_directory: {self.dir}/state\n{extra}feeds:\n"
        for name, url, *more in self.feeds:
            text += f"  - name: {name}\n    url: {url}\n" + "".join(f"    {m}\n" for m in more)
            if url.startswith("https") and not any(m.startswith("ca_file") for m in more):
                text += f"    ca_file: {self.server.ca}\n"
        rig.write(self.config, text)

    def run(self, *words):
        done = subprocess.run([rig.HANSHO, "feed", *words, "-c", self.config], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        self.said += done.stdout + done.stderr
        return done

    def update(self, *words):
        """Status, and feed → answer."""
        done = self.run("update", "--json", *words)
        return done.returncode, {o["feed"]: o for o in map(json.loads, done.stdout.splitlines())}

    def listed(self):
        return {o["feed"]: o for o in map(json.loads, self.run("list", "--json").stdout.splitlines())}


def fetched():
    """The good, the bad, and who asks politely."""
    key = rig.write(os.path.join(rig.folder(), "key"), f"Auth-Key: {SECRET}\n")
    server.put("good.txt", addresses(10))
    server.put("gzip/list.txt", addresses(200))
    server.put("html/page", "<!DOCTYPE html><html><body>Maintenance</body></html>")
    server.put("slow/list.txt", addresses(200))
    server.put("huge.txt", "192.0.2.1\n" * 200000)
    server.put("bomb/list.txt.gz", gzip.compress(b"192.0.2.1\n" * 2000000))
    server.put("shrinks.txt", addresses(100))
    server.put("locked/list.txt", addresses(3))
    server.put("away.txt", addresses(4))
    server.put("feodo.csv", FEODO + '"2026-05-17 07:30:05","192.0.2.1","443","online","2026-06-18","Dridex"\n')
    server.put("packed.gz", gzip.compress(addresses(7).encode()))
    with zipfile.ZipFile(os.path.join(server.root, "packed.zip"), "w") as z:
        z.writestr("../../etc/list.txt", addresses(8))
    good = ["good", "gzipped", "shrinks", "locked", "moved", "up", "away", "feodo", "gz", "zip"]
    house = House(server, [
        ("good", f"{server.good}/good.txt"), ("gzipped", f"{server.good}/gzip/list.txt"),
        ("html", f"{server.good}/html/page"), ("broken", f"{server.good}/500"),
        ("slow", f"{server.good}/slow/list.txt", "timeout_sec: 1"), ("huge", f"{server.good}/huge.txt", "max_mib: 1"),
        ("bomb", f"{server.good}/bomb/list.txt", "max_mib: 1"), ("shrinks", f"{server.good}/shrinks.txt"),
        ("locked", f"{server.good}/locked/list.txt?token={SECRET}", f"auth_header_file: {key}"),
        ("moved", f"{server.good}/moved"), ("away", f"{server.good}/away", f"auth_header_file: {key}"),
        ("down", f"{server.good}/away-http"), ("up", f"{server.plain}/up", f"ca_file: {server.ca}"),
        ("circle", f"{server.good}/circle"), ("strange", f"{server.strange}/good.txt"), ("busy", f"{server.good}/429"),
        ("feodo", f"{server.good}/feodo.csv"), ("gz", f"{server.good}/packed.gz"), ("zip", f"{server.good}/packed.zip")])
    status, got = house.update()
    expected = {"html": "HTML", "broken": "500", "slow": "timeout_sec", "huge": "max_mib", "bomb": "max_mib",
                "down": "https to http", "circle": "redirects", "strange": "certificate", "busy": "429"}
    for name in good:
        rig.check(f"fetched: {name}", got[name]["result"] == "renewed" and got[name]["entries"] > 0, got[name])
    for name, word in expected.items():
        rig.check(f"not taken: {name}", got[name]["result"] in ("failed", "held back") and word in got[name]["why"], got[name])
    rig.check("the status says that not all is well", status == 1, status)
    rig.check("gzip was used", server.asked("/gzip/list.txt")[0][5] == "gzip", server.asked("/gzip/list.txt"))
    rig.check("the key goes to its server", server.asked("/locked/list.txt")[0][3] == SECRET, server.asked("/locked/list.txt"))
    rig.check("and not to another", [row[3] for row in server.asked("/away.txt")] == ["-"], server.asked("/away.txt"))
    rig.check("five redirects at most", len(server.asked("/circle")) == 6, len(server.asked("/circle")))
    rig.check("a foreign certificate sees no request", all(r[7] != str(server.ports[1]) for r in server.asked("/good.txt")), "it does")

    status, again = house.update()
    for name in ("good", "gzipped", "feodo", "moved"):
        rig.check(f"unchanged: {name}", again[name]["result"] == "unchanged", again[name])
    second = server.asked("/gzip/list.txt")[1]
    rig.check("asked with conditions", second[0] == "304" and second[1] not in ("", "-") and second[2] not in ("", "-"), second)
    rig.check("Retry-After is kept", "Retry-After" in again["busy"]["why"] and len(server.asked("/429")) == 1, again["busy"])

    server.put("shrinks.txt", addresses(10))
    server.put("good.txt", addresses(12))
    server.put("feodo.csv", FEODO)
    server.put("gzip/list.txt", "<html><head><title>busy</title></head></html>")
    _, third = house.update()
    rig.check("a feed that shrinks is held back", third["shrinks"]["result"] == "held back" and "100" in third["shrinks"]["why"], third["shrinks"])
    rig.check("a feed that turned to HTML is held back", third["gzipped"]["result"] == "held back", third["gzipped"])
    rig.check("an empty list with its header is taken", third["feodo"]["result"] == "renewed" and third["feodo"]["entries"] == 0, third["feodo"])
    rig.check("a new one comes into force", third["good"]["entries"] == 12, third["good"])
    now = house.listed()
    rig.check("the last good ones stay", (now["shrinks"]["entries"], now["gzipped"]["entries"]) == (100, 200), now)
    rig.check("the list says what is held back", "100" in now["shrinks"]["held_back"] and now["broken"]["fetch_fault"] and
              not now["broken"]["in_force"] and now["good"]["age_sec"] < 60 and now["good"]["next"] > now["good"]["tried"], now)
    _, fourth = house.update("shrinks")
    rig.check("what was held back is asked for without its ETag", server.asked("/shrinks.txt")[-1][1] in ("", "-") or
              fourth["shrinks"]["result"] == "held back", server.asked("/shrinks.txt"))
    status, forced = house.update("--force", "shrinks")
    rig.check("a person may force it", status == 0 and forced["shrinks"]["entries"] == 10, forced)
    rig.check("a name that is none is refused", house.run("update", "nothing").returncode == 2, "it is not")
    left = [n for n in os.listdir(f"{house.dir}/state/feeds") if n.endswith((".part", ".own", ".new", ".trial"))]
    rig.check("nothing half lies about", not left, left)
    held = "".join(open(os.path.join(f"{house.dir}/state/feeds", n), errors="replace").read() for n in os.listdir(f"{house.dir}/state/feeds"))
    rig.check("no secret was written", SECRET not in house.said and SECRET not in held, "one was")
    looked(house)


def looked(house):
    done = house.run("lookup", "--json", "192[.]0.2.12", "198.51.100.99")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    rig.check("lookup", done.returncode == 0 and {r["feed"] for r in rows if r["state"] == "active"} >= {"good", "shrinks"} - {"shrinks"} and
              rows[-1]["state"] == "not known", rows)
    told = next(r for r in rows if r["feed"] == "good")
    rig.check("lookup: without a date of its own an entry was seen when its list came", told.get("last_seen", "")[:10] ==
              time.strftime("%Y-%m-%d", time.gmtime()), told)
    rig.check("lookup of what nobody knows", house.run("lookup", "198.51.100.99").returncode == 1, "0")
    for form, expected in (("zeek-intel", "192.0.2.12\tIntel::ADDR\tgood"), ("suricata-iprep", "192.0.2.12,1,"), ("plain", "192.0.2.12")):
        done = house.run("export", "--format", form)
        rig.check(f"export: {form}", done.returncode == 0 and expected in done.stdout, done.stdout[:200] + done.stderr)
        again = subprocess.run([rig.HANSHO, "feed", "check", rig.write(os.path.join(house.dir, "export"), done.stdout)],
                               capture_output=True, text=True)
        rig.check(f"export: {form} can be read again", again.returncode == 0 and " 0 not understood" in again.stdout, again.stdout + again.stderr)
    bad = rig.write(os.path.join(house.dir, "bad.txt"), "192.0.2.1\n" + "what is this?\n" * 30)
    done = house.run("check", bad)
    rig.check("check: every line", done.stdout.count("what is this") == 30 and f"{bad}:31:" in done.stdout and "30 not understood" in done.stdout, done.stdout)


def collections():
    """MISP: manifest and events; TAXII: pages, and what was added since."""
    ids = [f"5f1c0000-0000-4000-8000-00000000000{n}" for n in range(3)]

    def event(n, address):
        server.put(f"misp/{ids[n]}.json", json.dumps({"Event": {"uuid": ids[n], "info": "x", "date": "2026-05-20", "timestamp": "1779235200", "Attribute": [
            {"uuid": ids[n], "type": "ip-dst", "category": "Network activity", "value": address, "to_ids": True, "timestamp": "1779235200"}]}}))

    def manifest(times):
        server.put("misp/manifest.json", json.dumps({**{ids[n]: {"info": "x", "timestamp": str(t)} for n, t in times.items()},
                                                     "../../../tmp/evil": {"timestamp": "1"}}))

    def indicator(n, address, version="2026-05-20T00:00:00.000Z", **more):
        return {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{ids[n]}", "created": "2026-05-20T00:00:00.000Z",
                "modified": version, "pattern_type": "stix", "valid_from": "2026-05-20T00:00:00Z", "pattern": f"[ipv4-addr:value = '{address}']", **more}

    event(0, "192.0.2.10")
    event(1, "192.0.2.11")
    manifest({0: 1779235200, 1: 1779235300})
    for name, objects in (("-", [indicator(0, "192.0.2.20"), {"type": "malware", "id": "malware--1"}]), ("-p2", [indicator(1, "192.0.2.21")]),
                          ("2026-05-21T00%3A00%3A00.000Z-", []), ("2026-05-22T00%3A00%3A00.000Z-", [])):
        nxt = PAGES.get(name, ("",))[0]
        server.put(f"pages/{name}.json", json.dumps({"more": bool(nxt), **({"next": nxt} if nxt else {}), "objects": objects}))
    house = House(server, [("misp", f"{server.good}/misp/manifest.json"),
                           ("taxii", f"{server.good}/taxii/collections/1/objects/", "format: stix")])
    status, got = house.update()
    rig.check("MISP and TAXII are fetched", status == 0 and got["misp"]["entries"] == 2 and got["taxii"]["entries"] == 2, got)
    rig.check("TAXII asks for its media type", "taxii+json" in server.asked("/taxii/collections/1/objects/")[0][6], server.asked("/taxii/collections/1/objects/"))
    _, again = house.update()
    rig.check("unchanged ones too", again["misp"]["result"] == again["taxii"]["result"] == "unchanged", again)
    event(2, "192.0.2.12")
    manifest({1: 1779235300, 2: 1779235400})
    server.put("pages/2026-05-22T00%3A00%3A00.000Z-.json", json.dumps({"objects": [indicator(0, "192.0.2.20", "2026-05-23T00:00:00.000Z", revoked=True), indicator(2, "192.0.2.22")]}))
    server.put("pages/2026-05-21T00%3A00%3A00.000Z-.json", open(os.path.join(server.root, "pages/2026-05-22T00%3A00%3A00.000Z-.json")).read())
    _, third = house.update()
    rig.check("what is new came, what is gone went", third["misp"]["entries"] == 2 and third["taxii"]["entries"] == 2, third)
    rows = house.run("lookup", "--json", "192.0.2.10", "192.0.2.12", "192.0.2.20", "192.0.2.22").stdout
    known = {r["value"] for r in map(json.loads, rows.splitlines()) if r["state"] != "not known"}
    rig.check("and nothing else", known == {"192.0.2.12", "192.0.2.22"}, rows)
    rig.check("an event that has not changed is not asked for again", [len(server.asked(f"/misp/{i}.json")) for i in ids] == [1, 1, 1],
              [len(server.asked(f"/misp/{i}.json")) for i in ids])
    rig.check("TAXII asks for what was added since", any("added_after=2026-05-21" in line for line in rig.lines(server.log)), "it does not")


def watched():
    """A sensor at work: by itself, with back-off, and without a packet lost."""
    why = rig.no_network()
    if why:
        rig.skip("watch", why)
        return
    net = rig.Network()
    net.call("ip", "-n", net.name, "link", "set", "lo", "up")
    web = Server(net.inside)
    web.put("live.txt", addresses(5, "203.0.113"))
    web.put("html/page", "<!DOCTYPE html><html></html>")
    house = House(web, [("live", f"{web.good}/live.txt", "interval_sec: 1"), ("fails", f"{web.good}/500", "interval_sec: 1"),
                        ("busy", f"{web.good}/429", "interval_sec: 1"), ("hangs", f"{web.good}/slow/list.txt", "interval_sec: 60", "timeout_sec: 2")], 0o777)
    web.put("slow/list.txt", addresses(200))
    eve = os.path.join(house.dir, "eve.json")
    os.makedirs(f"{house.dir}/state/feeds")
    os.chmod(f"{house.dir}/state", 0o777)
    old = rig.write(f"{house.dir}/state/feeds/fails", "192.0.2.250\n")
    os.utime(old, (time.time() - 172800,) * 2)
    house.write(f"sinks:\n  - type: eve\n    path: {eve}\n")
    sensor = rig.Sensor(["watch", "-i", net.far, "-c", house.config, "--workers", "2"], before=net.inside)
    rig.check("watch: begins without its feeds", sensor.wait_for("watching", 15), sensor.text())
    calls = rig.recipe(os.path.join(house.dir, "calls.pcap"), START + "host pc-1 10.1.1.1\nhost pc-2 10.1.1.2\n"
                       "at 0 pc-1 post http://198.51.100.23:8080/x every=0.02 times=350 body=100 size=100 rtt=0.001\n"
                       "at 0.01 pc-2 get http://203.0.113.80/ every=0.02 times=350 size=2000 rtt=0.001\n")
    busy = subprocess.Popen([*net.inside, "tcpreplay", "-i", net.near, calls], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    rig.check("watch: the first fetch comes into force", sensor.wait_for("feed live renewed: 5", 10), sensor.text())
    web.put("live.txt", addresses(5, "203.0.113") + "198.51.100.23\n")
    rig.check("watch: a new entry too", sensor.wait_for("feed live renewed: 6", 10), sensor.text())
    rig.check("watch: and rings", rig.wait(lambda: [r for r in rig.records(eve) if r["hansho"].get("host") == "10.1.1.1"], 5), sensor.text())
    rig.check("watch: a feed that is too old is an alert about the sensor", any("feed fails was not renewed for 48 h" in line for line in rig.lines(eve)),
              rig.lines(eve)[:3])
    web.put("live.txt", "<html>maintenance</html>")
    rig.check("watch: HTML is held back in one line", sensor.wait_for("held back: feed live", 10), sensor.text())
    out = busy.communicate(timeout=60)[0]
    sent = int(out.split("Successful packets:")[1].split()[0])
    before = len(web.asked("/429"))
    sensor.send(signal.SIGHUP)
    rig.check("watch: SIGHUP", sensor.wait_for("are in force", 10), sensor.text())
    time.sleep(1.5)
    times = [float(r[4]) for r in web.asked("/live.txt")]
    gaps = [b - a for a, b in zip(times, times[1:])]
    rig.check("watch: not more often than its interval", times and min(gaps[:-2] or [9]) > 0.7, gaps)
    rig.check("watch: asks with conditions", all(r[1] != "-" for r in web.asked("/live.txt")[1:]), web.asked("/live.txt"))
    gaps = [b - a for a, b in zip(*(lambda t: (t, t[1:]))([float(r[4]) for r in web.asked("/500")]))]
    rig.check("watch: backs off", 1 <= len(gaps) <= 5 and (len(gaps) < 3 or gaps[2] > gaps[0]), gaps)
    rig.check("watch: Retry-After holds, also at SIGHUP", before == 1 and len(web.asked("/429")) == 1, web.asked("/429"))
    rig.check("watch: and is not said again while it stays so", sum("held back: feed live" in line for line in sensor.said) == 1, sensor.text())
    failing = [line for line in sensor.said if "fetch: feed fails:" in line]
    rig.check("watch: a failure is said once", len(failing) <= 2, failing)
    status, took = sensor.stop()
    rig.check("watch: ends at once", status == 0 and took < 8, f"status {status}, {took:.1f} s: {sensor.text()}")
    seen = next(((int(l.split(" frames seen")[0].split()[-1]), int(l.split(" dropped")[0].split()[-1])) for l in sensor.said if " frames seen, " in l), None)
    rig.check("watch: no frame is lost", seen == (sent, 0), f"sent {sent}, {seen}")
    web.stop()


def main():
    global server
    if shutil.which("nginx") is None:
        rig.skip("feeds from the network", "nginx is not installed")
        return
    server = Server()
    rig.run_cases([fetched, collections, watched])


main()
