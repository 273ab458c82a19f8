#!/usr/bin/env python3
"""The mail sink against a small SMTP server of our own: digests, both languages, TLS, refusals, return."""
import base64
import email
import email.policy
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", "build")
FEED = os.path.join(ROOT, BUILD, "tests/system/courier_feed")
SECRET = "pa55-that-nobody-may-see"


class Relay:
    """SMTP as far as a sink speaks it (RFC 5321). `plan(n)`: the answer to the n-th mail's data; "hang": none."""

    def __init__(self, plan=lambda n: "250 taken", tls=None, login=None):
        self.plan, self.tls, self.login = plan, tls, login
        self.mails, self.tried, self.was_encrypted = [], 0, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                one, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.guard, args=(one,), daemon=True).start()

    def guard(self, one):
        try:
            self.talk(one)
        except (OSError, ssl.SSLError, ValueError):
            pass
        one.close()

    def talk(self, one):
        encrypted, lines, mail = False, one.makefile("rwb"), {"to": []}

        def say(text):
            lines.write(text.encode() + b"\r\n")
            lines.flush()
        say("220 relay.example")
        while True:
            word = lines.readline().decode().strip()
            upper = word.upper()
            if upper.startswith("EHLO"):
                offers = ["relay.example"] + (["STARTTLS"] if self.tls and not encrypted else []) + \
                    (["AUTH PLAIN"] if self.login and (encrypted or not self.tls) else [])
                for i, offer in enumerate(offers):
                    say("250%s%s" % ("-" if i + 1 < len(offers) else " ", offer))
            elif upper == "STARTTLS" and self.tls:
                say("220 go on")
                one = self.tls.wrap_socket(one, server_side=True)
                lines, encrypted = one.makefile("rwb"), True
            elif upper.startswith("AUTH PLAIN"):
                if word == "AUTH PLAIN":
                    say("334 ")
                    word += " " + lines.readline().decode().strip()
                given = base64.b64decode(word.split()[2]).decode().split("\0")[1:]
                say("235 welcome" if ":".join(given) == self.login else "535 who are you")
            elif upper.startswith("MAIL FROM:"):
                mail = {"from": word[10:].split()[0], "to": []}
                say("250 ok")
            elif upper.startswith("RCPT TO:"):
                mail["to"].append(word[8:].split()[0])
                say("250 ok")
            elif upper == "DATA":
                say("354 go on")
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    data += lines.readline()
                self.tried += 1
                answer = self.plan(self.tried - 1)
                if answer == "hang":
                    time.sleep(10)
                    return
                if answer[0] == "2":
                    self.mails.append({**mail, "data": data[:-3], "encrypted": encrypted})
                say(answer)
            elif upper == "QUIT" or not word:
                say("221 bye")
                return
            else:
                say("250 ok")

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def expect(what, wanted, got):
    if got != wanted:
        raise RuntimeError("%s: %r, not %r" % (what, got, wanted))


def deliver(d, relay, count, *options, code=0, deadline_ms=15000, pause_ms=0, scheme="smtp", revisions=1):
    done = subprocess.run([FEED, d + "/journal", str(count), str(pause_ms), str(deadline_ms),
                           "mail=%s://localhost:%d" % (scheme, relay.port), "from=hansho@sensor.example",
                           "to=soc@example.org, night@example.org", "interval_sec=3600", *options], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "COURIER_FEED_REVISIONS": str(revisions)})
    if SECRET in done.stderr or SECRET in done.stdout:
        raise RuntimeError("the password is in the log: " + done.stderr)
    expect("status", code, done.returncode)
    return done.stdout, done.stderr


def read(mail):
    message = email.message_from_bytes(mail["data"], policy=email.policy.default)
    for line in mail["data"].split(b"\r\n"):
        if len(line) > 998 or b"\n" in line or any(c > 126 for c in line):
            raise RuntimeError("a line that is none: %r" % line[:100])
    return message, message.get_content()


def digest(d):
    """One mail for all, with its form; what is beyond the limit is counted."""
    relay = Relay()
    out, _ = deliver(d, relay, 30, "mail_alerts=20")
    relay.stop()
    expect("mails", 1, len(relay.mails))
    expect("counters", "mail 30 0 0", out.strip())
    mail = relay.mails[0]
    expect("sender", "<hansho@sensor.example>", mail["from"])
    expect("recipients", ["<soc@example.org>", "<night@example.org>"], mail["to"])
    message, text = read(mail)
    expect("subject", "[hansho] tap1: 5 critical, 5 high, 5 medium, 5 low", message["Subject"])
    expect("to", "soc@example.org, night@example.org", message["To"])
    for name in ("From", "Date", "Message-ID", "MIME-Version", "Auto-Submitted"):
        if not message[name]:
            raise RuntimeError("no " + name)
    if text.count("C2 feed ip:port Emotet (new)") != 20 or "10 further records" not in text or \
            'quotes " brackets ] backslash \\ kana \u3042' not in text:
        raise RuntimeError(text)


