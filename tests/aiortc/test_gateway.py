"""The gateway over real connections: presence, clients that die, and histories without a gap."""

import asyncio
import random
import signal
import sys

import pytest

from gateway import ENVELOPES, SDK, SEED, Gateway, Line
from house import Account
from vox import Media, Voice, voice_path
from waiting import HANG_SECONDS, until

GATEWAYS = 100
GATEWAYS_OF_ONE = 10
ACCOUNTS = 20
EVENTS = 400
SEED_OF_CHANCE = 4


def who(data):
    return {one["username"] for one in data["members"]}


async def members(account, room):
    return who(await account.must("GET", f"/api/v1/rooms/{room}/voice"))


@pytest.mark.parametrize("envelope", ENVELOPES)
async def test_both_envelopes_hear_the_same(owner, room, ann, envelope):
    gateway = await Gateway.open(ann, ENVELOPES[envelope])
    [ready] = gateway.all("ready")
    assert (ready["user_id"], ready["protocol_version"]) == (ann.user_id, 1)
    await gateway.say("heartbeat", {})
    answered = lambda: [one for one in gateway.others if one.event == "heartbeat_ack"]  # noqa: E731
    await until("heartbeat_ack", answered, gateway.picture)
    await Voice.enter(ann, room)
    [update] = [await gateway.see("voice_state_update")]
    assert update["room_id"] == room and who(update) == {"ann"}
    [member] = update["members"]
    assert member["user_id"] == ann.user_id and member["self_mute"] is False, member
    await gateway.close()


async def test_the_hello_is_in_both_envelopes(owner):
    line = await Line.open(owner, SDK)
    other = await Line.open(owner, SEED)
    assert line.hello.data["heartbeat_interval"] == other.hello.data["heartbeat_interval"] > 0
    await asyncio.gather(line.close(), other.close())


@pytest.mark.environment(RATE_LIMITS="on")
async def test_one_account_has_so_many_gateways_and_no_more(ann, bea):
    gateways = [await Gateway.open(ann) for _ in range(GATEWAYS_OF_ONE)]
    one_more = await Line.open(ann, SDK)
    await one_more.say("identify", {"token": ann.token})
    assert await asyncio.wait_for(one_more.next(), HANG_SECONDS) is None
    assert one_more.close_code == 4006
    other = await Gateway.open(bea)
    await asyncio.gather(*(gateway.close() for gateway in [other, *gateways]))


async def test_an_open_gateway_is_presence_enough(server, owner, room, ann, bea):
    """Who has one stays, though it was cut and resumed; who lost less, and later, has left; and so
    has who closes theirs.
    """
    dora = await Account.register(server, "dora")
    told = await Gateway.open(owner)
    gateways = [await Gateway.open(ann, SEED), await Gateway.open(dora)]
    await loses_media(ann, room)
    await loses_media(dora, room)
    await gateways[1].cut()
    await gateways[1].resume()
    await loses_media(bea, room)
    everybody = await told.see("voice_state_update", lambda data: len(who(data)) == 3)
    before = told.all("voice_state_update").index(everybody)
    await told.see_next("voice_state_update", before, lambda data: who(data) == {"ann", "dora"})
    assert await members(owner, room) == {"ann", "dora"}
    await asyncio.gather(*(gateway.close() for gateway in gateways))
    await told.see("voice_state_update", lambda data: who(data) == set())
    await told.close()


async def loses_media(account, room):
    """In with a media socket, which breaks."""
    member = await Voice.enter(account, room)
    media = await Media.open(account.server, member.url, member.token)
    media.cut()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_client_that_dies_or_freezes_has_left_once(server, owner, room, ann, end):
    """Killed, the kernel closes its connection; frozen, nothing is closed and nothing answers."""
    told = await Gateway.open(owner, SEED)
    client = await asyncio.create_subprocess_exec(
        sys.executable, "vanishing_gateway.py", server.url, ann.token, room, stdout=asyncio.subprocess.PIPE
    )
    try:
        line = await asyncio.wait_for(client.stdout.readline(), HANG_SECONDS)
        assert line == b"here\n"
        await told.see("voice_state_update", lambda data: who(data) == {"ann"})
        client.send_signal(end)
        await told.see("voice_state_update", lambda data: who(data) == set())
        assert await members(owner, room) == set()
    finally:
        if client.returncode is None:
            client.kill()
        await client.wait()
    # What comes after it shows that nothing was said twice.
    await Voice.enter(owner, room)
    await told.see("voice_state_update", lambda data: who(data) == {"owner"})
    assert [who(data) for data in told.all("voice_state_update")] == [{"ann"}, set(), {"owner"}]
    await told.close()


