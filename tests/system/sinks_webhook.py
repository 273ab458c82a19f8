#!/usr/bin/env python3
"""The webhook sink against HTTP servers on loopback: TLS, redirects, silence, death and return."""
import concurrent.futures
import hashlib
import hmac
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", "build")
FEED = os.path.join(ROOT, BUILD, "tests/system/courier_feed")
SECRET = "t0k3n-that-nobody-may-see"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        if server.wake.is_set():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, answer = server.plan(len(server.requests))
        server.requests.append((time.monotonic(), self.path, dict(self.headers), body))
        if status == 0:
            server.wake.wait(20)
            self.close_connection = True
            return
        if status // 100 == 2:
            server.accepted.append((dict(self.headers), body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass

    def __init__(self, plan, port=0, tls=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.plan, self.requests, self.accepted, self.wake = plan, [], [], threading.Event()
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        self.wake.set()
        self.shutdown()
        self.server_close()
        self.thread.join()


def feed(directory, url, count, deadline_ms=15000, pause_ms=0, options=(), revisions=1):
    return subprocess.Popen([FEED, directory + "/journal", str(count), str(pause_ms), str(deadline_ms), "webhook=" + url,
                             *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "COURIER_FEED_REVISIONS": str(revisions)})


def finish(process, code=0):
    out, err = process.communicate(timeout=60)
    if SECRET in err:
        raise RuntimeError("the secret of the URL is in the log: " + err)
    if process.returncode != code:
        raise RuntimeError("courier_feed exits %d: %s%s" % (process.returncode, out, err))
    return out, err


def expect(what, wanted, got):
    if got != wanted:
        raise RuntimeError("%s: %r, not %r" % (what, got, wanted))


def ids(accepted):
    return [int(json.loads(body)["hansho"]["id"], 16) for _, body in accepted]


def in_order(d):
    def plan(n):
        return (500, {}, b"no") if n < 5 else (0, {}, b"") if n == 5 else (202, {}, b"thanks")
    s = Server(plan)
    try:
        out, err = finish(feed(d, "http://127.0.0.1:%d/hook/%s" % (s.server_port, SECRET), 40))
    finally:
        s.stop()
    expect("alerts", list(range(40)), ids(s.accepted))
    expect("counters", "webhook 40 0 6", out.strip())
    headers = s.accepted[7][0]
    expect("type", "application/json", headers["Content-Type"])
    expect("key", "%016x-1" % 7, headers["Idempotency-Key"])
    expect("path", "/hook/" + SECRET, s.requests[0][1])
    if not headers["User-Agent"].startswith("hansho/"):
        raise RuntimeError("User-Agent: " + headers["User-Agent"])
    if err.count("fails: ") != 1 or "has caught up: 40 records had waited" not in err:
        raise RuntimeError("the log does not tell failure and recovery once: " + err)


def retry_after(d):
    s = Server(lambda n: (429, {"Retry-After": "2"}, b"") if n == 0 else (200, {}, b"ok"))
    try:
        finish(feed(d, "http://127.0.0.1:%d/" % s.server_port, 3))
    finally:
        s.stop()
    pause = s.requests[1][0] - s.requests[0][0]
    if not 1.9 <= pause < 4:
        raise RuntimeError("%.2f s between 429 and the next request" % pause)


def refused(d):
    s = Server(lambda n: (400, {}, b"bad\x1b[2Jalert\nsecond") if n == 1 else (200, {}, b""))
    try:
        out, err = finish(feed(d, "http://127.0.0.1:%d/%s" % (s.server_port, SECRET), 4))
    finally:
        s.stop()
    expect("alerts", [0, 2, 3], ids(s.accepted))
    expect("counters", "webhook 3 1 0", out.strip())
    if "\x1b" in err or "answers 400: bad\\x1b[2Jalert" not in err:
        raise RuntimeError("log: %r" % err)


def no_redirects(d):
    other = Server(lambda n: (200, {}, b""))
    s = Server(lambda n: (307, {"Location": "http://127.0.0.1:%d/" % other.server_port}, b""))
    try:
        out, err = finish(feed(d, "http://127.0.0.1:%d/%s" % (s.server_port, SECRET), 1, 500), 1)
    finally:
        s.stop()
        other.stop()
    expect("requests at the other", 0, len(other.requests))
    if "redirects are not followed" not in err:
        raise RuntimeError(err)


def tls_is_verified(d):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", d + "/key.pem", "-out", d + "/cert.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(d + "/cert.pem", d + "/key.pem")
    s = Server(lambda n: (200, {}, b""), tls=tls)
    try:
        out, err = finish(feed(d, "https://127.0.0.1:%d/%s" % (s.server_port, SECRET), 1, 2000), 1)
    finally:
        s.stop()
    expect("requests", 0, len(s.requests))
    if "certificate" not in err:
        raise RuntimeError("no word of the certificate: " + err)


def endless_answer(d):
    s = Server(lambda n: (200, {}, b"x" * (8 << 20)))
    try:
        out, _ = finish(feed(d, "http://127.0.0.1:%d/" % s.server_port, 5))
    finally:
        s.stop()
    expect("counters", "webhook 5 0 0", out.strip())
    expect("alerts", list(range(5)), ids(s.accepted))


def dies_and_returns(d):
    s = Server(lambda n: (200, {}, b""))
    port = s.server_port
    process = feed(d, "http://127.0.0.1:%d/" % port, 100, pause_ms=20)
    time.sleep(0.7)
    s.stop()
    time.sleep(0.7)
    again = Server(lambda n: (200, {}, b""), port)
    try:
        finish(process)
    finally:
        again.stop()
    got = ids(s.accepted) + ids(again.accepted)
    if sorted(set(got)) != list(range(100)) or len(got) > 101 or not again.accepted:
        raise RuntimeError("%d alerts, %d of them different" % (len(got), len(set(got))))


def key_file(d, text):
    with open(d + "/key", "w", encoding="utf-8") as f:
        f.write(text + "\n")
    return "file:" + d + "/key"


def signed(d):
    """Every attempt is signed anew, over its time and the very bytes of its body."""
    s = Server(lambda n: (503, {}, b"") if n == 1 else (200, {}, b""))
    try:
        finish(feed(d, "http://127.0.0.1:%d/" % s.server_port, 4,
                    options=["secret=" + key_file(d, SECRET), "header=env:HANSHO_TEST_HEADER"]))
    finally:
        s.stop()
    for _, _, headers, body in s.requests:
        stamp = headers["X-Signature-Timestamp"]
        right = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        expect("signature", "sha256=" + right, headers["X-Signature"])
        expect("header", "Bearer " + SECRET, headers["Authorization"])
        if abs(time.time() - int(stamp)) > 30:
            raise RuntimeError("timestamp " + stamp)
    expect("requests", 5, len(s.requests))


def url_from_environment(d):
    s = Server(lambda n: (404, {}, b"") if n == 0 else (200, {}, b""))
    os.environ["HANSHO_TEST_URL"] = "http://127.0.0.1:%d/%s" % (s.server_port, SECRET)
    try:
        finish(feed(d, "env:HANSHO_TEST_URL", 2))
    finally:
        s.stop()
    expect("path", "/" + SECRET, s.requests[1][1])


def several_at_once(d):
    """Requests overlap, yet the revisions of an incident come in order, also when some fail."""
    lock, now, most = threading.Lock(), [0], [0]

    def plan(n):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1
        return (500, {}, b"") if n % 7 == 3 else (200, {}, b"")
    s = Server(plan)
    try:
        out, _ = finish(feed(d, "http://127.0.0.1:%d/" % s.server_port, 300, options=["parallel=8"], revisions=5))
    finally:
        s.stop()
    seen = {}
    for headers, body in s.accepted:
        record = json.loads(body)["hansho"]
        seen.setdefault(record["id"], []).append(record["revision"])
        expect("key", "%s-%d" % (record["id"], record["revision"]), headers["Idempotency-Key"])
    expect("incidents", 60, len(seen))
    for incident, revisions in seen.items():
        expect("revisions of " + incident, [1, 2, 3, 4, 5], revisions)
    if not 3 <= most[0] <= 8:
        raise RuntimeError("at most %d requests at once" % most[0])
    if out.split()[:3] != ["webhook", "300", "0"]:
        raise RuntimeError(out)


def batches(d):
    """Arrays; one that is refused is taken apart, and only what is bad in it is lost, with its reason."""
    class Picky(Handler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ids_here = [int(r["hansho"]["id"], 16) for r in json.loads(body)]
            status = 422 if 13 in ids_here else 200
            self.server.requests.append((time.monotonic(), self.path, dict(self.headers), body))
            if status == 200:
                self.server.accepted.append((dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"no!")
    dead = d + "/refused.json"
    finish(feed(d, "http://127.0.0.1:1/", 40, 100), 1)      # nobody there: all 40 wait in the journal
    s = Server(lambda n: (200, {}, b""))
    s.RequestHandlerClass = Picky
    try:
        out, _ = finish(feed(d, "http://127.0.0.1:%d/" % s.server_port, 0,
                             options=["batch=10", "parallel=1", "dead_letters=" + dead]))
    finally:
        s.stop()
    got = [int(r["hansho"]["id"], 16) for _, body in s.accepted for r in json.loads(body)]
    expect("alerts", [n for n in range(40) if n != 13], got)
    expect("counters", "webhook 39 1 0", out.strip())
    sizes = [len(json.loads(body)) for _, body in s.accepted]
    expect("sizes", [10] + [1] * 9 + [10, 10], sizes)
    with open(dead, encoding="utf-8") as f:
        letters = [json.loads(line) for line in f]
    expect("dead letters", [13], [int(x["record"]["hansho"]["id"], 16) for x in letters])
    if "answers 422: no!" not in letters[0]["reason"] or letters[0]["sink"] != "webhook":
        raise RuntimeError("%r" % letters)
    expect("mode", 0o600, os.stat(dead).st_mode & 0o777)


def batch_keys(d):
    """A batch that is sent again is the same batch under the same key."""
    s = Server(lambda n: (503, {}, b"") if n in (0, 2) else (200, {}, b""))
    try:
        finish(feed(d, "http://127.0.0.1:%d/" % s.server_port, 20, options=["batch=8", "parallel=1"]))
    finally:
        s.stop()
    bodies = {}
    for _, _, headers, body in s.requests:
        bodies.setdefault(headers["Idempotency-Key"], set()).add(body)
    if any(len(b) != 1 for b in bodies.values()) or len(bodies) >= len(s.requests):
        raise RuntimeError("%r" % [h["Idempotency-Key"] for _, _, h, _ in s.requests])


def template(d):
    s = Server(lambda n: (200, {}, b"ok"))
    try:
        finish(feed(d, "http://127.0.0.1:%d/" % s.server_port, 3,
                    options=["template=" + os.path.join(ROOT, "etc/templates/slack.json"), "parallel=1"]))
    finally:
        s.stop()
    for n, (headers, body) in enumerate(s.accepted):
        message = json.loads(body)
        expect("key", "%016x-1" % n, headers["Idempotency-Key"])
        if "C2 feed ip:port Emotet" not in message["text"] or len(message["attachments"]) != 1:
            raise RuntimeError(body)


def poison(d, options, count, pause_ms, bad=13):
    """One record that the receiver cannot bear, whatever else it takes: it is given up, with its reason, and nothing else is."""
    class Allergic(Handler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found = json.loads(body)
            ids_here = [int(r["hansho"]["id"], 16) for r in (found if isinstance(found, list) else [found])]
            self.server.requests.append((time.monotonic(), self.path, dict(self.headers), body))
            status = 500 if bad in ids_here else 200
            if status == 200:
                self.server.accepted += [(dict(self.headers), n) for n in ids_here]
            self.send_response(status)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"oops" if status == 500 else b"fine")
    dead = d + "/refused.json"
    s = Server(lambda n: (200, {}, b""))
    s.RequestHandlerClass = Allergic
    try:
        out, err = finish(feed(d, "http://127.0.0.1:%d/%s" % (s.server_port, SECRET), count, 40000, pause_ms,
                               ["dead_letters=" + dead, "give_up_sec=1", "retry_min_ms=10", "retry_max_ms=100", *options]))
    finally:
        s.stop()
    expect("alerts", [n for n in range(count) if n != bad], sorted(n for _, n in s.accepted))
    expect("counters", ["webhook", str(count - 1), "1"], out.split()[:3])
    with open(dead, encoding="utf-8") as f:
        letters = [json.loads(line) for line in f]
    expect("dead letters", [bad], [int(x["record"]["hansho"]["id"], 16) for x in letters])
    reason = letters[0]["reason"]
    if not reason.startswith("given up after ") or "while others were taken: webhook http://127.0.0.1" not in reason or \
            not reason.endswith("answers 500: oops"):
        raise RuntimeError(reason)
    if "1 record" not in err or "given up after" not in err or err.count("fails: ") > 12:
        raise RuntimeError(err)


def poison_among_many(d):
    """More than are read before all must be settled: it does not hold up what is behind it."""
    poison(d, ["parallel=4"], 600, 0)


def poison_one_by_one(d):
    poison(d, ["parallel=1"], 400, 0)


def poison_in_a_batch(d):
    poison(d, ["parallel=2", "batch=10"], 200, 20)


def poison_on_a_quiet_day(d):
    """Seldom a record: each that comes tells a little."""
    poison(d, ["parallel=1"], 30, 150, 0)


def all_fail(d):
    """A receiver that is down, or that takes nothing, loses nothing, however long that lasts."""
    broken = [True]
    s = Server(lambda n: (500, {}, b"") if broken[0] else (200, {}, b""))
    dead = d + "/refused.json"
    try:
        process = feed(d, "http://127.0.0.1:%d/" % s.server_port, 60, 30000, 30,
                       ["dead_letters=" + dead, "give_up_sec=1", "retry_min_ms=10", "retry_max_ms=50", "parallel=4"])
        time.sleep(5)
        tried = len(s.requests)
        broken[0] = False
        out, _ = finish(process)
    finally:
        s.stop()
    if tried < 30:
        raise RuntimeError("only %d attempts in five seconds" % tried)
    expect("alerts", list(range(60)), sorted(set(ids(s.accepted))))
    expect("counters", ["webhook", "60", "0"], out.split()[:3])
    expect("dead letters", False, os.path.exists(dead))


def own_authority(d):
    """With ca_file the receiver's certificate holds; one for another name does not."""
    for name in ("right", "wrong"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", d + "/key.pem", "-out", d + "/cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=" + ("IP:127.0.0.1" if name == "right" else "DNS:other.example")],
                       check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(d + "/cert.pem", d + "/key.pem")
        s = Server(lambda n: (200, {}, b""), tls=tls)
        try:
            _, err = finish(feed(d, "https://127.0.0.1:%d/%s" % (s.server_port, SECRET), 2, 700,
                                 options=["ca_file=" + d + "/cert.pem"]), 0 if name == "right" else 1)
        finally:
            s.stop()
        expect(name, 2 if name == "right" else 0, len(s.accepted))
        if name == "wrong" and "SSL" not in err and "certificate" not in err:
            raise RuntimeError("no word of the certificate: " + err)


def slow_and_short_answers(d):
    """An answer that trickles, and a connection that is closed in the middle of one."""
    class Odd(Handler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.requests.append((time.monotonic(), self.path, dict(self.headers), body))
            n = len(self.server.requests)
            if n == 1:
                self.close_connection = True        # no byte of an answer
                return
            self.server.accepted.append((dict(self.headers), body))
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            for _ in range(3):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
            self.close_connection = True            # 97 bytes short
    s = Server(lambda n: (200, {}, b""))
    s.RequestHandlerClass = Odd
    try:
        out, _ = finish(feed(d, "http://127.0.0.1:%d/" % s.server_port, 3, options=["parallel=1"]))
    finally:
        s.stop()
    expect("alerts", [0, 1, 2], ids(s.accepted))
    expect("counters", "webhook 3 0 1", out.strip())


CASES = [in_order, retry_after, refused, no_redirects, tls_is_verified, endless_answer, dies_and_returns, signed,
         url_from_environment, several_at_once, batches, batch_keys, template, own_authority, slow_and_short_answers,
         poison_among_many, poison_one_by_one, poison_in_a_batch, poison_on_a_quiet_day, all_fail]


def run(case):
    name = "sinks_webhook." + case.__name__
    directory = tempfile.mkdtemp(prefix="hansho-webhook-")
    try:
        if case is tls_is_verified and shutil.which("openssl") is None:
            print("skip %s: openssl is not installed" % name)
            return True
        case(directory)
        print("ok", name, flush=True)
        return True
    except Exception as e:
        print("FAIL %s: %s" % (name, e), flush=True)
        return False
    finally:
        shutil.rmtree(directory)


def main():
    os.environ["HANSHO_TEST_HEADER"] = "Authorization: Bearer " + SECRET
    subprocess.run(["make", "-s", "-C", ROOT, "BUILD=" + BUILD, BUILD + "/tests/system/courier_feed"],
                   check=True, stdout=subprocess.DEVNULL)
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:      # they wait most of the time
        return 0 if all(list(pool.map(run, CASES))) else 1


if __name__ == "__main__":
    sys.exit(main())
