"""TLS as it looks from outside: hellos with chosen lists, certificates, records of the right lengths."""
import base64
import hashlib
import struct

GREASE = {0x0a0a + 0x1010 * i for i in range(16)}      # RFC 8701
ALERT, HANDSHAKE, CHANGE, DATA = 21, 22, 20, 23
TLS12, TLS13 = 0x0303, 0x0304
FIXED = {5: b"\1\0\0\0\0", 27: b"\2\0\2", 45: b"\1\1", 0xff01: b"\0"}       # whose content nobody chooses
SNI, GROUPS, POINTS, SIGNATURES, ALPN, VERSIONS, KEYS = 0, 10, 11, 13, 16, 43, 51


def numbers(text):
    """'49195,0x2a2a' as numbers; '-' is none."""
    return [] if text in ("", "-") else [int(n, 0) for n in text.split(",")]


def sized(data, count):
    return len(data).to_bytes(count, "big") + data


def shorts(values):
    return b"".join(struct.pack("!H", v) for v in values)


class Hello:
    """A client's habits, as a recipe's `hello` line gives them."""

    def __init__(self, fields):
        self.version = int(fields.get("version", "0x0303"), 0)
        self.ciphers = numbers(fields["ciphers"])
        self.extensions = numbers(fields["extensions"])
        self.groups = numbers(fields.get("groups", "29,23,24"))
        self.points = numbers(fields.get("points", "0"))
        self.signatures = numbers(fields.get("signatures", "0x0403,0x0804,0x0401,0x0503,0x0805,0x0501,0x0806,0x0601"))
        self.versions = numbers(fields.get("versions", "0x0304,0x0303"))
        self.alpn = fields["alpn"].split(",") if "alpn" in fields else ["h2", "http/1.1"]

    def ja3_text(self):
        """Version, ciphers, extensions, groups, points; GREASE left out."""
        def join(values):
            return "-".join(str(v) for v in values if v not in GREASE)
        groups = self.groups if GROUPS in self.extensions else []
        points = self.points if POINTS in self.extensions else []
        return ",".join((str(self.version), join(self.ciphers), join(self.extensions), join(groups), join(points)))

    def ja3(self):
        return hashlib.md5(self.ja3_text().encode()).hexdigest()

    def extension(self, number, name, rng):
        if number == SNI:
            body = sized(b"\0" + sized(name.encode(), 2), 2)
        elif number == GROUPS:
            body = sized(shorts(self.groups), 2)
        elif number == POINTS:
            body = sized(bytes(self.points), 1)
        elif number == SIGNATURES:
            body = sized(shorts(self.signatures), 2)
        elif number == ALPN:
            body = sized(b"".join(sized(p.encode(), 1) for p in self.alpn), 2)
        elif number == VERSIONS:
            body = sized(shorts(self.versions), 1)
        elif number == KEYS:
            body = sized(b"\0\x1d" + sized(rng.randbytes(32), 2), 2)
        else:
            body = FIXED.get(number, b"")
        return struct.pack("!H", number) + sized(body, 2)

    def message(self, name, rng):
        wanted = [n for n in self.extensions if n != SNI or name]
        session = rng.randbytes(32) if VERSIONS in self.extensions else b""
        body = struct.pack("!H", self.version) + rng.randbytes(32) + sized(session, 1)
        body += sized(shorts(self.ciphers), 2) + b"\1\0"
        if wanted:
            body += sized(b"".join(self.extension(n, name, rng) for n in wanted), 2)
        return handshake(1, body)


def handshake(kind, body):
    return bytes([kind]) + sized(body, 3)


def record(kind, body, version=TLS12):
    return bytes([kind]) + struct.pack("!H", version) + sized(body, 2)


def records(kind, body, most=16384):
    return b"".join(record(kind, body[at:at + most]) for at in range(0, len(body), most))


def certificate(path):
    """DER of every certificate in a PEM file, in order."""
    chain, lines = [], None
    with open(path, encoding="ascii") as f:
        for line in f:
            if line.startswith("-----BEGIN CERTIFICATE"):
                lines = []
            elif line.startswith("-----END CERTIFICATE"):
                chain.append(base64.b64decode("".join(lines)))
                lines = None
            elif lines is not None:
                lines.append(line.strip())
    return chain


def server_flight12(chain, rng, cipher=0xc02f):
    """ServerHello, Certificate, ServerKeyExchange (x25519, rsa_pss_rsae_sha256), ServerHelloDone."""
    hello = struct.pack("!H", TLS12) + rng.randbytes(32) + b"\0" + struct.pack("!HB", cipher, 0)
    hello += sized(shorts([0xff01]) + sized(b"\0", 2) + shorts([POINTS]) + sized(b"\1\0", 2), 2)
    certificates = sized(b"".join(sized(c, 3) for c in chain), 3)
    key = b"\3\0\x1d" + sized(rng.randbytes(32), 1) + b"\x08\x04" + sized(rng.randbytes(256), 2)
    return b"".join(record(HANDSHAKE, handshake(*m))
                    for m in ((2, hello), (11, certificates), (12, key), (14, b"")))


def client_finish12(rng):
    exchange = handshake(16, sized(rng.randbytes(32), 1))
    return record(HANDSHAKE, exchange) + record(CHANGE, b"\1") + record(HANDSHAKE, rng.randbytes(40))


def server_finish12(rng):
    return record(CHANGE, b"\1") + record(HANDSHAKE, rng.randbytes(40))


def server_flight13(rng):
    """ServerHello, then everything else, the certificate too, encrypted (RFC 8446, 2)."""
    hello = struct.pack("!H", TLS12) + rng.randbytes(32) + sized(rng.randbytes(32), 1) + struct.pack("!HB", 0x1301, 0)
    key = b"\0\x1d" + sized(rng.randbytes(32), 2)
    hello += sized(shorts([VERSIONS]) + sized(shorts([TLS13]), 2) + shorts([KEYS]) + sized(key, 2), 2)
    return record(HANDSHAKE, handshake(2, hello)) + record(CHANGE, b"\1") + record(DATA, rng.randbytes(2300))


def client_finish13(rng):
    return record(CHANGE, b"\1") + record(DATA, rng.randbytes(53))
