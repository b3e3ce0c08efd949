"""Voice rooms by Vox: moderation in the packet path, media tokens, and media sockets that break."""

import asyncio

import pytest
import pytest_asyncio

from gateway import Gateway
from house import Account
from marks import is_heard, is_unheard, nothing_came
from vox import Media, Voice, voice_path
from waiting import until

RECORDINGS = ("0870", "0920", "0890")


@pytest_asyncio.fixture
async def people(owner, room, ann, bea):
    """Three who send speech all the time."""
    carl = await Account.register(owner.server, "carl")
    joins = [Voice.join(one, room, clip) for one, clip in zip((ann, bea, carl), RECORDINGS)]
    three = await asyncio.gather(*joins)
    yield three
    await asyncio.gather(*(one.close() for one in three))


@pytest_asyncio.fixture
async def told(owner):
    """The gateway of the administrator, who is in no room and may view all."""
    gateway = await Gateway.open(owner)
    yield gateway
    await gateway.close()


async def moderate(owner, member, what, **more):
    body = {"user_id": member.account.user_id} | more
    await owner.must("POST", voice_path(member.room, what), body, status=204)


def has(account):
    """Whether a `voice_state_update` lists them."""
    return lambda data: account.user_id in [one["user_id"] for one in data["members"]]


def lacks(account):
    return lambda data: not has(account)(data)


async def test_three_hear_each_other_and_are_told_who_speaks(people):
    for one in people:
        others = [other for other in people if other is not one]
        await is_heard(one, *others)
        await asyncio.gather(*(other.sounds(one.account) for other in others))
    ann, bea, _ = people
    spoke = lambda: [  # noqa: E731
        frame for frame in ann.media.all("speaking") if frame["user_id"] == bea.account.user_id
    ]
    await until("who speaks", spoke, ann.media.picture)


async def test_a_strict_client_hears_of_nothing_it_does_not_know(room, ann, bea):
    speaker = await Voice.join(ann, room)
    joined = await bea.must(
        "POST", voice_path(room, "join"), {"self_mute": False, "self_deaf": False}
    )
    strict = Voice(bea, room, joined)
    strict.media = await Media.open(bea.server, joined["media_url"], joined["media_token"])
    await super(Voice, strict).connect("0920")
    await is_heard(speaker, strict)
    await is_heard(strict, speaker)
    known = {"ready", "answer", "candidate", "offer", "error"}
    assert {frame["type"] for frame in strict.media.frames} <= known, strict.media.frames
    await asyncio.gather(speaker.close(), strict.close())


async def test_a_server_mute_holds_from_its_reply(owner, people):
    ann, bea, carl = people
    for _ in range(3):
        await is_heard(ann, bea, carl)
        await moderate(owner, ann, "mute", muted=True)
        after = ann.marks.sent
        await is_unheard(ann, bea, by=carl, after=after)
        await is_unheard(ann, carl, by=bea, after=after)
        await moderate(owner, ann, "mute", muted=False)
    await is_heard(ann, bea, carl)


async def test_the_deafened_receive_nothing(owner, people):
    ann, bea, carl = people
    await is_heard(bea, ann)
    await moderate(owner, ann, "deafen", deafened=True)
    await ann.drained()
    before = len(ann.marks.arrivals)
    await is_heard(bea, carl)
    await is_heard(carl, bea)
    await ann.drained()
    assert len(ann.marks.arrivals) == before
    await moderate(owner, ann, "deafen", deafened=False)
    await is_heard(bea, ann)


async def test_ones_own_mute_by_the_gateway_holds_too(people, told):
    ann, bea, carl = people
    own = await Gateway.open(ann.account)
    await is_heard(ann, bea)
    await own.say("voice_state_update", {"self_mute": True})
    mutes = lambda muted: lambda data: any(  # noqa: E731
        (one["user_id"], one["self_mute"]) == (ann.account.user_id, muted) for one in data["members"]
    )
    await told.see("voice_state_update", mutes(True))
    await is_unheard(ann, bea, by=carl)
    before = told.count("voice_state_update")
    await own.say("voice_state_update", {"self_mute": False})
    await told.see_next("voice_state_update", before, mutes(False))
    await is_heard(ann, bea, carl)
    await own.close()


