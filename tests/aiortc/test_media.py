"""Two programs that are no browsers hear each other through the server."""

import asyncio
import sys

from house import uuid_of
from member import Member
from streams import EventStream


async def test_two_members_hear_each_other(room, ann, bea):
    first, second = await asyncio.gather(
        Member.join(ann, room, voice="0870"), Member.join(bea, room, voice="0920")
    )
    at_first = await EventStream.open(ann, first.session)
    at_second = await EventStream.open(bea, second.session)
    try:
        await asyncio.gather(
            first.hears(at_first, uuid_of(bea.user_id)),
            second.hears(at_second, uuid_of(ann.user_id)),
        )
        started = await at_first.see(
            "speaking.started", lambda event: event["user_id"] == uuid_of(bea.user_id)
        )
        assert started["session_id"] == second.session
    finally:
        await asyncio.gather(first.close(), second.close(), at_first.close(), at_second.close())


async def test_a_second_offer_on_the_same_session_brings_a_new_connection(room, ann, bea):
    speaker = await Member.join(bea, room, voice="0920")
    first = await Member.join(ann, room)
    stream = await EventStream.open(ann, first.session)
    await first.hears(stream, uuid_of(bea.user_id))
    await first.close()
    again = Member(ann, first.session)
    await again.connect()
    try:
        await again.hears(stream, uuid_of(bea.user_id))
    finally:
        await asyncio.gather(again.close(), speaker.close(), stream.close())


async def test_who_vanishes_without_a_word_has_left_once(server, room, ann, bea):
    watcher = await ann.join(room)
    stream = await EventStream.open(ann, watcher)
    lost = await asyncio.create_subprocess_exec(
        sys.executable, "vanishing.py", server.url, bea.token, room, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert await lost.stdout.readline() == b"connected\n"
        await stream.see("speaking.started")
    finally:
        lost.kill()
        await lost.wait()
    left = await stream.see("member.left")
    assert (left["user_id"], left["reason"]) == (uuid_of(bea.user_id), "timeout")
    assert [one["username"] for one in await ann.participants(room)] == ["ann"]
    # What comes after it shows that nothing was said twice.
    await bea.join(room)
    await stream.see("member.joined", lambda event: event["seq"] > left["seq"])
    assert len(stream.all("member.left")) == 1
    await stream.close()
