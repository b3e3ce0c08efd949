"""Datagrams that nobody should send: of strangers, and of a member with its own keys."""

import os
import struct

from pylibsrtp import Error

# RFC 8489 section 5.
MAGIC = bytes.fromhex("2112a442")
OWN = 0x0BAD0BAD

CLIENT_HELLO = bytes.fromhex(
    "16feff000000000000000000360100002a000000000000002afefd"
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
    "00000002c02b0100"
)


def stun(attributes=b"", kind=1):
    """A message with these attributes."""
    return struct.pack("!HH", kind, len(attributes)) + MAGIC + os.urandom(12) + attributes


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def check(name, integrity=bytes(20)):
    """An ICE check for this name that does not know the password."""
    attributes = attribute(6, name) + attribute(0x24, bytes(4)) + attribute(0x25, b"")
    return stun(attributes + attribute(8, integrity))


def plain_request():
    return stun()


def of_strangers(name):
    """STUN of every length and for anybody, DTLS, and what is nothing; `name` is a member's."""
    whole = check(name)
    yield from (whole[:length] for length in range(1, len(whole)))
    yield from (check(name, os.urandom(20)) for _ in range(500))
    yield from (check(os.urandom(4).hex().encode() + b":abcd") for _ in range(500))
    # Names of other media threads, some of which there are.
    yield from (check(b"%02xabcdefgh:abcd" % worker) for worker in range(256))
    yield from (CLIENT_HELLO for _ in range(500))
    yield from (CLIENT_HELLO[:length] for length in range(1, len(CLIENT_HELLO)))
    yield from (bytes([first]) for first in range(256))
    yield from (os.urandom(1 + 37 * n % 1600) for n in range(500))
    yield from (bytes([128, 111]) + os.urandom(9000) for _ in range(20))


def rtp(ssrc, number, payload=b"x", kind=111, flags=0x80, extension=b""):
    return struct.pack("!BBHII", flags, kind, number & 0xFFFF, 0, ssrc) + extension + payload


def with_wrong_keys(ssrc):
    """From the address of a member, of its own stream and of others, as media and as control."""
    for n in range(1000):
        yield rtp(ssrc, 97 * n, os.urandom(90))
        yield rtp(n, n, os.urandom(90))
        yield report(201, 1, struct.pack("!II", ssrc, n) + os.urandom(60))


def report(kind, count, body):
    """One RTCP packet; `body` is whole words."""
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def reports(about):
    """Control packets in the clear; `about` are the streams that the server sends."""
    first = report(201, 0, struct.pack("!I", OWN))
    for ssrc in about:
        head = struct.pack("!II", OWN, ssrc)
        everything = b"".join(struct.pack("!HH", 17 * n, 0xFFFF) for n in range(31))
        yield first + report(205, 1, head + everything) * 9
        yield first + report(206, 1, head) * 100
        entry = struct.pack("!IBBBB", ssrc, 1, 0, 0, 0)
        yield first + report(206, 4, struct.pack("!II", OWN, 0) + entry * 50)
        remb = struct.pack("!II4sII", OWN, 0, b"REMB", 0x01000001, ssrc)
        yield first + report(206, 15, remb) * 40
        yield first + report(203, 1, struct.pack("!I", ssrc)) * 100
        yield first + report(205, 15, head + bytes([0, 7, 0xFF, 0xFF, 0, 0, 0, 1]) + bytes(4))
        block = struct.pack("!IIIIII", ssrc, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 1, 1)
        yield report(201, 31, struct.pack("!I", OWN) + block * 31)
        # It says there are more than there are.
        yield report(201, 31, struct.pack("!I", OWN) + block)
        yield report(200, 31, struct.pack("!I", OWN) + bytes(20))
    for n in range(50):
        extended = struct.pack("!IBBHQ", n, 4, 0, 2, n) + struct.pack("!BBHIII", 5, 0, 3, n, n, n)
        yield first + report(207, 0, extended) * 30
    yield first + report(202, 31, os.urandom(4) + bytes([1, 255]) + bytes(2))


def media(ssrc, number):
    """Media packets in the clear, from the number on."""
    words = struct.pack("!HH", 0xBEDE, 60) + bytes([0x1F]) * 240
    lying = struct.pack("!HH", 0x1000, 3) + bytes([1, 255]) + bytes(10)
    for n in range(number, number + 200, 5):
        yield rtp(ssrc, n, flags=0x90, extension=words)
        yield rtp(ssrc, n + 1, flags=0x90, extension=lying)
        yield rtp(ssrc, n + 2, b"")
        yield rtp(ssrc, n + 3, b"abc\xff", flags=0xA0)
        yield rtp(ssrc, n + 4, bytes(255) + b"\xff", flags=0xA0)


def of_many_streams(extension, kind):
    """A packet each, which all say that they are of one section."""
    for n in range(3000):
        yield rtp(0x0BAD0000 + n, 9, bytes(40), kind=kind, flags=0x90, extension=extension)


def sealed(seal, plain):
    """With a member's keys; what its library does not want to seal is left out."""
    for one in plain:
        try:
            yield seal(one)
        except Error:
            continue
