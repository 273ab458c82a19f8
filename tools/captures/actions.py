"""What a host does at a time of the recipe: names asked, pages fetched, mails sent, TLS calls, datagrams."""
import base64
import copy
import ipaddress
import struct

from captures import frames, identity, smb, tls
from captures.files import Refused
from captures.wire import CLIENT, SERVER

WORDS = ("harbour bell tower watch lantern river bridge market street garden winter summer morning "
         "letter paper table window ticket station train north south carry listen answer").split()


def filler(rng, size):
    """Readable text of `size` bytes."""
    out = []
    have = 0
    while have < size:
        word = WORDS[int(rng.random() * len(WORDS))]
        out.append(word)
        have += len(word) + 1
    return " ".join(out)[:size].ljust(size, ".").encode()


def place(text, usual=None):
    """'HOST', 'HOST:PORT', '[IPV6]:PORT' as host and port."""
    host, _, number = text.rpartition(":")
    if text.startswith("["):
        host, _, number = text[1:].partition("]")
        number = number[1:]
    elif text.count(":") != 1:
        host, number = text, ""
    if not number and usual is None:
        raise Refused(f"{text}: expected HOST:PORT")
    return host, int(number or usual)


# What a body may be, whatever its type says: enough of each to be recognised, nothing that runs.
HEADS = {
    "pe": b"MZ" + b"\0" * 58 + (64).to_bytes(4, "little") + b"PE\0\0" + b"\0" * 20,
    "lnk": bytes.fromhex("4c0000000114020000000000c000000000000046"),
    "zip": b"PK\3\4\x14\0\1\0\x08\0" + b"\0" * 4 + bytes.fromhex("11223344") + (200).to_bytes(4, "little") * 2
           + (9).to_bytes(2, "little") + b"\0\0order.doc",     # a password is needed
    "script": b"<job><script language=\"VBScript\">\r\nWScript.Echo \"bell\"\r\n",
}


def content(rng, kind, size, holds=None):
    """A body that begins as its type does, or as what it `holds`."""
    if holds:
        head = HEADS[holds]
        return head + (filler(rng, size - len(head)) if holds == "script" else rng.randbytes(size - len(head)))
    if kind == "application/msword":
        return bytes.fromhex("d0cf11e0a1b11ae1") + rng.randbytes(size - 8)
    if kind.startswith("text/html"):
        return b"<!doctype html><title>page</title><p>" + filler(rng, size - 37)
    if kind.startswith("image/png"):
        return b"\x89PNG\r\n\x1a\n" + rng.randbytes(size - 8)
    if kind.startswith("text/"):
        return filler(rng, size)
    return rng.randbytes(size)


# ---- DNS (RFC 1035) ----

def dns_name(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def dns_question(ident, name, kind):
    return struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + dns_name(name) + struct.pack("!HH", kind, 1)


def dns_answer(ident, name, kind, addresses):
    code = 3 if addresses is None else 0
    found = addresses or []
    out = struct.pack("!HHHHHH", ident, 0x8180 | code, 1, len(found), 0, 0)
    out += dns_name(name) + struct.pack("!HH", kind, 1)
    for address in found:
        data = ipaddress.ip_address(address).packed
        out += b"\xc0\x0c" + struct.pack("!HHIH", 28 if len(data) == 16 else 1, 1, 300, len(data)) + data
    return out


def lookup(run, event):
    """lookup NAME [type=A|AAAA]: ask the resolver."""
    name = event.words[0]
    kind = {"A": 1, "AAAA": 28}[event.options.get("type", "A")]
    length = 16 if kind == 28 else 4
    known = run.names.get(name)
    found = None if known is None else [a for a in known if len(ipaddress.ip_address(a).packed) == length]
    talk = run.udp(event, run.resolver, 53)
    ident = int(event.rng.random() * 65536)
    talk.send(event.ns, CLIENT, dns_question(ident, name, kind))
    talk.send(event.ns + 9_000_000, SERVER, dns_answer(ident, name, kind, found))


# ---- HTTP (RFC 9112) ----

def url_parts(text):
    """'http://host[:port]/path' as host, port, path."""
    if not text.startswith("http://"):
        raise Refused(f"{text}: expected http://HOST[:PORT]/PATH")
    authority, _, path = text[7:].partition("/")
    host, port = place(authority, 80)
    return authority, host, port, "/" + path


BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:126.0) Gecko/20100101 Firefox/126.0"
FORM = "application/x-www-form-urlencoded"


