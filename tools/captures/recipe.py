"""Recipes: lines of text to a list of frames. The language is described in pcaps/README.md."""
import datetime
import hashlib
import ipaddress
import os
import random
import shlex

from captures import frames, tls
from captures.actions import ACTIONS
from captures.files import Refused, capture
from captures.wire import Tcp, Udp, Wire
from captures.wraps import ETHERNET, RAW, WRAPS

DECLARATIONS = ("start", "seed", "link", "host", "resolver", "name", "hello", "cert", "file")
LINKS = {"ethernet": ETHERNET, "raw": RAW}
NUMBERS = {"size", "body", "out", "in", "rounds", "status", "chunked", "mss", "fragment", "sport", "ttl", "nanoseconds", "count",
           "answers"}
FLOATS = {"rtt", "pause", "gap"}


def seconds(text):
    """'90', '1.5', '40m', '2h', '1:02:03' in seconds."""
    if ":" in text:
        total = 0.0
        for part in text.split(":"):
            total = total * 60 + float(part)
        return total
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1])
    return float(text[:-1]) * unit if unit else float(text)


def options(words):
    """KEY=VALUE words; numbers where numbers belong."""
    found = {}
    for word in words:
        key, equal, value = word.partition("=")
        if not equal:
            raise Refused(f"{word}: expected KEY=VALUE")
        if key == "midway":
            value = 3 if value == "handshake" else int(value)
        elif key == "backwards":
            value = value == "yes"
        elif key in NUMBERS:
            value = int(value)
        elif key in FLOATS:
            value = float(value)
        found[key] = value
    return found


def choose(word, rng):
    """One of 'this|that|the-other'."""
    kinds = word.split("|")
    return kinds[int(rng.random() * len(kinds))] if len(kinds) > 1 else word


class Event:
    """One thing that a host does, once."""

    def __init__(self, ns, host, action, words, given, rng):
        self.ns, self.host, self.action = ns, host, action
        self.words, self.options, self.rng = words, given, rng


