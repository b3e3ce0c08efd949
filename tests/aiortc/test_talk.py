"""Push-to-talk: who has the speaker lock is heard, and nobody else, packet by packet."""

import asyncio
import sys

import pytest
import pytest_asyncio

from house import Account
from member import Member
from streams import EventStream
from talk import Talk, TalkSocket, seconds
from waiting import until

# Packets of half a second: enough to leak, and much shorter than any turn.
A_WHILE = 25
PASSWORD = "open sesame"


class Side:
    """One of the two in a talk room, who sends speech all the time."""

    def __init__(self, account, room, member):
        self.account = account
        self.talk = Talk(account, room)
        self.member = member

    @staticmethod
    async def join(account, room, voice):
        return Side(account, room, await Member.join(account, room, voice=voice))

    @property
    def sent(self):
        return self.member.sent()


async def goes_on(sender):
    """The server has got a while of the sender's packets more, all of them from now on."""
    start = sender.sent
    await until("packets sent", lambda: sender.sent >= start + A_WHILE)
    await sender.member.wire.flush()


async def is_silent(sender, listener):
    """Not one packet of the sender comes to the listener, beginning with this call."""
    before = await listener.member.wire.flush()
    await goes_on(sender)
    after = await listener.member.wire.flush()
    assert after == before, f"{after - before} packets of {sender.account.name} still came"


async def is_heard(sender, listener):
    """What the sender sends comes to the listener."""
    wire = listener.member.wire
    enough = wire.packets + A_WHILE
    await until(f"packets of {sender.account.name}", lambda: wire.packets >= enough)


@pytest_asyncio.fixture
async def talk_room(owner):
    """Made as STT Room's client makes it."""
    made = await owner.must("POST", "/api/v1/rooms", {"title": "Two of us"}, status=201)
    return made["id"]


@pytest_asyncio.fixture
async def sides(talk_room, ann, bea):
    both = await asyncio.gather(
        Side.join(ann, talk_room, "0870"), Side.join(bea, talk_room, "0920")
    )
    yield both
    await asyncio.gather(*(side.member.close() for side in both))


async def test_without_the_lock_nobody_is_heard(sides):
    one, other = sides
    await asyncio.gather(is_silent(one, other), is_silent(other, one))
    assert (one.member.wire.packets, other.member.wire.packets) == (0, 0)


async def test_exactly_the_holder_is_heard_and_nothing_after_the_release(sides):
    one, other = sides
    stream = await EventStream.open(other.account, other.member.session)
    for _ in range(3):
        await one.talk.acquire()
        assert (await other.talk.speaker("acquire"))[0] == 409
        assert (await other.talk.speaker("release"))[0] == 403
        await asyncio.gather(is_heard(one, other), is_silent(other, one))
        await other.member.hears(stream, one.account.uuid, loud=10)
        await one.talk.release()
        await asyncio.gather(is_silent(one, other), is_silent(other, one))
        # And the other way round.
        await other.talk.acquire()
        await asyncio.gather(is_heard(other, one), is_silent(one, other))
        await other.talk.release()
        await is_silent(other, one)
    await stream.close()


@pytest.mark.environment(SPEAKER_TTL_SECONDS="3")
async def test_after_a_takeover_nothing_of_the_old_holder_comes(sides):
    one, other = sides
    await one.talk.acquire()
    await is_heard(one, other)
    for old, new in [(one, other), (other, one), (one, other)]:

        async def taken():
            status, body = await new.talk.speaker("acquire")
            assert status in (200, 409), body
            return status == 200

        # Asked for again and again: the moment it is free it is taken.
        await until("the take-over", taken)
        await asyncio.gather(is_silent(old, new), is_heard(new, old))
        assert (await old.talk.speaker("heartbeat"))[0] == 403


@pytest.mark.environment(SPEAKER_TTL_SECONDS="2")
async def test_heartbeats_keep_the_turn_and_expiry_ends_it(sides):
    one, other = sides
    socket = await TalkSocket.open(other.account, one.talk.room)
    first = await one.talk.acquire()
    for _ in range(5):
        await is_heard(one, other)
        status, body = await one.talk.speaker("heartbeat")
        assert (status, body["acquired"]) == (200, True), body
    last = seconds(body["expires_at"])
    assert last >= first + 2, "five times half a second"
    ended = await next_change(socket, 7)
    speakers = [frame["payload"]["current_speaker_user_id"] for frame in socket.frames]
    assert speakers == [None] + [one.account.uuid] * 6 + [None]
    assert ended["arrived"] >= last
    await is_silent(one, other)
    await socket.close()


