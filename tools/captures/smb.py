"""SMB 2 with NTLM ([MS-SMB2], [MS-NLMP]) as far as a sensor reads it: logins, shares, files, services (MS-SCMR over a pipe)."""
import struct

from captures.wire import CLIENT, SERVER

REFUSED, MORE = 0xc000006d, 0xc0000016
NEGOTIATE, SESSION, TREE, CREATE, WRITE, IOCTL, SET_INFO = 0, 1, 3, 5, 9, 11, 17
OPENED, MADE = 1, 2
NOTHING = struct.pack("<HBBI", 9, 0, 0, 0) + b"\0"
NDR = bytes.fromhex("045d888aeb1cc9119fe808002b104860") + struct.pack("<I", 2)
SVCCTL = bytes.fromhex("81bb7a364498f135ad3298f038001003") + struct.pack("<I", 2)


def wide(text):
    return text.encode("utf-16-le")


# ---- who somebody is ----

def der(tag, *parts):
    body = b"".join(parts)
    return bytes([tag]) + (bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack("!H", len(body))) + body


def first_token(ntlm):
    kinds = der(0x30, der(6, b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"))
    return der(0x60, der(6, b"\x2b\x06\x01\x05\x05\x02"), der(0xa0, der(0x30, der(0xa0, kinds), der(0xa2, der(4, ntlm)))))


def next_token(ntlm):
    return der(0xa1, der(0x30, der(0xa0, der(0x0a, b"\1")), der(0xa2, der(4, ntlm))))


def ntlm_hello():
    return b"NTLMSSP\0" + struct.pack("<II", 1, 0xa2088207) + bytes(24)


def ntlm_challenge(domain, server, rng):
    info = b"".join(struct.pack("<HH", n, len(wide(t))) + wide(t) for n, t in ((2, domain), (1, server), (0, "")))
    name = wide(domain)
    return (b"NTLMSSP\0" + struct.pack("<IHHII", 2, len(name), len(name), 56, 0xa2898205) + rng.randbytes(8) + bytes(8)
            + struct.pack("<HHI", len(info), len(info), 56 + len(name)) + bytes(8) + name + info)


def ntlm_proof(user, domain, machine, rng):
    texts, fields = b"", b""
    for text in (b"", rng.randbytes(24), wide(domain), wide(user), wide(machine), b""):
        fields += struct.pack("<HHI", len(text), len(text), 64 + len(texts))
        texts += text
    return b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", 0xa2888205) + texts


# ---- messages ----

class Session:
    """One connection: what is asked and answered, with the numbers that go up."""

    def __init__(self, talk):
        self.talk, self.number, self.tree = talk, 0, 0

    def message(self, command, body, status, answers):
        head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 0, status, command, 1, 1 if answers else 0, 0, self.number, 0,
                                        self.tree, 0x1234) + bytes(16)
        return struct.pack("!I", len(head) + len(body)) + head + body

    def turn(self, command, asked, answered, status=0, pause=0.001):
        self.talk.say(CLIENT, self.message(command, asked, 0, False), pause)
        if command == TREE:             # the answer says which it is from now on
            self.tree = 9
        self.talk.say(SERVER, self.message(command, answered, status, True), 0.001)
        self.number += 1

    def log_in(self, o, server, refused, rng):
        self.turn(NEGOTIATE, struct.pack("<HHHHI16sQ", 36, 1, 1, 0, 0, rng.randbytes(16), 0) + b"\2\3",
                  struct.pack("<HHHHQQIIIIQQHHI", 65, 1, 0x0302, 0, 1, 2, 0, 8192, 8192, 8192, 0, 0, 128, 0, 0) + b"\0")
        for token, answer, status in (
                (first_token(ntlm_hello()), next_token(ntlm_challenge(o["domain"], server, rng)), MORE),
                (next_token(ntlm_proof(o["user"], o["domain"], o["machine"], rng)), b"", REFUSED if refused else 0)):
            done = NOTHING if status == REFUSED else struct.pack("<HHHH", 9, 0, 72, len(answer)) + answer
            self.turn(SESSION, struct.pack("<HBBIIHHQ", 25, 0, 1, 1, 0, 88, len(token), 0) + token, done, status)

    def connect(self, path, kind):
        self.tree = 0
        self.turn(TREE, struct.pack("<HHHH", 9, 0, 72, len(wide(path))) + wide(path),
                  struct.pack("<HBBIII", 16, kind, 0, 0, 0, 0x1f01ff))

    def open(self, name, access, disposition, handle, action):
        text = wide(name)
        self.turn(CREATE, struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, access, 0x80, 3, disposition, 0x40, 120, len(text), 0, 0)
                  + text, struct.pack("<HBBI", 89, 0, 0, action) + bytes(56) + handle + bytes(8))

    def write(self, handle, data):
        self.turn(WRITE, struct.pack("<HHIQ", 49, 112, len(data), 0) + handle + bytes(16) + data,
                  struct.pack("<HHII", 17, 0, len(data), 0) + bytes(5))

    def rename(self, handle, name):
        info = struct.pack("<B7xQI", 0, 0, len(wide(name))) + wide(name)
        self.turn(SET_INFO, struct.pack("<HBBIHHI", 33, 1, 10, len(info), 96, 0, 0) + handle + info, struct.pack("<H", 2))

    def call(self, pipe, asked, answered):
        head = struct.pack("<HHI", 57, 0, 0x0011c017) + pipe
        self.turn(IOCTL, head + struct.pack("<IIIIIIII", 120, len(asked), 0, 0, 0, 1024, 1, 0) + asked,
                  struct.pack("<HHI", 49, 0, 0x0011c017) + pipe + struct.pack("<IIIIII", 112, 0, 112, len(answered), 0, 0) + answered)


