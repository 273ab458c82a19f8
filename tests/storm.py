"""A webhook receiver that fails at random for a while, and a sensor that delivers to it all the same."""
import asyncio
import json
import os
import random
import re
import struct
import threading
import time

import rig

ID = re.compile(rb'"hansho":\{"id":"([0-9a-f]{16})","revision":(\d+)')
FATES = ["close", "reset", "hang", "500", "429", "429 later"]


class Receiver:
    """Answers 200, but until `storm_sec` have passed since the first request one in three fails in one of six ways, and
    for one second in five nobody listens."""

    def __init__(self, storm_sec, seed):
        self.storm_sec, self.random = storm_sec, random.Random(seed)
        self.began = None
        self.accepted, self.twice, self.disorder, self.requests = {}, 0, 0, 0
        self.fates = dict.fromkeys([*FATES, "refused"], 0)
        self.latest = {}
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        self.ready.wait(10)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0, backlog=256)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        while True:
            await asyncio.sleep(4 * self.storm_sec / 60)
            if self.began is None or not self.storms():
                continue
            server.close()
            await asyncio.sleep(self.storm_sec / 60)
            self.fates["refused"] += 1
            server = await asyncio.start_server(self.talk, "127.0.0.1", self.port, backlog=256)

    def storms(self):
        return self.began is not None and time.monotonic() - self.began < self.storm_sec

    async def talk(self, reader, writer):
        try:
            while await self.answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        writer.close()

    async def answer(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        body = await reader.readexactly(length)
        self.requests += 1
        if self.began is None:
            self.began = time.monotonic()
        if self.storms() and self.random.random() < 1 / 3:
            fate = self.random.choice(FATES)
            self.fates[fate] += 1
            return await self.fail(fate, reader, writer)
        self.take(head, body)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return True

    async def fail(self, fate, reader, writer):
        if fate == "hang":
            await reader.read(1)            # until the sender gives up
            return False
        if fate == "reset":
            writer.transport.abort()
            return False
        if fate == "close":
            return False
        extra = b"Retry-After: 1\r\n" if fate == "429 later" else b""
        writer.write(b"HTTP/1.1 " + fate[:3].encode() + b" x\r\n" + extra + b"Content-Length: 0\r\n\r\n")
        return True

    def take(self, head, body):
        found = ID.search(body)
        key = found[1].decode() + "-" + found[2].decode()
        said = re.search(rb"(?i)idempotency-key: (\S+)", head)[1].decode()
        incident, revision = found[1], int(found[2])
        self.twice += key in self.accepted or said != key
        self.disorder += self.latest.get(incident, 0) >= revision
        self.latest[incident] = revision
        self.accepted[key] = True


def frame(host, number):
    """A SYN from a host of its own to what the feed lists."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, number & 0xffff, 0, 64, 6, 0, host, bytes([198, 51, 100, 23]))
    total = sum(struct.unpack(">10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xffff) + ip[12:]
    tcp = struct.pack(">HHIIBBHHH", 40000, 8080, number, 0, 0x50, 2, 64240, 0, 0)
    pseudo = ip[12:20] + struct.pack(">BBH", 0, 6, len(tcp)) + tcp
    total = sum(struct.unpack(f">{len(pseudo) // 2}H", pseudo))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    tcp = tcp[:16] + struct.pack(">H", ~total & 0xffff) + tcp[18:]
    return b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0" + ip + tcp


def capture(path, hosts):
    began = 1779271200 * 10**9
    return rig.write_pcap(path, [(began + n * 10**6, frame(struct.pack(">I", 0x0a000001 + n), n)) for n in range(hosts)])


def configuration(folder, port, more=""):
    rig.write(os.path.join(folder, "feed.txt"), "198.51.100.23:8080\n")
    return rig.write(os.path.join(folder, "c.yaml"), f"""
feeds: [{{path: feed.txt, name: storm}}]
drain_sec: 900
journal: {{max_mib: 4096}}
alerts: {{max_open: 1000000, {more}}}
sinks:
- {{type: eve, path: e.json, records: [alert]}}
""" + (f"""- type: webhook
  url: http://127.0.0.1:{port}/
  parallel: 16
  timeout_ms: 1000
  retry_min_ms: 50
  retry_max_ms: 2000
""" if port else ""))


def detection_sec(done):
    return float(re.search(r"replay: .* in ([0-9.]+) s: ", done.stderr)[1])


def run(name, hosts, storm_sec, timeout, more):
    """Every revision of every incident arrives, in order, acknowledged once; detection is no slower."""
    folder = rig.folder()
    path = capture(os.path.join(folder, "storm.pcap"), hosts)
    eve = os.path.join(folder, "e.json")
    alone = []
    for _ in range(2):
        done = rig.replay([path], "-c", configuration(folder, 0, more), timeout=timeout)
        alone.append(detection_sec(done))
        os.unlink(eve)
    receiver = Receiver(storm_sec, 7)
    began = time.monotonic()
    done = rig.replay([path], "-c", configuration(folder, receiver.port, more), timeout=timeout)
    took = time.monotonic() - began
    wanted = set()
    for line in rig.lines(eve):
        own = json.loads(line)["hansho"]
        wanted.add(f"{own['id']}-{own['revision']}")
    rig.check(f"{name}.exit", done.returncode == 0, done.stderr)
    rig.check(f"{name}.alerts", len(wanted) >= 2 * hosts, f"{len(wanted)} alerts of {hosts} hosts: {done.stderr}")
    rig.check(f"{name}.all arrived", wanted == set(receiver.accepted),
              f"{len(wanted - set(receiver.accepted))} of {len(wanted)} are missing: {done.stderr}")
    rig.check(f"{name}.order", receiver.disorder == 0, f"{receiver.disorder} revisions behind a later one")
    rig.check(f"{name}.once", receiver.twice == 0, f"{receiver.twice} were acknowledged twice")
    rig.check(f"{name}.stormy", all(receiver.fates.values()), receiver.fates)
    # Both at once share the machine's processors with the receiver, which is Python: a third more, and what clocks tell apart.
    storm = detection_sec(done)
    rig.check(f"{name}.detection", storm <= 1.34 * max(alone) + 0.5, f"{storm} s, without the webhook {alone} s")
    print(f"  {len(wanted)} alerts in {took:.1f} s, {receiver.requests} requests, {receiver.fates}; detection "
          f"{storm:.2f} s, without the webhook {min(alone):.2f} to {max(alone):.2f} s", flush=True)
