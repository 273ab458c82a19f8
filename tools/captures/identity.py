"""What a machine says about itself when it comes into a network: DHCP, NetBIOS, multicast DNS."""
import ipaddress
import struct

from captures.wire import Udp

NOWHERE = {"address": "0.0.0.0", "vlan": [], "ttl": 128}
EVERYBODY = {"address": "255.255.255.255", "vlan": [], "ttl": 64, "mac": b"\xff" * 6}
MDNS_GROUP = {"address": "224.0.0.251", "vlan": [], "ttl": 255, "mac": bytes.fromhex("01005e0000fb")}


def told(run, ns, sender, receiver, ports, payload):
    """One datagram from `sender` to `receiver`."""
    Udp(run.wire, (sender, receiver), ports, {}).send(ns, 0, payload)


# ---- DHCP (RFC 2131) ----

def dhcp_message(operation, ident, mac, given, found):
    """`found`: (option, bytes) pairs."""
    out = struct.pack("!BBBBIHH", operation, 1, 6, 0, ident, 0, 0x8000)
    out += bytes(4) + given + bytes(8) + mac.ljust(16, b"\0") + bytes(64 + 128) + b"\x63\x82\x53\x63"
    for code, value in found:
        out += bytes([code, len(value)]) + value
    return (out + b"\xff").ljust(300, b"\0")


def dhcp(run, event):
    """dhcp SERVER [name=TEXT] [class=TEXT] [lease=SECONDS]: the host asks for its own address and gets it."""
    here, server = run.ends(event, event.words[0])
    o = event.options
    address = ipaddress.ip_address(here["address"]).packed
    ident = int(event.rng.random() * 2**32)
    asked = [(53, b"\x03"), (50, address), (54, ipaddress.ip_address(server["address"]).packed)]
    asked += [(code, o[key].encode()) for code, key in ((12, "name"), (60, "class")) if key in o]
    nowhere = dict(NOWHERE, mac=here["mac"], vlan=here["vlan"])
    granted = [(53, b"\x05"), (54, ipaddress.ip_address(server["address"]).packed),
               (51, struct.pack("!I", int(o.get("lease", 28800))))]
    told(run, event.ns, nowhere, EVERYBODY, (68, 67), dhcp_message(1, ident, here["mac"], bytes(4), asked))
    told(run, event.ns + 4_000_000, server, EVERYBODY, (67, 68), dhcp_message(2, ident, here["mac"], address, granted))


# ---- NetBIOS (RFC 1002, 4.2.2) ----

def netbios_name(name, suffix):
    letters = bytes(65 + half for c in name.upper().ljust(15).encode() + bytes([suffix]) for half in (c >> 4, c & 15))
    return bytes([len(letters)]) + letters + b"\0"


def nbns(run, event):
    """nbns NAME to=BROADCAST: the host registers its name."""
    here = run.hosts[event.host]
    around = dict(EVERYBODY, address=event.options["to"])
    out = struct.pack("!HHHHHH", int(event.rng.random() * 65536), 0x2910, 1, 0, 0, 1)
    out += netbios_name(event.words[0], 0) + struct.pack("!HH", 0x20, 1)
    out += struct.pack("!HHHIHH", 0xc00c, 0x20, 1, 300000, 6, 0) + ipaddress.ip_address(here["address"]).packed
    told(run, event.ns, here, around, (137, 137), out)


# ---- multicast DNS (RFC 6762, 8.3) ----

def mdns(run, event):
    """mdns NAME: the host announces NAME.local for its own address."""
    here = run.hosts[event.host]
    data = ipaddress.ip_address(here["address"]).packed
    out = struct.pack("!HHHHHH", 0, 0x8400, 0, 1, 0, 0)
    out += b"".join(bytes([len(p)]) + p.encode() for p in (event.words[0], "local")) + b"\0"
    out += struct.pack("!HHIH", 1, 0x8001, 120, len(data)) + data
    told(run, event.ns, here, MDNS_GROUP, (5353, 5353), out)