class Recipe:
    def __init__(self, path):
        self.path = path
        self.start_ns, self.seed, self.link = None, "1", "ethernet"
        self.hosts, self.names, self.hellos, self.certs = {}, {}, {}, {}
        self.resolver = None
        self.outputs, self.events, self.ports = [], [], {}
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                try:
                    self.read(line)
                except (Refused, ValueError, KeyError, IndexError) as e:
                    raise Refused(f"{path}:{number}: {e}") from e

    def read(self, line):
        words = shlex.split(line, comments=True)
        if not words:
            return
        if words[0] == "at":
            self.read_event(words[1:])
        elif words[0] in DECLARATIONS:
            getattr(self, "read_" + words[0])(words[1:])
        else:
            raise Refused(f"{words[0]}: expected at, {', '.join(DECLARATIONS)}")

    def read_start(self, words):
        moment = datetime.datetime.fromisoformat(words[0].replace("Z", "+00:00"))
        self.start_ns = int(moment.timestamp()) * 10**9

    def read_seed(self, words):
        self.seed = words[0]

    def read_link(self, words):
        if words[0] not in LINKS:
            raise Refused(f"{words[0]}: expected one of {', '.join(LINKS)}")
        self.link = words[0]

    def read_host(self, words):
        o = options(words[2:])
        if o.get("wrap") not in (None, *WRAPS):
            raise Refused(f"wrap={o['wrap']}: expected one of {', '.join(WRAPS)}")
        tags = [int(t) for t in o.get("vlan", "").split(".") if t]
        digest = hashlib.sha256((words[0] + words[1]).encode()).digest()
        self.hosts[words[0]] = {"address": words[1], "vlan": tags, "ttl": o.get("ttl", 64),
                                "mac": bytes.fromhex(o["mac"].replace(":", "")) if "mac" in o else b"\x02\x00" + digest[:4], "wrap": o.get("wrap"), "outer": o.get("outer")}

    def read_resolver(self, words):
        self.resolver = words[0]

    def read_name(self, words):
        self.names[words[0]] = words[1:]

    def read_hello(self, words):
        self.hellos[words[0]] = tls.Hello(dict(w.split("=", 1) for w in words[1:]))

    def read_cert(self, words):
        self.certs[words[0]] = tls.certificate(os.path.join(os.path.dirname(self.path), words[1]))

    def read_file(self, words):
        self.outputs.append((words[0], options(words[1:])))

    # ---- events ----

    def read_event(self, words):
        """TIME HOST ACTION WORD... KEY=VALUE...; `every`, `random`, `times`, `for` repeat it."""
        split = next((n for n, w in enumerate(words) if n > 2 and "=" in w and w.split("=", 1)[0].isalpha()),
                     len(words))
        o = options(words[split:])
        if self.start_ns is None:
            raise Refused("an event before `start`")
        if words[1] not in self.hosts:
            raise Refused(f"{words[1]}: no such host")
        if words[2] not in ACTIONS:
            raise Refused(f"{words[2]}: expected one of {', '.join(ACTIONS)}")
        rng = random.Random(f"{self.seed} {' '.join(words)}")
        for moment in self.moments(seconds(words[0]), o, rng):
            ns = self.start_ns + round(moment * 1e6) * 1000 + o.get("nanoseconds", 0)
            own = random.Random(repr(rng.random()))
            said = [choose(w, own) for w in words[3:split]]
            self.events.append(Event(ns, words[1], words[2], said, o, own))

    @staticmethod
    def moments(first, o, rng):
        """When the event takes place; the gaps are a machine's (every, jitter) or anyhow (random=LEAST..MOST)."""
        times = int(o.pop("times")) if "times" in o else None
        last = first + seconds(o.pop("for")) if "for" in o else None
        every, jitter = o.pop("every", None), float(o.pop("jitter", "0%").rstrip("%")) / 100
        spread = o.pop("random", None)
        if every is None and spread is None:
            return [first]
        if times is None and last is None:
            raise Refused("a repeated event wants times=N or for=TIME")
        found, now = [], first
        while (times is None or len(found) < times) and (last is None or now <= last):
            found.append(now)
            if every is not None:
                now += seconds(every) * (1 + jitter * (2 * rng.random() - 1))
            else:
                least, most = (seconds(p) for p in spread.split(".."))
                now += least * (most / least) ** rng.random()
        return found

    # ---- what the actions use ----

    def address_of(self, host):
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            pass
        if host in self.hosts:
            return self.hosts[host]["address"]
        if host not in self.names:
            raise Refused(f"{host}: no such name")
        return self.names[host][0]

    def ends(self, event, host):
        address = self.address_of(host)
        here = next((h for h in self.hosts.values() if h["address"] == address), None)
        outside = {"address": address, "vlan": [], "ttl": 52, "mac": frames.GROUP_MAC}
        return self.hosts[event.host], here or outside

    def source_port(self, event):
        if "sport" in event.options:
            return event.options["sport"]
        used = self.ports[event.host] = self.ports.get(event.host, 49700) + 1 + int(event.rng.random() * 3)
        return used

    def udp(self, event, host, port):
        return Udp(self.wire, self.ends(event, host), (self.source_port(event), port), event.options)

    def tcp(self, event, host, port):
        return Tcp(self.wire, self.ends(event, host), (self.source_port(event), port), event.options, event.rng,
                   event.ns)

    def hello(self, name):
        return self.hellos[name]

    def certificate(self, name):
        return self.certs[name]

    def frames(self):
        self.wire, self.ports = Wire(self.link), {}
        for event in sorted(self.events, key=lambda e: e.ns):
            try:
                ACTIONS[event.action](self, event)
            except (KeyError, Refused) as e:
                why = f"{e} is missing" if isinstance(e, KeyError) else e
                raise Refused(f"{self.path}: {event.host} {event.action} {' '.join(event.words)}: {why}") from e

    def files(self):
        """(name, bytes) of every file the recipe asks for; without `file` lines one pcap of the recipe's name."""
        self.frames()
        for name, o in self.outputs or [(os.path.basename(self.path) + ".pcap", {})]:
            given = {"form" if k == "format" else k: v for k, v in o.items()}
            wrap = given.pop("wrap", None)
            if wrap is not None and wrap not in WRAPS:
                raise Refused(f"wrap={wrap}: expected one of {', '.join(WRAPS)}")
            link = WRAPS[wrap][0] if wrap else LINKS[self.link]
            yield name, capture(self.wire.frames(wrap), link=link, **given)
