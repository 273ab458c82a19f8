"""What may be put around an IP packet: tags, tunnels, radio. Each says its link type and how it wraps a packet."""
import struct

from captures import frames
from captures.frames import packed

# Link types of files.
ETHERNET, RAW, WIRELESS, PRISM, RADIOTAP, AVS, PPI, NFLOG = 1, 101, 105, 119, 127, 163, 192, 239

NEAR, FAR = "198.18.0.1", "198.18.0.2"                      # ends of the tunnels (RFC 2544)
NEAR6, FAR6 = "2001:db8:ffff::1", "2001:db8:ffff::2"
NEAR_MAC, FAR_MAC = bytes.fromhex("020000000011"), bytes.fromhex("020000000012")
STATION, BASE = bytes.fromhex("020000000021"), bytes.fromhex("020000000022")


def kind_of(packet):
    return 0x86dd if packet[0] >> 4 == 6 else 0x0800


def pair(up, near, far):
    return (near, far) if up else (far, near)


class Wrap:
    """One packet on its way: `up` is from the recipe's host to the outside."""

    def __init__(self, packet, up, outer):
        self.packet, self.up, self.outer = packet, up, outer

    # ---- pieces ----

    def inner(self):
        """As an Ethernet frame of its own."""
        a, b = pair(self.up, NEAR_MAC, FAR_MAC)
        return frames.ethernet(a, b, [], self.packet)

    def ether(self, kind, body):
        a, b = pair(self.up, NEAR_MAC, FAR_MAC)
        return b + a + struct.pack("!H", kind) + body

    def ip4(self, protocol, body):
        a, b = pair(self.up, packed(NEAR), packed(FAR))
        return self.ether(0x0800, frames.ipv4_header(a, b, protocol, len(body), 0, 0x4000, 64) + body)

    def ip6(self, protocol, body):
        a, b = pair(self.up, packed(self.outer or NEAR6), packed(FAR6))
        return self.ether(0x86dd, frames.ipv6_header(a, b, protocol, len(body), 64) + body)

    def udp4(self, port, body, sport=49152):
        """A tunnel may leave the checksum out (RFC 7348, 5)."""
        return self.ip4(frames.UDP, struct.pack("!HHHH", sport, port, 8 + len(body), 0) + body)

    def gre(self, flags, kind, fields, body):
        return self.ip4(47, struct.pack("!HH", flags, kind) + fields + body)

    def label(self, last=True):
        return struct.pack("!I", (17 if self.up else 18) << 12 | (0x100 if last else 0) | 63)

    def way(self):
        return 1 if self.up else 2

    def ppp(self):
        return (b"\0\x57" if kind_of(self.packet) == 0x86dd else b"\0\x21") + self.packet

    def radio(self, quality=b""):
        to_or_from = b"\x01" if self.up else b"\x02"
        a, b = pair(self.up, STATION, BASE)
        subtype = b"\x88" if quality else b"\x08"
        return (subtype + to_or_from + b"\0\0" + b + a + frames.GROUP_MAC + b"\x10\0" + quality +
                b"\xaa\xaa\x03\0\0\0" + struct.pack("!H", kind_of(self.packet)) + self.packet)


def gre_all(w):
    body = struct.pack("!HHIII", 0xb000, kind_of(w.packet), 0, 7001, 1) + w.packet
    check = frames.checksum(body)
    return w.ip4(47, body[:4] + struct.pack("!H", check) + body[6:])


def nflog(w):
    family = 10 if kind_of(w.packet) == 0x86dd else 2
    return (bytes([family, 0, 0, 0]) + struct.pack("<HH", 5, 10) + b"\0\0\0\0" +
            struct.pack("<HH", 4 + len(w.packet), 9) + w.packet)


def gtp(w):
    return struct.pack("!BBHI", 0x30, 255, len(w.packet), 0x1000 + w.way()) + w.packet


def gtp_extended(w):
    session = bytes.fromhex("01000900")
    head = struct.pack("!BBHIHBB", 0x34, 255, len(w.packet) + 8, 0x1000 + w.way(), 0, 0, 0x85)
    return head + session + w.packet


def teredo(w):
    """What comes from the server has the indication of its origin (RFC 4380, 5.1.1)."""
    origin = b"" if w.up else bytes.fromhex("0000fedc3ffffd4e")
    return w.udp4(*((3544, origin + w.packet) if w.up else (49152, origin + w.packet, 3544)))


def authenticated(w):
    head = struct.pack("!BBHII", 4, 4, 0, 0x100, 1) + bytes(12)
    return w.ip4(51, head + w.packet)


def popped(w):
    """The last but one router has taken the label off what comes back (RFC 3031, 3.16)."""
    return w.ether(0x8847, w.label() + w.packet) if w.up else w.ether(kind_of(w.packet), w.packet)


def pppoe(w):
    body = w.ppp()
    return struct.pack("!BBHH", 0x11, 0, 0x1234, len(body)) + body


