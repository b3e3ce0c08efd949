"""Sessions and their event streams: the seed's replies, replaced joins, resuming."""

from house import uuid_of
from streams import EventStream

PARTICIPANT = {
    "user_id", "username", "session_id", "mute", "deaf",
    "server_mute", "server_deaf", "speaking", "video", "screen", "via",
}  # fmt: skip


async def test_a_join_is_answered_as_documented(server, room, ann):
    answer = await ann.must("POST", "/voice/join", {"channel_id": room, "mute": True, "deaf": False})
    assert {"session_id", "server_endpoint", "ice_servers"} <= set(answer)
    host, port = answer["server_endpoint"].rsplit(":", 1)
    assert host and int(port) == server.media_port
    for one in answer["ice_servers"]:
        assert one["urls"] and all(isinstance(url, str) for url in one["urls"])
    session = answer["session_id"]
    state = await ann.must("PATCH", "/voice/state", {"session_id": session, "deaf": True})
    assert {"channel_id": uuid_of(room), "session_id": session}.items() <= state.items()
    flags = [state[name] for name in ("mute", "deaf", "server_mute", "server_deaf")]
    assert flags == [True, True, False, False]
    [seen] = await ann.participants(room)
    assert PARTICIPANT <= set(seen)
    assert (seen["user_id"], seen["username"]) == (uuid_of(ann.user_id), "ann")
    assert (seen["mute"], seen["deaf"], seen["speaking"]) == (True, True, False)


async def test_a_channel_may_be_named_in_both_forms(room, ann, bea):
    await ann.join(room)
    await bea.join(uuid_of(room))
    for form in (room, uuid_of(room)):
        assert {one["username"] for one in await ann.participants(form)} == {"ann", "bea"}


async def test_joining_again_replaces_the_session_and_nobody_is_told(room, ann, bea):
    stream = await EventStream.open(bea, await bea.join(room))
    first = await ann.join(room)
    at_first = await EventStream.open(ann, first)
    second = await ann.join(room)
    assert second != first
    assert (await at_first.see("ended"))["reason"] == "replaced"
    await at_first.end()
    status, _ = await ann.call("PATCH", "/voice/state", {"session_id": first, "mute": True})
    assert status == 404
    await ann.must("PATCH", "/voice/state", {"session_id": second, "mute": True})
    await stream.see("member.updated", lambda event: event["mute"])
    assert len(stream.all("member.joined")) == 1
    assert stream.all("member.left") == []
    await stream.close()


async def test_another_channel_ends_the_session_in_the_first(owner, room, ann, bea):
    stream = await EventStream.open(bea, await bea.join(room))
    first = await ann.join(room)
    at_first = await EventStream.open(ann, first)
    await ann.join(await owner.make_room("Next door"))
    await at_first.see("ended")
    await at_first.end()
    left = await stream.see("member.left")
    assert left["user_id"] == uuid_of(ann.user_id)
    assert [one["username"] for one in await bea.participants(room)] == ["bea"]
    await stream.close()


async def test_a_stream_resumes_where_it_broke_off(room, ann, bea):
    session = await ann.join(room)
    stream = await EventStream.open(ann, session)
    state = await stream.see("state")
    assert state["channel_id"] == uuid_of(room)
    assert [one["username"] for one in state["participants"]] == ["ann"]
    other = await bea.join(room)
    last = (await stream.see("member.joined"))["seq"]
    await stream.close()

    await bea.must("PATCH", "/voice/state", {"session_id": other, "mute": True})
    await bea.must("POST", "/voice/leave", {"session_id": other}, status=204)
    again = await EventStream.open(ann, session, after=last)
    await again.see("member.left")
    await bea.join(room)
    await again.see("member.joined")
    kinds = [one["type"] for one in again.events if one["type"].startswith(("member.", "state"))]
    assert kinds == ["member.updated", "member.left", "member.joined"]
    numbers = [one["seq"] for one in again.events]
    assert numbers == sorted(set(numbers)) and numbers[0] > last
    await again.close()


async def test_a_stream_that_cannot_resume_starts_afresh(room, ann):
    session = await ann.join(room)
    stream = await EventStream.open(ann, session, after=10**9)
    first = await stream.see("state")
    assert stream.events[0] is first
    await stream.close()


async def test_the_same_events_by_socket(server, room, ann, bea):
    session = await ann.join(room)
    url = f"{server.url}/voice/sessions/{session}/events?token={ann.token}"
    async with server.http.ws_connect(url) as socket:
        assert (await socket.receive_json(timeout=30))["type"] == "state"
        await bea.join(room)
        joined = await socket.receive_json(timeout=30)
        assert (joined["type"], joined["username"]) == ("member.joined", "bea")
        assert PARTICIPANT <= set(joined)
        await socket.send_str("{")
        await socket.send_str('{"type": "dance"}')
        await socket.send_bytes(b"\x00\xff")
        await socket.send_str('{"type":"view","slots":[{"mid":"none","width":1,"height":-1}]}')
    # Whatever was said there did no harm to the session.
    await ann.must("PATCH", "/voice/state", {"session_id": session, "mute": True})


async def test_moderation_is_told(owner, room, ann, bea):
    session = await ann.join(room)
    stream = await EventStream.open(ann, session)
    at_bea = await EventStream.open(bea, await bea.join(room))
    path = f"/api/v1/rooms/{room}/voice"
    mute = {"user_id": ann.user_id, "muted": True}
    status, answer = await bea.call("POST", f"{path}/mute", mute)
    assert status == 403 and answer["error"]["missing_permission"] == "MUTE_MEMBERS", answer
    await owner.must("POST", f"{path}/mute", mute, status=204)
    changed = await at_bea.see("member.updated")
    assert (changed["user_id"], changed["server_mute"]) == (uuid_of(ann.user_id), True)
    await owner.must("POST", f"{path}/kick", {"user_id": ann.user_id}, status=204)
    await stream.see("kicked")
    await stream.end()
    status, _ = await ann.call("PATCH", "/voice/state", {"session_id": session, "mute": False})
    assert status == 404
    # A server mute outlives the membership.
    await ann.join(room)
    seen = {one["username"]: one["server_mute"] for one in await bea.participants(room)}
    assert seen == {"ann": True, "bea": False}
    await at_bea.close()


async def test_a_deleted_channel_ends_its_sessions(owner, room, ann):
    stream = await EventStream.open(ann, await ann.join(room))
    await owner.must("DELETE", f"/api/v1/rooms/{room}", status=204)
    assert (await stream.see("ended"))["reason"] == "channel_deleted"
    await stream.end()
    status, _ = await ann.call("POST", "/voice/join", {"channel_id": room})
    assert status == 404
