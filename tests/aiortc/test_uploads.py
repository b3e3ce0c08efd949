"""A recording that the holder of the speaker lock sends becomes a message."""

import asyncio
import io
import wave

import aiohttp
import pytest
import pytest_asyncio

from live_words import ready
from speech import FOLDER, LISTENING, RATE, pink_noise, silence, words_of, wrong_words
from talk import Talk, TalkSocket
from waiting import HANG_SECONDS

pytestmark = pytest.mark.environment(**LISTENING)


@pytest_asyncio.fixture
async def talks(server, owner, ann, bea):
    """Two in a talk room by STT Room's own join, without media."""
    await ready(server)
    room = (await owner.must("POST", "/api/v1/rooms", {"title": "Letters"}, status=201))["id"]
    for account in (ann, bea):
        await account.must("POST", Talk(account, room).path("join"), {})
    return Talk(ann, room), Talk(bea, room)


async def upload(talk, body, name="audio.webm", **more):
    """Status and answer; `body` may come bit by bit."""
    form = aiohttp.FormData()
    form.add_field("file", body, filename=name, content_type="audio/webm")
    headers = {"Authorization": f"Bearer {talk.account.token}"}
    server = talk.account.server
    request = server.http.post(server.url + talk.path("stt"), data=form, headers=headers, **more)
    async with asyncio.timeout(HANG_SECONDS), request as answer:
        return answer.status, await answer.json()


def wav(samples):
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


async def test_a_recording_becomes_a_message_for_both(talks, capsys):
    holder, other = talks
    sockets = [await TalkSocket.open(talk.account, talk.room) for talk in talks]
    await holder.acquire()
    status, answer = await upload(holder, (FOLDER / "jfk.mp3").read_bytes())
    assert status == 200 and answer["status"] == "final", answer
    wrong = wrong_words(answer["text"], words_of("jfk"))
    with capsys.disabled():
        print(f" [{wrong} wrong words, {answer['processing_time_ms']:.0f} ms]", end="")
    assert wrong <= 2, answer
    for socket in sockets:
        [message] = [(await socket.see("message.created"))["payload"]]
        assert message["message_id"] == answer["message_id"]
        assert (message["text"], message["status"]) == (answer["text"], "final")
        assert message["sender_user_id"] == holder.account.uuid
    [kept] = await other.messages()
    assert (kept["id"], kept["content_text"]) == (answer["message_id"], answer["text"])
    assert kept["meta_json"]["processing_time_ms"] == pytest.approx(answer["processing_time_ms"])
    assert "lock_lost" not in kept["meta_json"]
    await asyncio.gather(*(socket.close() for socket in sockets))


async def test_only_the_holder_may(talks):
    holder, other = talks
    await holder.acquire()
    recording = (FOLDER / "jfk.mp3").read_bytes()
    status, answer = await upload(other, recording)
    assert (status, answer["detail"]) == (403, "NOT_SPEAKER"), answer
    await holder.release()
    status, answer = await upload(holder, recording)
    assert (status, answer["detail"]) == (403, "NOT_SPEAKER"), answer
    assert await holder.messages() == []


async def test_what_comes_after_the_lock_moved_on_is_kept_and_marked(talks):
    holder, other = talks
    await holder.acquire()
    recording = (FOLDER / "jfk.mp3").read_bytes()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def halves():
        begun.set()
        yield recording[:20_000]
        await go_on.wait()
        yield recording[20_000:]

    # The server looks at the lock before it asks for the first byte.
    sending = asyncio.create_task(upload(holder, halves(), expect100=True))
    await asyncio.wait_for(begun.wait(), HANG_SECONDS)
    await holder.release()
    await other.acquire()
    go_on.set()
    status, answer = await sending
    assert status == 200, answer
    [kept] = await other.messages()
    assert kept["id"] == answer["message_id"]
    assert kept["sender_user_id"] == holder.account.uuid
    assert kept["meta_json"]["lock_lost"] is True


async def test_nothing_is_said_in_silence_and_noise(talks):
    holder, other = talks
    socket = await TalkSocket.open(other.account, other.room)
    await holder.acquire()
    for sound in (silence(3), pink_noise(3)):
        status, answer = await upload(holder, wav(sound), "audio.wav")
        assert (status, answer["text"], answer["message_id"]) == (200, "", None), answer
    for junk in (b"", b"no audio at all", b"RIFF\x00\x00\x00\x00WAVEjunk"):
        status, answer = await upload(holder, junk)
        assert (status, answer["code"]) == (415, "UNSUPPORTED_AUDIO"), answer
    assert socket.messages() == [] and await holder.messages() == []
    await socket.close()