def request_head(method, authority, path, o, body):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {authority}",
             f"User-Agent: {o.get('agent', BROWSER)}",
             "Accept: */*"]
    if "referer" in o:
        lines.append(f"Referer: {o['referer']}")
    if method == "POST":
        lines += [f"Content-Type: {o.get('sends', FORM)}", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(o, rng):
    body = content(rng, o.get("type", "text/html"), o.get("size", 2400), o.get("holds"))
    status = {200: "OK", 204: "No Content", 302: "Found", 304: "Not Modified", 404: "Not Found"}
    code = o.get("status", 200)
    lines = [f"HTTP/1.1 {code} {status.get(code, 'Other')}", f"Server: {o.get('server', 'nginx')}",
             f"Content-Type: {o.get('type', 'text/html')}"]
    if "filename" in o:
        lines.append(f"Content-Disposition: attachment; filename=\"{o['filename']}\"")
    if "chunked" in o:
        lines.append("Transfer-Encoding: chunked")
        step = o["chunked"]
        parts = [body[at:at + step] for at in range(0, len(body), step)]
        body = b"".join(f"{len(p):x}\r\n".encode() + p + b"\r\n" for p in parts) + b"0\r\n\r\n"
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def http(run, event, method):
    """get/post URL [/NEXT-PATH...] [rounds=N] [pause=SECONDS]: all in one connection."""
    authority, host, port, path = url_parts(event.words[0])
    talk = run.tcp(event, host, port)
    pause = 0.002
    for target in ([path] + event.words[1:]) * event.options.get("rounds", 1):
        body = event.rng.randbytes(event.options.get("body", 300)) if method == "POST" else b""
        talk.say(CLIENT, request_head(method, authority, target, event.options, body), pause)
        pause = event.options.get("pause", 0.002)
        talk.say(SERVER, answer(event.options, event.rng))
    talk.close()


def get(run, event):
    http(run, event, "GET")


def post(run, event):
    http(run, event, "POST")


# ---- TLS ----

def call(run, event):
    """tls HOST[:PORT] hello=NAME [sni=NAME|-] [cert=NAME: TLS 1.2, else 1.3] [out=BYTES] [in=BYTES] [rounds=N]."""
    host, number = place(event.words[0], 443)
    o, rng = event.options, event.rng
    sni = o.get("sni", host)
    talk = run.tcp(event, host, number)
    talk.say(CLIENT, tls.record(tls.HANDSHAKE, run.hello(o["hello"]).message("" if sni == "-" else sni, rng), 0x0301),
             pause=0.001)
    if "cert" in o:
        talk.say(SERVER, tls.server_flight12(run.certificate(o["cert"]), rng))
        talk.say(CLIENT, tls.client_finish12(rng), pause=0.002)
        talk.say(SERVER, tls.server_finish12(rng))
    else:
        talk.say(SERVER, tls.server_flight13(rng))
        talk.say(CLIENT, tls.client_finish13(rng), pause=0.002)
    for turn in range(o.get("rounds", 1)):
        pause = 0.001 if turn == 0 else o.get("pause", 0.2)
        talk.say(CLIENT, tls.records(tls.DATA, rng.randbytes(o.get("out", 320))), pause)
        talk.say(SERVER, tls.records(tls.DATA, rng.randbytes(o.get("in", 1800))))
    talk.close()


# ---- mail (RFC 5321) ----

def attached(o, rng):
    """The rest of the header; with `holds` also the first part, so that the text is the second."""
    if "about" in o:
        return ("Content-Type: multipart/report; report-type=delivery-status; boundary=bell\r\n\r\n--bell\r\n"
                f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{o['about']}>\r\n\r\n--bell\r\nContent-Type: text/plain\r\n\r\n")
    if "holds" not in o:
        return "Content-Type: text/plain\r\n\r\n"
    body = base64.encodebytes(content(rng, "", 600, o["holds"])).decode().replace("\n", "\r\n")
    return ("Content-Type: multipart/mixed; boundary=bell\r\n\r\n--bell\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{o['filename']}\"\r\n"
            f"Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n--bell\r\nContent-Type: text/plain\r\n\r\n")


def mail(run, event):
    """mail SERVER[:PORT] from=ADDRESS to=ADDRESS[,...] subject=TEXT [size=BYTES] [author=ADDRESS: of the header]
    [holds=KIND filename=NAME] [user=NAME: logs in] [id=MESSAGE-ID] [list=LIST-ID] [about=MESSAGE-ID: a note that it is undeliverable]."""
    host, number = place(event.words[0], 25)
    o = event.options
    to = o["to"].split(",")
    talk = run.tcp(event, host, number)
    text = filler(event.rng, o.get("size", 500)).decode()
    lines = "\r\n".join(text[at:at + 70] for at in range(0, len(text), 70))
    head = (f"From: {o.get('author', o['from'])}\r\nTo: {', '.join(to)}\r\nSubject: {o['subject']}\r\n"
            + (f"Message-ID: <{o['id']}>\r\n" if "id" in o else "") + (f"List-Id: <{o['list']}>\r\n" if "list" in o else "")
            + "MIME-Version: 1.0\r\n" + attached(o, event.rng))
    if "holds" in o or "about" in o:
        lines += "\r\n--bell--\r\n"
    talk.say(SERVER, f"220 {host} ESMTP\r\n".encode())
    turns = [(f"EHLO {o.get('helo', 'client')}", f"250-{host}\r\n250-SIZE 10240000\r\n250 8BITMIME")]
    if "user" in o:
        turns += [("AUTH PLAIN " + base64.b64encode(f"\0{o['user']}\0five bells".encode()).decode(), "235 2.7.0 Authentication successful")]
    turns += [(f"MAIL FROM:<{o['from']}>", "250 2.1.0 Ok")]
    turns += [(f"RCPT TO:<{t}>", "250 2.1.5 Ok") for t in to]
    turns += [("DATA", "354 End data with <CR><LF>.<CR><LF>"), (head + lines + "\r\n.", "250 2.0.0 Ok: queued"),
              ("QUIT", "221 2.0.0 Bye")]
    for said, answered in turns:
        talk.say(CLIENT, said.encode() + b"\r\n", pause=0.003)
        talk.say(SERVER, answered.encode() + b"\r\n")
    talk.close()


def imap(run, event):
    """imap SERVER[:PORT] user=NAME [refused=N times before]: logs in with a password and out again."""
    host, number = place(event.words[0], 143)
    user, refused = event.options["user"], int(event.options.get("refused", "0"))
    talk = run.tcp(event, host, number)
    talk.say(SERVER, f"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] {host} ready\r\n".encode())
    for n in range(refused + 1):
        talk.say(CLIENT, f'a{n} LOGIN "{user}" "five bells {n}"\r\n'.encode(), pause=0.4)
        talk.say(SERVER, f"a{n} {'NO [AUTHENTICATIONFAILED] no' if n < refused else 'OK logged in'}\r\n".encode())
    talk.say(CLIENT, b"z LOGOUT\r\n", pause=0.4)
    talk.say(SERVER, b"* BYE\r\nz OK done\r\n")
    talk.close()


# ---- anything else ----

def udp(run, event):
    """udp HOST:PORT [out=BYTES] [in=BYTES, 0 for no answer]."""
    talk = run.udp(event, *place(event.words[0]))
    talk.send(event.ns, CLIENT, event.rng.randbytes(event.options.get("out", 48)))
    size = event.options.get("in", 48)
    if size:
        talk.send(event.ns + 22_000_000, SERVER, event.rng.randbytes(size))


def ntp(run, event):
    """ntp HOST: what time is it? (RFC 5905, 7.3)"""
    talk = run.udp(event, event.words[0], 123)
    stamp = struct.pack("!II", event.ns // 10**9 + 2208988800, int(event.rng.random() * 2**32))
    talk.send(event.ns, CLIENT, bytes([0x23]) + b"\0" * 39 + stamp)
    talk.send(event.ns + 18_000_000, SERVER, bytes([0x24, 2, 6, 0xec]) + b"\0" * 8 + bytes([192, 0, 2, 1]) + stamp * 4)


def tcp(run, event):
    """tcp HOST:PORT [out=BYTES] [in=BYTES]: bytes that are no protocol."""
    talk = run.tcp(event, *place(event.words[0]))
    for side, size in ((CLIENT, event.options.get("out", 40)), (SERVER, event.options.get("in", 40))):
        if size:
            talk.say(side, b"\xfe" + event.rng.randbytes(size - 1))
    talk.close()


def socks(run, event):
    """socks HOST:PORT asks=NAME:PORT [back=yes]: SOCKS 5 (RFC 1928); back: the one who was called asks, the caller is the proxy."""
    host, number = place(event.options["asks"])
    asker, proxy = (SERVER, CLIENT) if "back" in event.options else (CLIENT, SERVER)
    talk = run.tcp(event, *place(event.words[0]))
    talk.say(asker, b"\x05\x01\x00")
    talk.say(proxy, b"\x05\x00")
    talk.say(asker, b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + struct.pack("!H", number))
    talk.say(proxy, b"\x05\x00\x00\x01" + bytes(6))
    for side in (asker, proxy):
        talk.say(side, b"\xfe" + event.rng.randbytes(event.options.get("out" if side == asker else "in", 200)))
    talk.close()


def knock(run, event):
    """knock HOST:PORT [answer=rst]: a SYN that nobody answers, or that is refused."""
    host, port = place(event.words[0])
    ends, ports = run.ends(event, host), (run.source_port(event), port)
    for side, flags in ((CLIENT, frames.SYN), (SERVER, frames.RST | frames.ACK)):
        if side == SERVER and "answer" not in event.options:
            return
        a, b = ends[side], ends[1 - side]
        body = frames.tcp(a["address"], b["address"], ports[side], ports[1 - side], 1000, 1001 if side else 0, flags, b"")
        run.wire.packet(event.ns + side * 9_000_000, (a, b), frames.TCP, body)


def sweep(run, event):
    """sweep ADDRESS:PORT count=N [gap=SECONDS] [answers=K]: a knock at N addresses from this one on, anyhow; each Kth says something."""
    host, port = place(event.words[0])
    moment = event.ns
    for n in range(event.options["count"]):
        one = copy.copy(event)
        moment += round(event.options.get("gap", 0.1) * 0.05 * 60 ** event.rng.random() * 1e6) * 1000
        one.ns = moment
        one.words, one.options = [f"{ipaddress.ip_address(host) + n}:{port}"], {}
        speaks = "answers" in event.options and n % event.options["answers"] == 0
        (tcp if speaks else knock)(run, one)


ACTIONS = {"lookup": lookup, "get": get, "post": post, "tls": call, "mail": mail, "imap": imap, "udp": udp, "ntp": ntp,
           "tcp": tcp, "socks": socks, "knock": knock, "sweep": sweep, "smb": smb.smb, "dhcp": identity.dhcp, "nbns": identity.nbns, "mdns": identity.mdns}
