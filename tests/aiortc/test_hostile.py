"""Hostile datagrams from strangers and from a member: counted, and the others lose nothing.

The others' packets are numbered, so that what is lost is known to the packet.
"""

import asyncio
import re
import socket
from pathlib import Path

import pytest_asyncio
from aiortc.rtcdtlstransport import SRTP_PROFILES

import bombs
from house import Account
from marks import is_heard
from vox import Voice
from waiting import HANG_SECONDS, until
from wire import CONTROL, MEDIA

# So many datagrams, then a sign of life from the server: the sockets' own buffers are not the question.
AT_ONCE = 20
MEMORY_MIB = 64


@pytest_asyncio.fixture
async def people(owner, room, ann, bea):
    """Three who send speech all the time; the first will be hostile."""
    carl = await Account.register(owner.server, "carl")
    clips = ("0870", "0920", "0890")
    joins = [Voice.join(one, room, clip) for one, clip in zip((ann, bea, carl), clips)]
    three = await asyncio.gather(*joins)
    yield three
    await asyncio.gather(*(one.close() for one in three))


class Stranger:
    """Somebody without a session: a socket that has only seen the server's address."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(("127.0.0.1", server.media_port))
        self._loop = asyncio.get_running_loop()

    async def throw(self, datagrams):
        """All that comes back is the answer to what anybody may ask, in between."""
        for n, datagram in enumerate(datagrams):
            await self._loop.sock_sendall(self.socket, datagram)
            if n % AT_ONCE == 0:
                await self.ask()
        await self.ask()

    async def ask(self):
        request = bombs.plain_request()
        await self._loop.sock_sendall(self.socket, request)
        answer = await asyncio.wait_for(self._loop.sock_recv(self.socket, 2000), HANG_SECONDS)
        assert answer[:2] == b"\x01\x01" and answer[8:20] == request[8:20], answer


class Hostile:
    """A member that sends what it likes by its own connection."""

    def __init__(self, member):
        self.member = member
        self.dtls = member.peer.getTransceivers()[0].sender.transport
        self.recorded = []
        self._real = self.dtls.transport._send
        self.dtls.transport._send = self._send

    async def _send(self, data):
        if data[0] in MEDIA:
            self.recorded.append(data)
        await self._real(data)

    async def has_recorded_both(self):
        """Sound, and a report: those leave once in a while."""
        reports = sum(data[1] in CONTROL for data in self.recorded)
        return reports > 0 and len(self.recorded) - reports > 25

    async def throw(self, datagrams):
        for n, datagram in enumerate(datagrams):
            await self._real(datagram)
            if n % AT_ONCE == 0:
                await self.member.wire.flush()

    async def throw_sealed(self, media=(), control=()):
        tx = self.dtls._tx_srtp
        await self.throw(bombs.sealed(tx.protect, media))
        await self.throw(bombs.sealed(tx.protect_rtcp, control))

    @property
    def ssrc(self):
        return self.member.peer.getTransceivers()[0].sender._ssrc

    @property
    def kind(self):
        recorded = next(data for data in reversed(self.recorded) if data[1] not in CONTROL)
        return recorded[1] & 0x7F

    def named(self):
        """The header extension that says which section a packet is of."""
        transceiver = self.member.peer.getTransceivers()[0]
        headers = transceiver._headerExtensions
        number = next(one.id for one in headers if one.uri.endswith("sdes:mid"))
        name = transceiver.mid.encode()
        words = bytes([number << 4 | len(name) - 1]) + name
        words += bytes(-len(words) % 4)
        return bytes([0xBE, 0xDE, 0, len(words) // 4]) + words


async def dropped(server):
    """Datagrams that were dropped since the start, by reason."""
    said = await server.nobody.must("GET", "/metrics")
    found = re.findall(r'parlor_media_dropped_total\{[^}]*reason="(\w+)"[^}]*\} (\d+)', said)
    counts = {}
    for reason, count in found:
        counts[reason] = counts.get(reason, 0) + int(count)
    return counts


async def is_counted(server, before, at_least):
    """So many more of each reason come to be counted."""

    async def more():
        now = await dropped(server)
        return all(now.get(why, 0) >= before.get(why, 0) + n for why, n in at_least.items())

    await until(f"counts of {at_least}", more)


def memory_mib(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


class Watch:
    """The talk of two others: each hears each packet of the other, once and in order."""

    def __init__(self, server, *members):
        self.server = server
        self.members = members
        self.sent = [one.marks.sent for one in members]
        self.memory = memory_mib(server)

    async def lost_nothing(self):
        one, other = self.members
        await asyncio.gather(is_heard(one, other), is_heard(other, one))
        for speaker, listener, after in zip(self.members, reversed(self.members), self.sent):
            numbers = listener.marks.numbers(speaker.account, after)
            names = f"{speaker.account.name} at {listener.account.name}"
            assert numbers == list(range(after + 1, after + 1 + len(numbers))), names
        grown = memory_mib(self.server) - self.memory
        assert grown < MEMORY_MIB, f"{grown:.0f} MiB more"


async def test_strangers_are_counted_and_get_no_answer(server, people):
    ann, bea, carl = people
    await is_heard(bea, carl)
    watch, before = Watch(server, bea, carl), await dropped(server)
    ice = ann.peer.getTransceivers()[0].sender.transport.transport._connection
    name = f"{ice.remote_username}:{ice.local_username}".encode()
    stranger = Stranger(server)
    await stranger.throw(bombs.of_strangers(name))
    stranger.socket.close()
    await watch.lost_nothing()
    await is_heard(ann, bea)
    await is_counted(server, before, {"garbage": 300, "stranger": 500, "refused_check": 1000})


async def test_a_member_with_wrong_keys_and_replays_is_counted(server, people):
    ann, bea, carl = people
    hostile = Hostile(ann)
    await is_heard(ann, bea)
    watch, before = Watch(server, bea, carl), await dropped(server)
    await hostile.throw(bombs.with_wrong_keys(hostile.ssrc))
    await is_heard(ann, bea)
    await until("sound and reports to replay", hostile.has_recorded_both)
    recorded = list(hostile.recorded)
    for _ in range(3):
        await hostile.throw(recorded)
    await is_heard(ann, bea)
    numbers = bea.marks.numbers(ann.account)
    assert len(numbers) == len(set(numbers)), "a replay came through"
    await watch.lost_nothing()
    await is_counted(server, before, {"undecryptable": 1000, "replayed": 3 * len(recorded)})


async def test_a_member_with_bombs_disturbs_nobody(server, people):
    ann, bea, carl = people
    hostile = Hostile(ann)
    await is_heard(ann, bea)
    await is_heard(bea, ann)
    watch, before = Watch(server, bea, carl), await dropped(server)
    about = {int.from_bytes(arrival.name[2:6]) for arrival in ann.marks.arrivals}
    packets = ann.wire.packets
    for _ in range(20):
        await hostile.throw_sealed(control=bombs.reports(about))
    await is_heard(ann, bea)
    # Nobody sends pictures: all that comes to it is speech, of two people.
    assert ann.wire.packets - packets < 3000
    await hostile.throw_sealed(media=bombs.of_many_streams(hostile.named(), hostile.kind))
    await hostile.throw_sealed(media=bombs.media(hostile.ssrc, 30_000))
    # From the address that checks came from, which may cost it its connection.
    for _ in range(25):
        for _ in range(AT_ONCE):
            await hostile.dtls.transport._connection.send(bombs.CLIENT_HELLO)
        await watch.members[0].wire.flush()
    await watch.lost_nothing()
    await is_counted(server, before, {"unmapped": 2000})


class OfProfile(Voice):
    """A member that knows one SRTP profile."""

    profile = None

    async def answer_to(self, offer):
        for transceiver in self.peer.getTransceivers():
            transceiver.sender.transport._srtp_profiles = [self.profile]
        return await super().answer_to(offer)


async def test_members_of_every_srtp_profile_hear_each_other_and_no_replays(
    owner, server, room, ann, bea
):
    carl = await Account.register(server, "carl")
    assert len(SRTP_PROFILES) == 3
    members = []
    for account, profile in zip((ann, bea, carl), SRTP_PROFILES):
        member = await OfProfile.enter(account, room)
        member.__class__ = OfProfile
        member.profile = profile
        await member.connect()
        members.append(member)
    for speaker in members:
        others = [other for other in members if other is not speaker]
        await is_heard(speaker, *others)
    before = await dropped(server)
    replayed = 0
    for member in members:
        hostile = Hostile(member)
        await is_heard(member, *(other for other in members if other is not member))
        replayed += len(hostile.recorded)
        await hostile.throw(list(hostile.recorded))
    for speaker in members:
        for listener in (other for other in members if other is not speaker):
            await is_heard(speaker, listener)
            numbers = listener.marks.numbers(speaker.account)
            assert len(numbers) == len(set(numbers))
    await is_counted(server, before, {"replayed": replayed})
    await asyncio.gather(*(member.close() for member in members))
