"""Capture files: classic pcap in either byte order and resolution, pcapng; plain or compressed."""
import gzip
import io
import struct
import subprocess


class Refused(Exception):
    """One line: what is wrong with the recipe."""


def classic(frames, link, order, nano):
    mark = "<" if order == "little" else ">"
    out = io.BytesIO()
    out.write(struct.pack(mark + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
    for ns, frame in frames:
        fraction = ns % 10**9 if nano else ns % 10**9 // 1000
        out.write(struct.pack(mark + "IIII", ns // 10**9, fraction, len(frame), len(frame)) + frame)
    return out.getvalue()


def block(mark, kind, body):
    body += b"\0" * (-len(body) % 4)
    length = 12 + len(body)
    return struct.pack(mark + "II", kind, length) + body + struct.pack(mark + "I", length)


def option(mark, code, value):
    return struct.pack(mark + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def pcapng(frames, link, order, nano):
    """A section, one interface with its resolution told, enhanced packet blocks."""
    mark = "<" if order == "little" else ">"
    end = struct.pack(mark + "HH", 0, 0)
    digits, unit = (9, 1) if nano else (6, 1000)
    out = [block(mark, 0x0a0d0d0a, struct.pack(mark + "IHHq", 0x1a2b3c4d, 1, 0, -1)),
           block(mark, 1, struct.pack(mark + "HHI", link, 0, 262144) + option(mark, 9, bytes([digits])) + end)]
    for ns, frame in frames:
        ticks = ns // unit
        head = struct.pack(mark + "IIIII", 0, ticks >> 32, ticks & 0xffffffff, len(frame), len(frame))
        out.append(block(mark, 6, head + frame))
    return b"".join(out)


def packed(data, how):
    if how == "none":
        return data
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    raise Refused(f"compress={how}: expected none, gzip or zstd")


def unpacked(data):
    """What was written before it was compressed."""
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return subprocess.run(["zstd", "-q", "-d", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def capture(frames, link=1, order="little", resolution="micro", form="pcap", compress="none"):
    """The bytes of a file. `frames`: (nanoseconds since 1970, bytes) in the order of the file."""
    orders = ("little", "big")
    resolutions, forms = ("micro", "nano"), {"pcap": classic, "pcapng": pcapng}
    for value, known in ((order, orders), (resolution, resolutions), (form, forms)):
        if value not in known:
            raise Refused(f"{value}: expected one of {', '.join(known)}")
    return packed(forms[form](frames, link, order, resolution == "nano"), compress)
