"""An hour of an office, made by the project's own generator (tools/captures): ordinary work, nothing to ring for.

Sixty machines behind a resolver, a mail server and a file server. What a page weighs is not our choice: 71 requests and 2,652 KB for
the median page seen for the first time (HTTP Archive, Web Almanac 2024, "Page Weight", desktop), over 13 connections, each after
questions for A and AAAA. Then four more pages of the same site, of which the browser has most: 20 requests, 150 KB, four
connections; that part is an estimate. One connection in twenty is HTTP in the clear, the others are TLS 1.3. On every machine
somebody works with a page of the office's own (TLS 1.2, a certificate to be seen), sends a mail, opens a share twice, asks the time, tells its name; mail programs
and what reports home call every five minutes. There is no HTTP/3 in it, which the generator does not speak.
"""
import os
import random
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from captures.files import capture              # noqa: E402
from captures.recipe import LINKS, Recipe       # noqa: E402

MACHINES, SITES, OTHERS, SECONDS = 60, 300, 80, 3600
FIRST, FURTHER = (71, 2_652_000, 13), (20, 150_000, 4)       # requests, bytes, connections
FURTHER_PAGES, PLAIN = 4, 0.05
KINDS = ("text/html", "text/css", "application/javascript", "image/png", "application/json")
HEAD = f"""start 2026-05-21T09:00:00Z
seed office
resolver 10.20.0.2
host dns 10.20.0.2
host smtp 10.20.0.3
host files 10.20.0.4
name smtp.office.example 10.20.0.3
name files.office.example 10.20.0.4
name portal.office.example 203.0.113.41
name imap.mail.example 203.0.113.20
name telemetry.vendor.example 203.0.113.10
name mx.firm-a.example 192.0.2.25
cert portal {os.path.join(ROOT, "pcaps/recipes/cert-office.pem")}
hello firefox ciphers=4865,4867,4866,49195,49199,52393,52392,49196,49200,49162,49161,49171,49172,156,157,47,53 extensions=0,23,0xff01,10,11,35,16,5,51,43,13,45,27 groups=29,23,24,25
hello chrome ciphers=0x2a2a,4865,4866,4867,49195,49199,49196,49200,52393,52392,49171,49172,156,157,47,53 extensions=0x4a4a,0,23,0xff01,10,11,35,16,5,13,18,51,45,43,27 groups=0x6a6a,29,23,24 versions=0x8a8a,0x0304,0x0303
hello mail ciphers=49196,49195,49200,49199,159,158,49188,49187,49192,49191,49162,49161,49172,49171,157,156,61,60,53,47,10 extensions=0,10,11,13,35,16,23,0xff01
hello reports ciphers=4866,4867,4865,49196,49200 extensions=0,11,10,35,22,23,13,43,45,51 alpn=http/1.1
"""