async def test_a_kick_ends_the_media_its_socket_and_its_token(owner, people, told):
    ann, bea, carl = people
    server, token = owner.server, ann.token
    await is_heard(ann, bea, carl)
    await moderate(owner, ann, "kick")
    after = {one.account.name: one.marks.sent for one in people}
    assert await ann.media.end() == 4009
    refused = await Media.knock(server, ann.url, token)
    assert await refused.end() == 4004
    status, answer = await ann.account.call("POST", voice_path(ann.room, "token-refresh"))
    assert (status, answer["error"]["code"]) == (409, "NOT_IN_VOICE"), answer
    await is_heard(bea, carl)
    await is_heard(carl, bea)
    for other in (bea, carl):
        await other.drained()
        nothing_came(ann, other, after["ann"])
        nothing_came(other, ann, after[other.account.name])
    await told.see("voice_state_update", lacks(ann.account))
    # She may come again, with a token that is new.
    again = await Voice.join(ann.account, ann.room)
    await is_heard(again, bea, carl)
    refused = await Media.knock(server, ann.url, token)
    assert await refused.end() == 4004
    await again.close()


@pytest.mark.parametrize("in_query", [False, True])
async def test_tokens_that_open_nothing(room, ann, bea, in_query):
    member = await Voice.enter(ann, room)
    for bad in ("", "nonsense", "a.b.c", ann.token, member.token[:-3], "x" * 5_000):
        refused = await Media.knock(ann.server, member.url, bad, in_query)
        assert await refused.end() == 4004, bad
        assert [frame["type"] for frame in refused.frames] == ["error"], refused.frames
    # It is for this one door.
    status, _ = await Account(ann.server, member.token).call("GET", "/api/v1/users/@me")
    assert status == 401
    good = await Media.knock(ann.server, member.url, member.token, in_query)
    await good.see("ready")
    await ann.must("POST", voice_path(room, "leave"), status=204)
    assert await good.end() == 4009
    refused = await Media.knock(ann.server, member.url, member.token, in_query)
    assert await refused.end() == 4004


async def test_offers_that_are_none_leave_the_socket_as_it_is(room, ann, bea):
    listener = await Voice.join(bea, room)
    member = await Voice.enter(ann, room)
    media = await Media.open(ann.server, member.url, member.token)
    for count, offer in enumerate(("", "hello", "v=0\r\nm=audio 9 X Y\r\n\0\0")):
        await media.say("offer", sdp=offer)
        assert "code" in await media.see("error", before=count)
    await media.say("dance")
    await media.see("error", before=3)
    await media.close()
    await member.connect()
    await is_heard(member, listener)
    await asyncio.gather(member.close(), listener.close())


async def test_a_refreshed_token_opens_the_same_session(people):
    ann, bea, _ = people
    refreshed = await ann.account.must("POST", voice_path(ann.room, "token-refresh"))
    again = await ann.reconnect(refreshed["media_token"])
    assert again.session == ann.session
    await is_heard(again, bea)
    await is_heard(bea, again)
    await again.close()


async def test_a_socket_that_broke_comes_back_with_a_fresh_offer(people, told):
    """Nobody is told anything, and the place in the room is the same."""
    ann, bea, carl = people
    await is_heard(ann, bea, carl)
    joined = [one["joined_at"] for one in await members(bea) if one["username"] == "ann"]
    for _ in range(3):
        ann.media.cut()
        await ann.peer.close()
        ann = await ann.reconnect(ann.token)
        await is_heard(ann, bea, carl)
        await is_heard(bea, ann)
    assert [one["joined_at"] for one in await members(bea) if one["username"] == "ann"] == joined
    # What comes after it shows that nothing was said before.
    await bea.account.must("POST", voice_path(bea.room, "leave"), status=204)
    await told.see("voice_state_update", lacks(bea.account))
    seen = told.all("voice_state_update")
    assert all(map(has(ann.account), seen)), seen
    await ann.close()


async def members(member):
    seen = await member.account.must("GET", f"/api/v1/rooms/{member.room}/voice")
    return seen["members"]


async def test_media_goes_on_without_its_socket(people):
    ann, bea, carl = people
    await is_heard(ann, bea)
    ann.media.cut()
    await is_heard(ann, bea, carl)
    await is_heard(bea, ann)


async def test_who_does_not_come_back_has_left(people, told):
    ann, bea, carl = people
    await is_heard(ann, bea)
    ann.media.cut()
    await ann.peer.close()
    await told.see("voice_state_update", lacks(ann.account))
    assert {one["username"] for one in await members(bea)} == {"bea", "carl"}
    refused = await Media.knock(ann.account.server, ann.url, ann.token)
    assert await refused.end() == 4004
    await is_heard(carl, bea)