def japanese(d):
    relay = Relay()
    deliver(d, relay, 4, "language=ja")
    relay.stop()
    message, text = read(relay.mails[0])
    expect("subject", "[hansho] tap1: 重大 1 件、高 1 件、中 1 件、低 1 件", message["Subject"])
    if "理由: " not in text or "事案 4 件" not in text:
        raise RuntimeError(text)


def latest_revision(d):
    """An incident stands once in a digest, as it was told last."""
    relay = Relay()
    out, _ = deliver(d, relay, 30, revisions=10)
    relay.stop()
    _, text = read(relay.mails[0])
    expect("delivered", "mail 30 0 0", out.strip())
    expect("incidents", 3, text.count("C2 feed"))
    if "0000000000000002-10" not in text or "-9\n" in text:
        raise RuntimeError(text)


def interval(d):
    relay = Relay()
    deliver(d, relay, 60, "interval_sec=1", pause_ms=50)
    relay.stop()
    if not 3 <= len(relay.mails) <= 5:
        raise RuntimeError("%d mails in three seconds" % len(relay.mails))
    ids = [read(mail)[0]["Message-ID"] for mail in relay.mails]
    expect("different ids", len(ids), len(set(ids)))


def again(d):
    """A relay that says later, hangs, and takes it then: one mail, always the same."""
    relay = Relay(lambda n: ["451 later", "hang", "421 no", "250 ok"][min(n, 3)])
    out, err = deliver(d, relay, 5, "timeout_ms=500")
    relay.stop()
    expect("mails", 1, len(relay.mails))
    expect("tried", 4, relay.tried)
    if out.split()[:3] != ["mail", "5", "0"] or int(out.split()[3]) < 3:
        raise RuntimeError(out)
    if err.count("fails: ") != 1 or "works again" not in err:
        raise RuntimeError(err)


def refused(d):
    relay = Relay(lambda n: "554 spam")
    out, err = deliver(d, relay, 5)
    relay.stop()
    expect("counters", "mail 0 5 0", out.strip())
    if "refused and not sent again" not in err:
        raise RuntimeError(err)


def left_for_next_start(d):
    relay = Relay(lambda n: "451 later")
    _, err = deliver(d, relay, 5, code=1, deadline_ms=500)
    relay.plan = lambda n: "250 ok"
    out, _ = deliver(d, relay, 1)
    relay.stop()
    expect("counters", "mail 6 0 0", out.strip())
    expect("mails", 1, len(relay.mails))


def over_tls(d):
    """With a login the relay must speak TLS, with a certificate that holds."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                    d + "/key.pem", "-out", d + "/cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(d + "/cert.pem", d + "/key.pem")
    os.environ["HANSHO_TEST_LOGIN"] = "sensor:" + SECRET
    login = ["login=env:HANSHO_TEST_LOGIN"]
    relay = Relay(tls=tls, login="sensor:" + SECRET)
    deliver(d, relay, 2, *login, code=1, deadline_ms=700)
    expect("mails over a certificate that does not hold", 0, len(relay.mails))
    deliver(d, relay, 0, "ca_file=" + d + "/cert.pem", *login)
    relay.stop()
    expect("encrypted", [True], [mail["encrypted"] for mail in relay.mails])
    relay = Relay(login="sensor:" + SECRET)
    deliver(d, relay, 2, *login, code=1, deadline_ms=700)
    relay.stop()
    expect("mails in the clear", 0, len(relay.mails))


CASES = [digest, japanese, latest_revision, interval, again, refused, left_for_next_start, over_tls]


def main():
    subprocess.run(["make", "-s", "-C", ROOT, "BUILD=" + BUILD, BUILD + "/tests/system/courier_feed"],
                   check=True, stdout=subprocess.DEVNULL)
    bad = 0
    for case in CASES:
        name = "sinks_mail." + case.__name__
        directory = tempfile.mkdtemp(prefix="hansho-mail-")
        try:
            case(directory)
            print("ok", name, flush=True)
        except Exception as e:
            bad = 1
            print("FAIL %s: %s" % (name, " | ".join(str(e).split("\n"))[:600]), flush=True)
        finally:
            shutil.rmtree(directory)
    return bad


if __name__ == "__main__":
    sys.exit(main())