class Office:
    def __init__(self, seed=20260521):
        self.r, self.lines = random.Random(seed), [HEAD]
        self.sites = [f"www.site{n}.example" for n in range(SITES)]
        self.weights = [1 / (n + 1) for n in range(SITES)]           # some are visited by everybody
        self.others = [f"c{n}.{self.r.choice(('cdn', 'fonts', 'ads', 'metrics', 'media'))}.example" for n in range(OTHERS)]
        for name in self.sites + self.others:
            self.lines.append(f"name {name} 198.{self.r.choice((18, 19))}.{self.r.randrange(256)}.{self.r.randrange(1, 255)}")
        for n in range(MACHINES):
            self.lines.append(f"host pc-{n} 10.20.1.{n + 10}")

    def at(self, moment, host, words):
        if moment < SECONDS:
            self.lines.append(f"at {moment:.6f} {host} {words}")

    def parts(self, total, count, spread):
        """`total` in `count` uneven parts."""
        each = [self.r.lognormvariate(0, spread) for _ in range(count)]
        return [total * e / sum(each) for e in each]

    def page(self, moment, host, names, weight, asked):
        requests, size, _ = weight
        for name, rounds, most in zip(names, self.parts(requests, len(names), 0.7), self.parts(size, len(names), 1.2)):
            begun, rounds = moment + self.r.uniform(0, 3), max(1, round(rounds))
            if name not in asked:
                asked.add(name)
                for kind in ("A", "AAAA"):
                    self.at(begun - 0.03, host, f"lookup {name} type={kind}")
            each, pause = max(200, int(most / rounds)), self.r.uniform(0.01, 0.4)
            if self.r.random() < PLAIN:
                paths = " ".join(f"/{self.r.getrandbits(40):x}" for _ in range(rounds))
                self.at(begun, host, f"get http://{name}{paths} type={self.r.choice(KINDS)} size={each} pause={pause:.3f}")
            else:
                self.at(begun, host, f"tls {name} hello={self.browser[host]} rounds={rounds} out=420 in={each} pause={pause:.3f}")

    def visit(self, moment, host):
        """A page, then others of the same site as long as its reader stays."""
        site = self.r.choices(self.sites, self.weights)[0]
        others, asked = self.r.sample(self.others, FIRST[2] - 1), set()
        self.page(moment, host, [site, *others], FIRST, asked)
        for _ in range(FURTHER_PAGES):
            moment += self.r.lognormvariate(3.7, 0.8)           # 40 s in the middle
            self.page(moment, host, [site, *self.r.sample(others, FURTHER[2] - 1)], FURTHER, asked)

    def routine(self, number):
        """What a machine does all day."""
        host, r = f"pc-{number}", self.r
        for name, hello, each in (("imap.mail.example", "mail", 1400), ("telemetry.vendor.example", "reports", 300)):
            self.at(r.uniform(0, 300), host, f"tls {name} hello={hello} out=420 in={each} every=300 jitter=5% for={SECONDS - 600}")
        self.at(r.uniform(0, 300), host, "ntp 203.0.113.123 every=1024 times=3")
        self.at(r.uniform(0, 60), host, f"dhcp dns name=PC-{number} lease=3600")
        self.at(r.uniform(60, 90), host, f"mdns pc-{number}")
        self.at(r.uniform(60, 90), host, f"nbns PC-{number} to=10.20.1.255")
        for _ in range(2):
            self.at(r.uniform(90, SECONDS), host, f"smb files.office.example user=user{number} domain=OFFICE machine=PC-{number} share=orders")
        self.at(r.uniform(90, SECONDS - 900), host, "tls portal.office.example hello=mail cert=portal out=420 in=12000 random=10s..5m for=14m")
        sent, address = r.uniform(90, SECONDS - 60), f"user{number}@office.example"
        letter = f"from={address} to=info@firm-a.example subject=Order-{number} size={r.randrange(600, 9000)}"
        self.at(sent, host, f"mail smtp.office.example:587 helo={host} {letter}")
        self.at(sent + 1, "smtp", "lookup mx.firm-a.example")
        self.at(sent + 1.1, "smtp", f"mail mx.firm-a.example helo=smtp.office.example {letter}")

    def recipe(self, least_bytes):
        self.browser = {f"pc-{n}": self.r.choice(("firefox", "chrome", "chrome")) for n in range(MACHINES)}
        for number in range(MACHINES):
            self.routine(number)
        for _ in range(round(least_bytes / (FIRST[1] + FURTHER_PAGES * FURTHER[1])) + 1):
            self.visit(self.r.uniform(0, SECONDS - 300), f"pc-{self.r.randrange(MACHINES)}")
        return "\n".join(self.lines) + "\n"


def make(path, least_bytes):
    with open(path + ".recipe", "w", encoding="utf-8") as f:
        f.write(Office().recipe(least_bytes))
    recipe = Recipe(path + ".recipe")
    recipe.frames()
    with open(path, "wb") as f:
        f.write(capture(recipe.wire.frames(), link=LINKS[recipe.link]))
    os.unlink(path + ".recipe")
