#!/usr/bin/env python3
"""The webhook sink against HTTP servers on loopback: TLS, redirects, silence, death and return."""
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


def feed(directory, url, count, deadline_ms=15000, pause_ms=0):
    return subprocess.Popen([FEED, directory + "/journal", str(count), str(pause_ms), str(deadline_ms), "webhook=" + url],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


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
        out, err = finish(feed(d, "https://127.0.0.1:%d/%s" % (s.server_port, SECRET), 1, 500), 1)
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


CASES = [in_order, retry_after, refused, no_redirects, tls_is_verified, endless_answer, dies_and_returns]


def main():
    subprocess.run(["make", "-s", "-C", ROOT, "BUILD=" + BUILD, BUILD + "/tests/system/courier_feed"],
                   check=True, stdout=subprocess.DEVNULL)
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)
    bad = 0
    for case in CASES:
        name = "sinks_webhook." + case.__name__
        directory = tempfile.mkdtemp(prefix="hansho-webhook-")
        try:
            if case is tls_is_verified and shutil.which("openssl") is None:
                print("skip %s: openssl is not installed" % name)
                continue
            case(directory)
            print("ok", name, flush=True)
        except Exception as e:
            bad = 1
            print("FAIL %s: %s" % (name, e), flush=True)
        finally:
            shutil.rmtree(directory)
    return bad


if __name__ == "__main__":
    sys.exit(main())