# ---- services ----

def pdu(kind, body, call):
    return struct.pack("<BBBB4sHHI", 5, 0, kind, 3, b"\x10\0\0\0", 16 + len(body), 0, call) + body


def text(words):
    body = struct.pack("<III", len(words) + 1, 0, len(words) + 1) + wide(words + "\0")
    return body + bytes(-len(body) % 4)


def start_service(session, server, command, rng):
    """A service of the other machine that is to run `command`."""
    pipe = rng.randbytes(16)
    session.connect(f"\\\\{server}\\IPC$", 2)
    session.open("svcctl", 0x12019f, 1, pipe, OPENED)
    bind = pdu(11, struct.pack("<HHIBBH", 4280, 4280, 0, 1, 0, 0) + struct.pack("<HBB", 0, 1, 0) + SVCCTL + NDR, 1)
    address = b"\\PIPE\\svcctl\0"
    bound = struct.pack("<HHIH", 4280, 4280, 1, len(address)) + address
    bound += bytes(-len(bound) % 4) + struct.pack("<BBH", 1, 0, 0) + struct.pack("<HH", 0, 0) + NDR
    session.call(pipe, bind, pdu(12, bound, 1))
    name = f"s{int(rng.random() * 1e6):06d}"
    stub = rng.randbytes(20) + text(name) + struct.pack("<I", 0x20000) + text(name) + struct.pack("<IIII", 0xf01ff, 16, 3, 0) + \
        text(command) + bytes(20)
    session.call(pipe, pdu(0, struct.pack("<IHH", len(stub), 0, 12) + stub, 2),
                 pdu(2, struct.pack("<IHBB", 28, 0, 0, 0) + bytes(4) + rng.randbytes(20) + struct.pack("<I", 0), 2))


def smb(run, event):
    """
    smb SERVER user=NAME domain=NAME machine=NAME [refused=yes] [share=NAME] [files=N ending=WORD] [command=TEXT]:
    logs in; rewrites and renames N files of the share; has the server run a command as a service.
    """
    o, rng = event.options, event.rng
    server = event.words[0].upper()
    talk = run.tcp(event, event.words[0], 445)
    session = Session(talk)
    session.log_in(o, server, o.get("refused") == "yes", rng)
    if "share" in o:
        session.connect(f"\\\\{server}\\{o['share']}", 1)
    for n in range(int(o.get("files", 0))):
        handle, name = rng.randbytes(16), f"orders\\2026\\order-{4000 + n}.xlsx"
        session.open(name, 0x12019f, 1, handle, OPENED)
        session.write(handle, rng.randbytes(200))
        session.rename(handle, f"{name}.{o['ending']}")
    if "command" in o:
        start_service(session, server, o["command"], rng)
    talk.close()