# name: link type, how
WRAPS = {
    "mpls": (ETHERNET, lambda w: w.ether(0x8847, w.label(False) + w.label() + w.packet)),
    "mpls-popped": (ETHERNET, popped),
    "pseudowire": (ETHERNET, lambda w: w.ether(0x8847, w.label() + w.inner())),
    "pseudowire-control": (ETHERNET, lambda w: w.ether(0x8847, w.label() + bytes(4) + w.inner())),
    "pppoe": (ETHERNET, lambda w: w.ether(0x8864, pppoe(w))),
    "pppoe-qinq": (ETHERNET, lambda w: w.ether(0x88a8, bytes.fromhex("0064 8100 0007 8864") + pppoe(w))),
    "gre": (ETHERNET, lambda w: w.gre(0, kind_of(w.packet), b"", w.packet)),
    "gre-all": (ETHERNET, gre_all),
    "gre-bridge": (ETHERNET, lambda w: w.gre(0, 0x6558, b"", w.inner())),
    "gre-in-gre": (ETHERNET, lambda w: w.gre(0, 0x0800, b"", Wrap(w.packet, w.up, None).gre(
        0x2000, kind_of(w.packet), struct.pack("!I", 7002), w.packet)[14:])),
    "nvgre": (ETHERNET, lambda w: w.gre(0x2000, 0x6558, struct.pack("!I", 7003 << 8 | w.way()), w.inner())),
    "pptp": (ETHERNET, lambda w: w.gre(0x3001, 0x880b, struct.pack("!HHI", 2 + len(w.ppp()), w.way(), 1),
                                       b"\xff\x03" + w.ppp())),
    "erspan-1": (ETHERNET, lambda w: w.gre(0, 0x88be, b"", w.inner())),
    "erspan-2": (ETHERNET, lambda w: w.gre(0x1000, 0x88be, struct.pack("!IHHI", 1, 0x1064, 0x1805, 0), w.inner())),
    "erspan-3": (ETHERNET, lambda w: w.gre(0x1000, 0x22eb, struct.pack("!IHHII", 1, 0x2064, 0x1806 if w.up else 0x1807, 0,
                                                                 0 if w.up else 8), w.inner())),     # sent: another session
    "vxlan": (ETHERNET, lambda w: w.udp4(4789, struct.pack("!II", 0x08000000, 7004 << 8) + w.inner())),
    "vxlan-linux": (ETHERNET, lambda w: w.udp4(8472, struct.pack("!II", 0x08000000, 7005 << 8) + w.inner())),
    "vxlan-gpe": (ETHERNET, lambda w: w.udp4(4790, struct.pack("!II", 0x0c000003, 7006 << 8) + w.inner())),
    "geneve": (ETHERNET, lambda w: w.udp4(6081, struct.pack("!HHI", 0x0200, 0x6558, 7007 << 8) +
                                          bytes.fromhex("0102000112345678") + w.inner())),
    "gtp-u": (ETHERNET, lambda w: w.udp4(2152, gtp(w), 2152)),
    "gtp-u-5g": (ETHERNET, lambda w: w.udp4(2152, gtp_extended(w), 2152)),
    "4-in-4": (ETHERNET, lambda w: w.ip4(4, w.packet)),
    "6-in-4": (ETHERNET, lambda w: w.ip4(41, w.packet)),
    "6-in-6": (ETHERNET, lambda w: w.ip6(41, w.packet)),
    "ds-lite": (ETHERNET, lambda w: w.ip6(4, w.packet)),
    "teredo": (ETHERNET, teredo),
    "authenticated": (ETHERNET, authenticated),
    "etherip": (ETHERNET, lambda w: w.ip4(97, b"\x30\0" + w.inner())),
    "mac-in-mac": (ETHERNET, lambda w: w.ether(0x88e7, struct.pack("!I", 7008) + w.inner())),
    "vn-tag": (ETHERNET, lambda w: w.ether(0x8926, struct.pack("!HHH", w.way(), w.way(), kind_of(w.packet)) + w.packet)),
    "802.11": (WIRELESS, lambda w: w.radio()),
    "radiotap": (RADIOTAP, lambda w: bytes.fromhex("0000090002000000 00") + w.radio()),
    "radiotap-padded": (RADIOTAP, lambda w: bytes.fromhex("0000090002000000 20") + w.radio(b"\0\0\0\0")),
    "prism": (PRISM, lambda w: struct.pack("<II", 68, 144) + bytes(136) + w.radio()),
    "avs": (AVS, lambda w: struct.pack("!II", 0x80211001, 12) + bytes(4) + w.radio()),
    "ppi": (PPI, lambda w: struct.pack("<HHI", 0, 8, WIRELESS) + w.radio()),
    "nflog": (NFLOG, nflog),
}


def wrapped(name, packet, up, outer):
    return WRAPS[name][1](Wrap(packet, up, outer))
