"""Packets that say whose they are and which one: what came to whom is read off, not guessed.

The mark is in the padding of a real Opus packet (RFC 6716 section 3.2.5), which no decoder looks
at: the packet sounds as it did, and what forwards it must not change it.
"""

import itertools
import struct
import time
from dataclasses import dataclass

from aiortc.codecs.opus import OpusEncoder
from aiortc.rtp import RtpPacket

from waiting import until
from wire import CONTROL, name_of

# "one frame, padded" in the byte after the first one.
PADDED = 0x41
MAGIC = b"mark"
FIELDS = struct.Struct("!4sQId")

# Packets of half a second: enough to leak.
A_WHILE = 25


@dataclass
class Mark:
    """Whose packet, its number, and the time (of this machine) at which it was made."""

    user_id: int
    number: int
    made: float


def marked(packet, mark):
    """An Opus packet of one frame, with a mark in it."""
    assert packet and packet[0] & 3 == 0, "one frame in each packet"
    head = bytes([packet[0] | 3, PADDED, FIELDS.size])
    return head + packet[1:] + FIELDS.pack(MAGIC, mark.user_id, mark.number, mark.made)


def mark_of(payload):
    """The mark in an Opus packet; None if it has none."""
    if len(payload) < 3 + FIELDS.size or payload[0] & 3 != 3 or payload[1] != PADDED:
        return None
    magic, *fields = FIELDS.unpack(payload[-FIELDS.size :])
    return Mark(*fields) if magic == MAGIC else None


class MarkingEncoder(OpusEncoder):
    """aiortc's own encoder; its packets are marked. The numbers of a later one are higher."""

    made = itertools.count()

    def __init__(self, user_id):
        super().__init__()
        self._user_id = user_id
        # Hours of speech lie between two encoders.
        self.base = self._number = 1_000_000 * next(self.made)

    def encode(self, frame, force_keyframe=False):
        packets, timestamp = super().encode(frame, force_keyframe)
        return [self._mark(packet) for packet in packets], timestamp

    def _mark(self, packet):
        self._number += 1
        return marked(packet, Mark(self._user_id, self._number, time.monotonic()))


@dataclass
class Arrival:
    """One RTP packet that was decrypted. Its mark is None when a browser made it."""

    # SSRC and sequence number, as `Wire` has them.
    name: bytes
    mark: Mark | None
    at: float


class Marks:
    """The marks that leave and reach one connection, whatever becomes of them later."""

    def __init__(self, peer):
        sender = peer.getTransceivers()[0].sender
        transport = sender.transport
        # The number of the newest packet of one's own that went out.
        self.sent = getattr(sender._RTCRtpSender__encoder, "base", 0)
        self.arrivals = []
        self._note_leaving(transport)
        self._note_coming(transport)

    def _note_leaving(self, transport):
        real = transport._send_rtp

        async def noting(data):
            mark = None if data[1] in CONTROL else mark_of(RtpPacket.parse(data).payload)
            await real(data)
            if mark is not None:
                self.sent = mark.number

        transport._send_rtp = noting

    def _note_coming(self, transport):
        real = transport._handle_rtp_data

        async def noting(data, arrival_time_ms):
            packet = RtpPacket.parse(data)
            mark = mark_of(packet.payload)
            self.arrivals.append(Arrival(name_of(data), mark, time.monotonic()))
            await real(data, arrival_time_ms=arrival_time_ms)

        transport._handle_rtp_data = noting

    def has(self, name):
        """Whether the packet of this name has been decrypted."""
        return any(one.name == name for one in reversed(self.arrivals))

    def of(self, account, after=0):
        """Somebody's packets in the order in which they came, of those with a later number."""
        user_id = int(account.user_id)
        mine = (one for one in self.arrivals if one.mark and one.mark.user_id == user_id)
        return [one for one in mine if one.mark.number > after]

    def numbers(self, account, after=0):
        return [one.mark.number for one in self.of(account, after)]


async def is_heard(sender, *listeners, count=A_WHILE):
    """What the sender sends from now on comes to the listeners, in order."""
    after = sender.marks.sent

    async def comes_to(listener):
        what = f"packets of {sender.account.name} at {listener.account.name}"
        got = lambda: listener.marks.numbers(sender.account, after)  # noqa: E731
        await until(what, lambda: len(got()) >= count, lambda: (after, got()))
        assert got() == sorted(set(got())), got()

    for listener in listeners:
        await comes_to(listener)


async def says_more(sender, count=A_WHILE):
    """The server has got so many packets of the sender more, all of them made from now on."""
    start = sender.marks.sent
    what = f"packets that {sender.account.name} sends"
    await until(what, lambda: sender.marks.sent >= start + count)
    await sender.wire.flush()


def nothing_came(sender, listener, after, last=None):
    """Of the sender's packets none with a later number is at the listener; or none up to another one."""
    late = [
        number
        for number in listener.marks.numbers(sender.account, after)
        if last is None or number <= last
    ]
    names = f"{sender.account.name} at {listener.account.name}"
    assert not late, f"packets after {after} of {names}: {late[:10]}"


async def is_unheard(sender, listener, by=None, after=None):
    """Nothing that the sender sends comes to the listener, beginning with this call, or with the
    packet after `after`. `by` is somebody whom the listener hears: later packets of theirs show
    that the way to the listener is open.
    """
    after = sender.marks.sent if after is None else after
    await says_more(sender)
    if by:
        await is_heard(by, listener)
    await listener.drained()
    nothing_came(sender, listener, after)
