"""Moved to another room: heard there and not in the old one, by the same connection."""

import asyncio

import pytest
import pytest_asyncio

from gateway import ENVELOPES, SEED, Gateway
from house import Account
from marks import is_heard, is_unheard, nothing_came, says_more
from vox import Media, Voice, voice_path

RECORDINGS = ("0870", "0920", "0890", "0880", "0930")


class Rooms:
    """Two in the first room, two in the second, and one who is moved about; all of them speak."""

    def __init__(self, owner, rooms, mover, here, there):
        self.owner = owner
        self.first, self.second = rooms
        self.mover = mover
        self.here = here
        self.there = there

    @staticmethod
    async def open(owner):
        rooms = [await owner.make_room("The first"), await owner.make_room("The second")]
        names = ("mover", "ann", "bea", "carl", "dave")
        accounts = [await Account.register(owner.server, name) for name in names]
        places = (rooms[0], rooms[0], rooms[0], rooms[1], rooms[1])
        people = zip(accounts, places, RECORDINGS, strict=True)
        mover, ann, bea, carl, dave = await asyncio.gather(*(Voice.join(*one) for one in people))
        return Rooms(owner, rooms, mover, [ann, bea], [carl, dave])

    async def move(self, to):
        """Moves the mover. The newest packets, by name, that may still come where they came before."""
        body = {"user_id": self.mover.account.user_id, "to_room_id": to}
        path = voice_path(self.mover.room, "move")
        await self.owner.must("POST", path, body, status=204)
        self.mover.room = to
        return {one.account.name: one.marks.sent for one in self.everybody()}

    def everybody(self):
        return [self.mover, *self.here, *self.there]

    async def is_at_home(self, old, new, after):
        """The mover and the new room hear each other; the mover and the old room do not."""
        mover = self.mover
        for one in new:
            await is_heard(mover, one)
            await is_heard(one, mover)
        # Later packets of somebody else show that the way to the old room is open.
        await asyncio.gather(*(says_more(one) for one in (mover, *old)))
        for one in old:
            for other in old:
                if other is not one:
                    await is_heard(other, one)
        for one in old:
            nothing_came(mover, one, after["mover"])
            nothing_came(one, mover, after[one.account.name])

    async def close(self):
        await asyncio.gather(*(one.close() for one in self.everybody()))


@pytest_asyncio.fixture
async def rooms(owner):
    both = await Rooms.open(owner)
    yield both
    await both.close()


def is_same_connection(mover, transport):
    """Never offered again, never connected again."""
    assert mover.media.offers == 1
    kinds = [frame["type"] for frame in mover.media.frames]
    assert kinds.count("answer") == 1 and "offer" not in kinds, kinds
    assert not mover.media.over, mover.media.picture()
    assert mover.peer.connectionState == "connected"
    assert mover.peer.getTransceivers()[0].sender.transport is transport


async def there_and_back(rooms, times):
    mover = rooms.mover
    transport = mover.peer.getTransceivers()[0].sender.transport
    await is_heard(mover, *rooms.here)
    for one in rooms.here:
        await is_heard(one, mover)
    assert mover.marks.numbers(rooms.there[0].account) == []
    for _ in range(times):
        await rooms.is_at_home(rooms.here, rooms.there, await rooms.move(rooms.second))
        await mover.sounds(rooms.there[0].account)
        await rooms.there[0].sounds(mover.account)
        await rooms.is_at_home(rooms.there, rooms.here, await rooms.move(rooms.first))
        await rooms.here[0].sounds(mover.account)
    is_same_connection(mover, transport)


@pytest.mark.environment(MEDIA_WORKERS="1")
async def test_there_and_back_on_one_worker(rooms):
    await there_and_back(rooms, 2)


@pytest.mark.environment(MEDIA_WORKERS="2")
async def test_there_and_back_between_workers(rooms):
    first, second = rooms.here[0].worker, rooms.there[0].worker
    assert first != second, "the rooms' media are on different workers"
    assert rooms.mover.worker == first
    await there_and_back(rooms, 3)


@pytest.mark.environment(MEDIA_WORKERS="2")
async def test_moved_and_moved_again_at_once(rooms):
    """Ten moves without a breath between them: only the last one counts."""
    mover, carl = rooms.mover, rooms.there[0]
    await is_heard(mover, *rooms.here)
    for _ in range(5):
        await rooms.move(rooms.second)
        back = await rooms.move(rooms.first)
    await is_heard(mover, *rooms.here)
    await is_heard(rooms.here[0], mover)
    await says_more(carl)
    nothing_came(mover, carl, back["mover"])
    nothing_came(carl, mover, back["carl"])
    await rooms.is_at_home(rooms.here, rooms.there, await rooms.move(rooms.second))


