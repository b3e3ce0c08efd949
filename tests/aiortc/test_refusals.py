"""Bad input gets the right answer, in the Voice Service's error shape, and does no harm."""

import uuid

import aiohttp
import pytest

from member import Member

SOME_ID = str(uuid.uuid4())


async def refused(account, status, method, path, body=None, **more):
    """The request has to be refused so, with {"error": "text"}."""
    got, answer = await account.call(method, path, body, **more)
    assert got == status, f"{method} {path}: {got} {answer}"
    assert list(answer) == ["error"] and isinstance(answer["error"], str), answer
    assert answer["error"]


async def no_events(account, session, status):
    path = f"/voice/sessions/{session}/events?token={account.token}"
    await refused(account, status, "GET", path, accept="text/event-stream")


async def signal(account, session, status, **message):
    await refused(account, status, "POST", "/voice/signal", {"session_id": session} | message)


async def test_offers_that_are_none(room, ann):
    session = await ann.join(room)
    await signal(ann, session, 400, type="offer", sdp="hello")
    await signal(ann, session, 400, type="offer", sdp="")
    await signal(ann, session, 400, type="offer", sdp="v=0\r\n" * 30_000)
    await signal(ann, session, 400, type="offer", sdp="v=0\r\nm=audio 9 X Y\r\n\0\0")
    await signal(ann, session, 400, type="offer")
    await signal(ann, session, 400, type="answer", sdp="v=0\r\n")
    await signal(ann, session, 400, type="dance")
    await signal(ann, session, 413, type="offer", sdp="x" * 1_000_000)
    # The session is as good as before.
    member = Member(ann, session)
    await member.connect()
    await member.close()


async def test_an_offer_cut_short_anywhere_is_answered(room, ann):
    """Each piece of a real offer gets 200 or 400, never a fault."""
    probe = Member(ann, await ann.join(room))
    probe.peer.addTransceiver("audio", direction="recvonly")
    await probe.peer.setLocalDescription(await probe.peer.createOffer())
    sdp = probe.peer.localDescription.sdp
    for length in range(0, len(sdp), 97):
        body = {"session_id": probe.session, "type": "offer", "sdp": sdp[:length]}
        status, answer = await ann.call("POST", "/voice/signal", body)
        assert status in (200, 400), f"{length}: {status} {answer}"
    await probe.close()


async def test_candidates(room, ann):
    session = await ann.join(room)
    member = Member(ann, session)
    await member.connect()
    end = await member.signal(type="ice", candidate=None)
    assert (end["session_id"], end["type"]) == (session, "ice")
    hidden = "candidate:1 1 udp 2113937151 4d1f5f1e-0d5f-4c9c-8f1e-1c1d1e1f1a1b.local 50000 typ host"
    named = {"candidate": hidden, "sdpMid": "0", "sdpMLineIndex": 0}
    assert (await member.signal(type="ice", candidate=named))["type"] == "ice"
    await member.close()


async def test_sessions_that_are_none(room, ann):
    await refused(ann, 404, "PATCH", "/voice/state", {"session_id": SOME_ID, "mute": True})
    await refused(ann, 404, "POST", "/voice/leave", {"session_id": SOME_ID})
    await signal(ann, SOME_ID, 404, type="ice", candidate=None)
    await no_events(ann, SOME_ID, 404)
    await refused(ann, 400, "POST", "/voice/leave", {"session_id": "not an id"})


async def test_sessions_of_somebody_else(room, ann, bea):
    session = await ann.join(room)
    await refused(bea, 403, "PATCH", "/voice/state", {"session_id": session, "mute": True})
    await refused(bea, 403, "POST", "/voice/leave", {"session_id": session})
    await signal(bea, session, 403, type="ice", candidate=None)
    await signal(bea, session, 403, type="offer", sdp="v=0\r\n")
    await no_events(bea, session, 403)
    assert [one["mute"] for one in await ann.participants(room)] == [False]


async def test_event_sockets_are_refused_before_the_upgrade(server, room, ann, bea):
    session = await ann.join(room)
    for name, token, status in [
        (session, bea.token, 403),
        (SOME_ID, ann.token, 404),
        (session, "x.y.z", 401),
        (session, "", 401),
    ]:
        url = f"{server.url}/voice/sessions/{name}/events?token={token}"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await server.http.ws_connect(url)
        assert refusal.value.status == status


async def test_leaving_twice(room, ann):
    session = await ann.join(room)
    await ann.must("POST", "/voice/leave", {"session_id": session}, status=204)
    await refused(ann, 404, "POST", "/voice/leave", {"session_id": session})
    assert await ann.participants(room) == []


async def test_channels_that_are_none(ann):
    await refused(ann, 404, "POST", "/voice/join", {"channel_id": SOME_ID})
    await refused(ann, 404, "POST", "/voice/join", {"channel_id": "4242"})
    await refused(ann, 404, "GET", f"/voice/channels/{SOME_ID}/participants")
    await refused(ann, 400, "POST", "/voice/join", {"channel_id": "the kitchen"})


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "7", "null", '"x"', "{}", '{"channel_id": null}', '{"channel_id": {"a": 1}}',
     '{"channel_id": "1", "mute": "yes"}', "[" * 10_000, "\x00", '{"channel_id": "1"'],
)  # fmt: skip
async def test_bodies_that_are_none(ann, body):
    await refused(ann, 400, "POST", "/voice/join", data=body)


async def test_bodies_that_are_too_long(ann):
    await refused(ann, 413, "POST", "/voice/join", {"channel_id": "1" * 100_000})


async def test_paths_that_are_none(ann):
    for path in ("/voice/nothing", "/api/v1/nothing"):
        status, answer = await ann.call("GET", path)
        assert status == 404 and "error" in answer, f"{path}: {status} {answer}"
