"""The wire: who sends what when, as frames. Conversations put TCP and UDP on it, whole or damaged."""
from captures import frames, wraps
from captures.frames import ACK, FIN, PSH, RST, SYN

CLIENT, SERVER = 0, 1
SIDES = {"client": CLIENT, "server": SERVER}


class Wire:
    """Frames with their times, sorted at the end; equal times keep the order in which they were sent."""

    def __init__(self, link):
        self.link = link
        self.sent = []
        self.idents = {}

    def packet(self, ns, end, protocol, body, limit=None, backwards=False):
        """`end`: (sender, receiver), each a dictionary with address, mac, vlan, ttl."""
        sender, receiver = end
        ident = self.idents[sender["address"]] = (self.idents.get(sender["address"], 0) + 1) & 0xffff
        parts = frames.ip_packets(sender["address"], receiver["address"], protocol, body, ident,
                                  sender["ttl"], limit)
        for n, part in enumerate(reversed(parts) if backwards else parts):
            self.frame(ns + n * 20_000, sender, receiver, part)

    def frame(self, ns, sender, receiver, packet):
        self.sent.append((ns, sender, receiver, packet))

    def framed(self, sender, receiver, packet, wrap):
        """With what the file, or one of the hosts, wants around it."""
        host = sender if "outer" in sender else receiver
        if wrap or host.get("wrap"):
            return wraps.wrapped(wrap or host["wrap"], packet, host is sender, host.get("outer"))
        if self.link == "ethernet":
            tags = sender["vlan"] or receiver["vlan"]
            return frames.ethernet(sender["mac"], receiver["mac"], tags, packet)
        return packet

    def frames(self, wrap=None):
        return [(ns, self.framed(a, b, packet, wrap)) for ns, a, b, packet in sorted(self.sent, key=lambda f: f[0])]


class Udp:
    """Datagrams between two ends."""

    def __init__(self, wire, ends, ports, options):
        self.wire, self.ends, self.ports = wire, ends, ports
        self.limit, self.backwards = options.get("fragment"), options.get("backwards", False)

    def send(self, ns, side, payload):
        a, b = self.ends[side], self.ends[1 - side]
        body = frames.udp(a["address"], b["address"], self.ports[side], self.ports[1 - side], payload)
        self.wire.packet(ns, (a, b), frames.UDP, body, self.limit, self.backwards)


class Tcp:
    """
    One connection. `now` is its clock in nanoseconds; what is said moves it.
    Damage that the capture shall show (the two ends always have everything):

    only=SIDE         the other direction was not captured
    midway=N          the first N packets were not captured; `handshake` stands for 3
    lose=SIDE:N,...   the Nth data segment of that side was not captured
    late=SIDE:N,...   it comes after the next one
    again=SIDE:N,...  it comes twice
    fragment=BYTES    IP packets longer than that go in fragments
    end=fin|rst|none  how it ends
    """

    def __init__(self, wire, ends, ports, options, rng, now):
        self.wire, self.ends, self.ports, self.options = wire, ends, ports, options
        self.now = now
        self.rtt = round(options.get("rtt", 0.024) * 1e6) * 1000
        self.mss = options.get("mss", 1440 if ":" in ends[CLIENT]["address"] else 1460)
        self.next = [int(rng.random() * 2**32), int(rng.random() * 2**32)]
        self.segments = [0, 0]
        self.packets = 0
        self.damage = {k: places(options.get(k)) for k in ("lose", "late", "again")}
        self.rng = rng
        self.handshake()

    def put(self, ns, side, flags, payload=b"", seq=None, options=b""):
        a, b = self.ends[side], self.ends[1 - side]
        seq = self.next[side] if seq is None else seq
        ack = self.next[1 - side] if flags & ACK else 0
        body = frames.tcp(a["address"], b["address"], self.ports[side], self.ports[1 - side], seq, ack, flags,
                          payload, options)
        self.packets += 1
        only = self.options.get("only")
        if self.packets <= self.options.get("midway", 0) or (only is not None and SIDES[only] != side):
            return
        self.wire.packet(ns, (a, b), frames.TCP, body, self.options.get("fragment"),
                         self.options.get("backwards", False))

    def advance(self, side, count):
        self.next[side] = (self.next[side] + count) & 0xffffffff

    def handshake(self):
        """The sensor stands beside the client: answers come a round trip later."""
        offer = b"\x02\x04" + self.mss.to_bytes(2, "big") + b"\x01\x03\x03\x08\x04\x02\x01\x01"
        self.put(self.now, CLIENT, SYN, options=offer)
        self.advance(CLIENT, 1)
        self.now += self.rtt
        self.put(self.now, SERVER, SYN | ACK, options=offer)
        self.advance(SERVER, 1)
        self.now += 60_000
        self.put(self.now, CLIENT, ACK)

    def segment(self, side, payload, last):
        """One data segment, with the damage the recipe wants for it."""
        self.segments[side] += 1
        key, seq = (side, self.segments[side]), self.next[side]
        flags = ACK | PSH if last else ACK
        at = self.now + (150_000 if key in self.damage["late"] else 0)
        self.advance(side, len(payload))
        if key not in self.damage["lose"]:
            self.put(at, side, flags, payload, seq)
        if key in self.damage["again"]:
            self.put(at + 90_000, side, flags, payload, seq)
        self.now += 100_000

    def say(self, side, data, pause=None):
        """Data in segments of at most the MSS; the other side acknowledges every second one and the last."""
        self.now += self.rtt if pause is None else round(pause * 1e6) * 1000
        count = 0
        for at in range(0, len(data), self.mss):
            last = at + self.mss >= len(data)
            self.segment(side, data[at:at + self.mss], last)
            count += 1
            if count % 2 == 0 or last:
                self.now += 40_000
                self.put(self.now + 60_000, 1 - side, ACK)
                self.now += 80_000

    def close(self):
        how = self.options.get("end", "fin")
        self.now += self.rtt
        if how == "none":
            return
        if how == "rst":
            self.put(self.now, CLIENT, RST | ACK)
            return
        for side in (CLIENT, SERVER):
            self.put(self.now, side, FIN | ACK)
            self.advance(side, 1)
            self.now += self.rtt // 2
        self.put(self.now, CLIENT, ACK)


def places(text):
    """'server:3,client:1' as a set of (side, number)."""
    found = set()
    for part in (text or "").split(","):
        if part:
            side, number = part.split(":")
            found.add((SIDES[side], int(number)))
    return found