@pytest.mark.environment(MEDIA_WORKERS="2")
async def test_moderation_holds_between_workers(rooms):
    """In a room whose members' media are on two workers."""
    mover, (carl, dave) = rooms.mover, rooms.there
    await rooms.move(rooms.second)
    assert carl.worker == dave.worker != mover.worker

    async def moderate(member, what, **flag):
        body = {"user_id": member.account.user_id} | flag
        await rooms.owner.must("POST", voice_path(rooms.second, what), body, status=204)

    for sender, listener in [(mover, carl), (carl, mover)] * 3:
        await is_heard(sender, listener)
        await moderate(sender, "mute", muted=True)
        first = sender.marks.sent
        await says_more(sender)
        last = sender.marks.sent
        await sender.wire.flush()
        await moderate(sender, "mute", muted=False)
        # Packets of one sender keep their order: these would have come before the next ones.
        await is_heard(sender, listener)
        nothing_came(sender, listener, first, last)

    for _ in range(3):
        await is_heard(mover, carl)
        await moderate(carl, "deafen", deafened=True)
        first = mover.marks.sent
        await is_heard(mover, dave)
        # They have reached the worker that both of them are on.
        last = dave.marks.numbers(mover.account)[-1]
        await moderate(carl, "deafen", deafened=False)
        await is_heard(mover, carl)
        nothing_came(mover, carl, first, last)


async def test_what_is_said_of_a_move(rooms):
    """Both rooms are told, the person gets a token, and what they chose for themselves stays."""
    mover = rooms.mover.account
    told = await Gateway.open(rooms.owner)
    own = await Gateway.open(mover, SEED)
    await own.say("voice_state_update", {"self_mute": True})
    muted = {"user_id": mover.user_id, "self_mute": True}
    shows = lambda data, room: data["room_id"] == room and any(  # noqa: E731
        muted.items() <= one.items() for one in data["members"]
    )
    await told.see("voice_state_update", lambda data: shows(data, rooms.first))
    before = told.count("voice_state_update")
    await rooms.move(rooms.second)
    await told.see_next("voice_state_update", before, lambda data: shows(data, rooms.second))
    await told.see_next(
        "voice_state_update",
        before,
        lambda data: data["room_id"] == rooms.first
        and mover.user_id not in [one["user_id"] for one in data["members"]],
    )
    token = await own.see("media_token_refresh")
    assert token["room_id"] == rooms.second
    # To where one is already: nothing, and nobody is told.
    count = told.count("voice_state_update")
    await rooms.move(rooms.second)
    await rooms.owner.must("PATCH", f"/api/v1/rooms/{rooms.second}", {"name": "The last"})
    await told.see("room_update", lambda data: data["name"] == "The last")
    assert told.count("voice_state_update") == count
    await asyncio.gather(told.close(), own.close())


@pytest.mark.parametrize("envelope", ["sdk", "seed"])
async def test_the_token_of_the_old_room_is_dead_and_the_new_one_lives(rooms, envelope):
    mover, server = rooms.mover, rooms.owner.server
    own = await Gateway.open(mover.account, ENVELOPES[envelope])
    old = mover.token
    await rooms.move(rooms.second)
    refused = await Media.knock(server, mover.url, old)
    assert await refused.end() == 4004
    assert [frame["type"] for frame in refused.frames] == ["error"], refused.frames
    # Refusing it has not hurt the connection that is there.
    await is_heard(mover, rooms.there[0])

    new = await own.see("media_token_refresh", lambda data: data["room_id"] == rooms.second)
    again = await mover.reconnect(new["media_token"])
    await is_heard(again, rooms.there[0])
    await is_heard(rooms.there[0], again)
    await is_unheard(again, rooms.here[0], by=rooms.here[1])
    await asyncio.gather(again.close(), own.close())


async def test_a_move_that_is_refused_changes_nothing(rooms):
    mover = rooms.mover
    full = (await rooms.owner.must(
        "POST", "/api/v1/rooms", {"name": "Small", "type": "voice", "limit": 1}, status=201
    ))["room_id"]  # fmt: skip
    host = await Gateway.open(rooms.owner)
    await Voice.enter(rooms.owner, full)
    path = voice_path(rooms.first, "move")
    for to, status, code in [(full, 409, "ROOM_FULL"), ("4242", 404, "NOT_FOUND")]:
        body = {"user_id": mover.account.user_id, "to_room_id": to}
        got, answer = await rooms.owner.call("POST", path, body)
        assert (got, answer["error"]["code"]) == (status, code), answer
    await is_heard(mover, *rooms.here)
    await is_heard(rooms.here[0], mover)
    assert not mover.media.over
    await host.close()