async def next_change(socket, at):
    """The `speaker.changed` of that number, counted from zero."""
    changes = lambda: socket.all("speaker.changed")  # noqa: E731
    await until("a change of speaker", lambda: len(changes()) > at, lambda: socket.frames)
    return changes()[at]


@pytest.mark.environment(SPEAKER_TTL_SECONDS="2")
async def test_a_holder_who_dies_loses_the_lock_by_itself(server, talk_room, ann, bea, capsys):
    survivor = await Side.join(bea, talk_room, "0920")
    socket = await TalkSocket.open(bea, talk_room)
    lost = await asyncio.create_subprocess_exec(
        sys.executable, "vanishing.py", server.url, ann.token, talk_room, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert await lost.stdout.readline() == b"connected\n"
        expires_at = await Talk(ann, talk_room).acquire()
        wire = survivor.member.wire
        await until("the voice that will be gone", lambda: wire.packets > 10)
    finally:
        lost.kill()
        await lost.wait()
    assert (await survivor.talk.speaker("acquire"))[0] == 409
    taken = await next_change(socket, 1)
    assert taken["payload"]["current_speaker_user_id"] == ann.uuid
    ended = await next_change(socket, 2)
    late = ended["arrived"] - expires_at
    with capsys.disabled():
        print(f" [told {late * 1000:.0f} ms after the end of the turn]", end="")
    assert ended["payload"] == {
        "room_id": survivor.talk.room,
        "current_speaker_user_id": None,
        "expires_at": None,
    }
    assert late >= 0
    # It was the turn's end, not that of the member, who is not missed yet.
    assert socket.all("room.participant.left") == []
    await survivor.talk.acquire()
    await next_change(socket, 3)
    await survivor.member.close()
    await socket.close()


async def test_a_server_mute_silences_the_holder(owner, sides):
    one, other = sides
    await one.talk.acquire()
    await is_heard(one, other)
    path = f"/api/v1/rooms/{one.talk.room}/voice/mute"
    body = {"user_id": one.account.user_id}
    await owner.must("POST", path, body | {"muted": True}, status=204)
    await asyncio.gather(is_silent(one, other), is_silent(other, one))
    # A turn that is taken anew does not help.
    await one.talk.release()
    await one.talk.acquire()
    await is_silent(one, other)
    await owner.must("POST", path, body | {"muted": False}, status=204)
    await is_heard(one, other)


async def test_who_leaves_gives_the_lock_back(sides):
    one, other = sides
    socket = await TalkSocket.open(other.account, one.talk.room)
    await one.talk.acquire()
    await is_heard(one, other)
    await one.account.must("POST", one.talk.path("leave"))
    await other.talk.acquire()
    left = await socket.see("room.participant.left")
    assert left["payload"]["user_id"] == one.account.uuid
    kinds = [frame["type"] for frame in socket.frames[2:4]]
    assert kinds == ["speaker.changed", "room.participant.left"]
    assert socket.frames[2]["payload"]["current_speaker_user_id"] is None
    await socket.close()


async def test_two_by_different_doors_and_no_third(owner, bea):
    """One with an account of STT Room, one by `/voice/join`, both with the room's password."""
    body = {"title": "Behind a door", "password": PASSWORD}
    room = (await owner.must("POST", "/api/v1/rooms", body, status=201))["id"]
    carl = await Account.sign_up(owner.server, "carl@example.com")
    door = Talk(carl, room)
    for wrong in (None, {}, {"password": "sesame"}):
        status, answer = await carl.call("POST", door.path("join"), wrong)
        assert (status, answer["detail"], answer["code"]) == (
            403,
            "Invalid password",
            "INVALID_PASSWORD",
        )
    join = {"channel_id": room, "password": "sesame"}
    assert (await bea.call("POST", "/voice/join", join))[0] == 403
    await carl.must("POST", door.path("join"), {"password": PASSWORD})
    first = Side(carl, room, await Member.join(carl, room, voice="0870", password=PASSWORD))
    second = Side(bea, room, await Member.join(bea, room, voice="0920", password=PASSWORD))
    status, answer = await owner.call("POST", door.path("join"), {"password": PASSWORD})
    assert (status, answer["detail"], answer["code"]) == (409, "Room is full", "ROOM_FULL")
    status, answer = await owner.call("POST", "/voice/join", join | {"password": PASSWORD})
    assert status == 409 and "2 of 2" in answer["error"], answer
    online = await carl.must("GET", door.path("participants"))
    assert {one["email"] for one in online} == {"carl@example.com", "bea"}
    await first.talk.acquire()
    await asyncio.gather(is_heard(first, second), is_silent(second, first))
    await asyncio.gather(first.member.close(), second.member.close())
