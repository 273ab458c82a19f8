"""Frames: Ethernet, VLAN tags, IPv4, IPv6, UDP, TCP, fragments, with right checksums."""
import ipaddress
import struct

TCP, UDP, ICMP = 6, 17, 1
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
GROUP_MAC = bytes.fromhex("020000000001")       # the router of every recipe


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packed(address):
    return ipaddress.ip_address(address).packed


def pseudo_header(src, dst, protocol, length):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, protocol, length)
    return src + dst + struct.pack("!I3xB", length, protocol)


def udp(src, dst, sport, dport, payload):
    length = 8 + len(payload)
    head = struct.pack("!HHH", sport, dport, length)
    total = checksum(pseudo_header(packed(src), packed(dst), UDP, length) + head + b"\0\0" + payload)
    return head + struct.pack("!H", total or 0xffff) + payload      # RFC 768: 0 means "none"


def tcp(src, dst, sport, dport, seq, ack, flags, payload=b"", options=b"", window=64240):
    offset = (20 + len(options)) // 4
    head = struct.pack("!HHIIBBH", sport, dport, seq, ack, offset << 4, flags, window)
    body = b"\0\0" + options + payload                  # no urgent pointer
    length = len(head) + 2 + len(body)
    total = checksum(pseudo_header(packed(src), packed(dst), TCP, length) + head + b"\0\0" + body)
    return head + struct.pack("!H", total) + body


def ipv4_header(src, dst, protocol, length, ident, field, ttl):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, ident, field, ttl, protocol, 0) + src + dst
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def ipv4_packets(src, dst, protocol, body, ident, ttl, limit):
    """One packet, or fragments whose IP packets have at most `limit` bytes (RFC 791, 3.2)."""
    if limit is None or 20 + len(body) <= limit:
        return [ipv4_header(src, dst, protocol, len(body), ident, 0x4000, ttl) + body]
    step = (limit - 20) // 8 * 8
    parts = []
    for at in range(0, len(body), step):
        piece = body[at:at + step]
        more = 0x2000 if at + step < len(body) else 0
        parts.append(ipv4_header(src, dst, protocol, len(piece), ident, more | at // 8, ttl) + piece)
    return parts


def ipv6_header(src, dst, following, length, ttl):
    return struct.pack("!IHBB", 6 << 28, length, following, ttl) + src + dst


def ipv6_packets(src, dst, protocol, body, ident, ttl, limit):
    """The same with fragment headers (RFC 8200, 4.5)."""
    if limit is None or 40 + len(body) <= limit:
        return [ipv6_header(src, dst, protocol, len(body), ttl) + body]
    step = (limit - 48) // 8 * 8
    parts = []
    for at in range(0, len(body), step):
        piece = body[at:at + step]
        more = 1 if at + step < len(body) else 0
        head = struct.pack("!BBHI", protocol, 0, at | more, ident)
        parts.append(ipv6_header(src, dst, 44, 8 + len(piece), ttl) + head + piece)
    return parts


def ip_packets(src, dst, protocol, body, ident, ttl=64, limit=None):
    make = ipv4_packets if len(packed(src)) == 4 else ipv6_packets
    return make(packed(src), packed(dst), protocol, body, ident, ttl, limit)


def ethernet(from_mac, to_mac, tags, packet):
    """`tags`: VLAN identifiers, outermost first; of two, the outer one is a service tag (IEEE 802.1ad)."""
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    head = to_mac + from_mac
    for place, tag in enumerate(tags):
        head += (b"\x88\xa8" if place + 1 < len(tags) else b"\x81\x00") + struct.pack("!H", tag)
    return head + kind + packet