class Wanderer:
    """A gateway that loses its connection again and again, and takes up where it was."""

    def __init__(self, gateway, chance, progress):
        self.gateway = gateway
        self._chance = chance
        # How many changes the server has made so far.
        self._progress = progress

    async def wander(self, last):
        """Until it has seen the last event."""
        while not self._has(last):
            enough = len(self.gateway.frames) + self._chance.randint(1, 40)
            there = lambda: len(self.gateway.frames) >= enough or self._has(last)  # noqa: E731
            await until("more events", there, self.gateway.picture)
            if not self._has(last):
                await self._break()

    def _has(self, last):
        return self.gateway.frames[-1].event == "room_update" and last(self.gateway.frames[-1].data)

    async def _break(self):
        """Gone for some events, or deaf to them with its connection open; or for none, and another
        connection takes over the one that is there.
        """
        kind = self._chance.choice(("gone", "gone", "deaf", "taken over"))
        if kind == "gone":
            await self.gateway.cut()
        elif kind == "deaf":
            await self.gateway.let_go()
        if kind != "taken over":
            until_then = min(self._progress() + self._chance.randint(0, 60), EVENTS)
            await until("events that are missed", lambda: self._progress() >= until_then)
        await self.gateway.resume()


class Stream:
    """Changes of many kinds, one after the other, with the names that a room is given in turn."""

    def __init__(self, owner, rooms, walkers, chance):
        self.owner = owner
        self.rooms = rooms
        self.walkers = walkers
        self.done = 0
        self.names = []
        self._chance = chance

    async def run(self):
        for number in range(EVENTS):
            room, walker = self._chance.choice(self.rooms), self._chance.choice(self.walkers)
            await self._change(number, room, walker)
            self.done = number + 1
        await self.rename(self.rooms[0], "The end")

    async def _change(self, number, room, walker):
        kind = self._chance.choice(("name", "name", "mute", "walk"))
        if kind == "name":
            await self.rename(room, f"Room {number}")
        elif kind == "mute":
            body = {"user_id": walker.user_id, "muted": number % 2 == 0}
            # Nobody may be in: that is no event then.
            await self.owner.call("POST", voice_path(room, "mute"), body)
        else:
            await walker.call("POST", voice_path(room, "leave"))
            body = {"self_mute": False, "self_deaf": False}
            await walker.call("POST", voice_path(room, "join"), body)

    async def rename(self, room, name):
        await self.owner.must("PATCH", f"/api/v1/rooms/{room}", {"name": name})
        self.names.append((room, name))


async def test_a_hundred_gateways_that_break_have_whole_histories(server, owner, capsys):
    """All events, each once, in order, with numbers without a gap, whatever connections broke when."""
    rooms = [await owner.make_room(f"Room {letter}") for letter in "ABC"]
    names = [f"watcher{number}" for number in range(ACCOUNTS)]
    accounts = [await Account.register(server, name) for name in names]
    walkers = [await Account.register(server, f"walker{number}") for number in range(4)]
    # Their presence, so that nobody leaves but those that the stream makes leave.
    present = [await Gateway.open(walker) for walker in walkers]
    steady = await Gateway.open(accounts[0])
    forms = (SDK, SEED)
    gateways = [
        await Gateway.open(accounts[number % ACCOUNTS], forms[number % 2]) for number in range(GATEWAYS)
    ]
    stream = Stream(owner, rooms, walkers, random.Random(SEED_OF_CHANCE))
    end = lambda data: data["name"] == "The end"  # noqa: E731
    wanderers = [
        Wanderer(gateway, random.Random(number), lambda: stream.done)
        for number, gateway in enumerate(gateways)
    ]
    running = [wanderer.wander(end) for wanderer in wanderers]
    await asyncio.gather(stream.run(), *running)
    await steady.see("room_update", end)

    told = [(frame.event, frame.data) for frame in steady.frames[1:]]
    updates = [data for event, data in told if event == "room_update"]
    assert [(data["room_id"], data["name"]) for data in updates] == stream.names
    for gateway in gateways:
        assert [frame.seq for frame in gateway.frames] == list(range(1, len(told) + 2))
        assert [(frame.event, frame.data) for frame in gateway.frames[1:]] == told
    resumes = sum(gateway.resumes for gateway in gateways)
    with capsys.disabled():
        print(f" [{len(told)} events, {resumes} resumes]", end="")
    assert resumes > GATEWAYS
    await asyncio.gather(*(gateway.close() for gateway in [steady, *gateways, *present]))
