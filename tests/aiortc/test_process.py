"""The process itself: what it says about itself, a stop that was asked for, and a crash."""

import asyncio
import time

from house import Account
from member import Member
from streams import EventStream
from waiting import HANG_SECONDS


async def test_it_says_how_it_is(server):
    nobody = Account(server)
    assert await nobody.must("GET", "/health") == {"status": "ok"}
    ready = await nobody.must("GET", "/ready")
    assert ready["ready"] is True and all(part["ready"] for part in ready["parts"])
    assert isinstance(await nobody.must("GET", "/metrics"), str)
    assert "/voice/join" in (await nobody.must("GET", "/openapi.json"))["paths"]
    assert (await nobody.must("GET", "/.well-known/jwks.json"))["keys"]
    for path in ("/", "/r/anything", "/settings"):
        accept = {"Accept": "text/html"}
        async with server.http.get(server.url + path, headers=accept) as page:
            assert page.status == 200 and page.content_type == "text/html", path


async def test_asked_to_stop_it_tells_everybody_and_goes(server, room, ann, bea, capsys):
    speaking = await Member.join(ann, room)
    streams = [
        await EventStream.open(ann, speaking.session),
        await EventStream.open(bea, await bea.join(room)),
    ]
    started = time.monotonic()
    server.ask_to_stop()
    for stream in streams:
        assert (await stream.see("ended"))["reason"] == "server_shutdown"
        await stream.end()
        assert stream.events[-1]["type"] == "ended"
    code = await asyncio.wait_for(server.process.wait(), HANG_SECONDS)
    with capsys.disabled():
        print(f" [stopped in {time.monotonic() - started:.2f} s]", end="")
    assert code == 0, server.log[-4000:]
    await speaking.close()
    # The same house opens again, and nobody is in it.
    await server.start()
    assert await ann.participants(room) == []


async def test_after_a_crash_nobody_is_a_ghost(server, room, ann, bea):
    speaking = await Member.join(ann, room)
    await EventStream.open(ann, speaking.session)
    quiet = await bea.join(room)
    await server.kill()
    await speaking.close()
    await server.start()
    assert await ann.participants(room) == []
    for account, session in ((ann, speaking.session), (bea, quiet)):
        status, _ = await account.call("PATCH", "/voice/state", {"session_id": session})
        assert status == 404
    again = await Member.join(ann, room)
    assert [one["session_id"] for one in await bea.participants(room)] == [again.session]
    await again.close()
