"""The platform around the Voice Service: its tokens, its channels, its users, under its own ids."""

import time
import uuid

import jwt

from house import Account, Server
from streams import EventStream

SECRET = "the secret of the platform around this server"


def user_of_platform(server, name):
    """An account that the server has never heard of."""
    now = int(time.time())
    user_id = str(uuid.uuid4())
    claims = {"sub": user_id, "username": name, "iat": now, "exp": now + 600}
    return Account(server, jwt.encode(claims, SECRET, "HS256"), name, user_id)


async def test_channels_and_users_of_the_platform_keep_their_ids():
    server = Server(JWT_SECRET=SECRET)
    try:
        await server.start()
        ann, bob = user_of_platform(server, "ann"), user_of_platform(server, "bob")
        channel = str(uuid.uuid4())
        session = await ann.join(channel)
        stream = await EventStream.open(ann, session)
        state = await stream.see("state")
        assert state["channel_id"] == channel
        assert [one["user_id"] for one in state["participants"]] == [ann.user_id]

        change = {"session_id": session, "mute": True}
        changed = await ann.must("PATCH", "/voice/state", change)
        assert (changed["channel_id"], changed["mute"]) == (channel, True)

        other = await bob.join(channel)
        joined = await stream.see("member.joined")
        assert (joined["user_id"], joined["username"]) == (bob.user_id, "bob")
        seen = await bob.participants(channel)
        assert {one["user_id"] for one in seen} == {ann.user_id, bob.user_id}

        await bob.must("POST", "/voice/leave", {"session_id": other}, status=204)
        left = await stream.see("member.left")
        assert left["user_id"] == bob.user_id
        await stream.close()

        own = await Account.register(server, "carl")
        status, _ = await own.call("POST", "/voice/join", {"channel_id": str(uuid.uuid4())})
        assert status == 404
        await server.check()
    finally:
        await server.remove()


async def test_a_channel_of_the_platform_is_the_same_after_a_restart():
    server = Server(JWT_SECRET=SECRET)
    try:
        await server.start()
        ann, channel = user_of_platform(server, "ann"), str(uuid.uuid4())
        await ann.join(channel)
        await server.kill()
        await server.start()
        assert await ann.participants(channel) == []
        await ann.join(channel)
        assert [one["user_id"] for one in await ann.participants(channel)] == [ann.user_id]
        await server.check()
    finally:
        await server.remove()
