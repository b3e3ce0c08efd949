"""What is said in a room is written down, live, and under the right name."""

import asyncio

import pytest
import pytest_asyncio

from live_words import ready
from member import Member
from microphone import Microphone
from speech import (
    LISTENING,
    pink_noise,
    recording,
    silence,
    spoken,
    tone,
    words_of,
    wrong_words,
)
from streams import EventStream
from talk import Talk, TalkSocket, seconds
from waiting import until

pytestmark = pytest.mark.environment(**LISTENING)

# Wrong words of all words. Live speech is cut into pieces, which models read worse than the whole.
WRONG_MAX = 0.25


@pytest_asyncio.fixture
async def listening(server):
    """The server once its model is loaded."""
    await ready(server)


class Speaker:
    """Somebody in the room with a microphone that says what it is told to."""

    def __init__(self, account, member):
        self.account = account
        self.member = member

    @staticmethod
    async def join(account, room):
        return Speaker(account, await Member.join(account, room, voice=Microphone()))

    async def says(self, *sounds):
        """Says it all, with a pause after it; the server has got it when this returns."""
        for sound in (*sounds, silence(0.5)):
            await self.member.microphone.say(sound)
        await self.member.wire.flush()


@pytest_asyncio.fixture
async def speakers(listening, room, ann, bea):
    both = await asyncio.gather(Speaker.join(ann, room), Speaker.join(bea, room))
    yield both
    await asyncio.gather(*(speaker.member.close() for speaker in both))


@pytest_asyncio.fixture
async def socket(speakers, room, ann):
    open_socket = await TalkSocket.open(ann, room)
    yield open_socket
    await open_socket.close()


async def switch(owner, room, on):
    changed = await owner.must("PATCH", f"/api/v1/rooms/{room}", {"captions": on})
    assert changed["captions"] is on


async def is_written(socket, account, clip):
    """The last words of the clip are final under this name, and few of all are wrong."""
    words = words_of(clip)

    def well():
        text = socket.text(account.uuid)
        ends = spoken(text)[-2:] == words[-2:]
        return ends and wrong_words(text, words) <= WRONG_MAX * len(words)

    await until(f"the words of {clip}", well, socket.messages)
    return wrong_words(socket.text(account.uuid), words), len(words)


async def test_two_speak_at_once_and_each_is_written_down_by_name(
    owner, room, ann, bea, speakers, socket, capsys
):
    stream = await EventStream.open(bea, speakers[1].member.session)
    await switch(owner, room, True)
    await stream.see("room.updated", lambda event: event["captions"] is True)
    await asyncio.gather(speakers[0].says(recording("jfk")), speakers[1].says(recording("0870")))
    counts = await asyncio.gather(
        is_written(socket, ann, "jfk"), is_written(socket, bea, "0870")
    )
    with capsys.disabled():
        print(f" [wrong words live: jfk {counts[0]}, 0870 {counts[1]}]", end="")

    said = [
        (one["message_id"], one["sender_user_id"], one["text"], one["status"])
        for one in socket.messages()
    ]
    captions = lambda: [  # noqa: E731
        (one["message_id"], one["user_id"], one["text"], one["status"])
        for one in stream.all("caption")
    ]
    await until("the same captions in the event stream", lambda: captions() == said, captions)
    for account in (ann, bea):
        mine = [one for one in said if one[1] == account.uuid]
        assert mine[0][3] == "partial", mine
        for message in {one[0] for one in mine}:
            states = [one[3] for one in mine if one[0] == message]
            # Once it is final, only a better final may follow.
            assert states == sorted(states, reverse=True) and states[-1] == "final", mine
    assert {one[1] for one in said} == {ann.uuid, bea.uuid}

    # The finals are the history.
    history = await Talk(bea, room).messages()
    assert [(one["id"], one["content_text"], one["status"]) for one in history] == [
        (one["message_id"], one["text"], "final") for one in socket.finals()
    ]
    assert {one["sender_email"] for one in history} == {"ann", "bea"}
    await stream.close()


async def test_nothing_is_written_down_while_captions_are_off(owner, room, ann, speakers, socket):
    speaker, _ = speakers
    # A voice room begins without them.
    await speaker.says(recording("0880"))
    await switch(owner, room, True)
    await speaker.says(recording("goforward"))
    await is_written(socket, ann, "goforward")
    before = socket.messages()

    await switch(owner, room, False)
    await speaker.says(recording("0930"))
    assert socket.messages() == before
    # A speaker's words come in order: these would be there before the next ones.
    await switch(owner, room, True)
    await speaker.says(recording("0880"))
    known = {one["message_id"] for one in before}
    later = lambda: " ".join(  # noqa: E731
        one["text"] for one in socket.finals() if one["message_id"] not in known
    )
    await until("the next words", lambda: "young man" in later().lower(), socket.messages)
    words = words_of("0880")
    assert wrong_words(later(), words) <= WRONG_MAX * len(words), later()
    assert len(await Talk(ann, room).messages()) == len(socket.finals())


async def test_sounds_without_words_give_no_message(owner, room, ann, speakers, socket):
    speaker, _ = speakers
    await switch(owner, room, True)
    pause = silence(1)
    for sound in (silence(3), tone(3, hertz=440), pink_noise(3)):
        await speaker.says(pause, sound, pause)
    assert socket.messages() == []
    # A speaker's words come in order: anything of before would come first.
    began = speaker.member.microphone.now()
    await speaker.says(recording("0930"))
    await is_written(socket, ann, "0930")
    early = [one for one in socket.messages() if seconds(one["created_at"]) < began]
    assert early == []


async def test_captions_belong_to_who_holds_the_lock(owner, listening, ann, bea):
    """In a talk room they are on from the beginning, and only the holder is written down."""
    room = (await owner.must("POST", "/api/v1/rooms", {"title": "Two"}, status=201))["id"]
    first, second = await asyncio.gather(Speaker.join(ann, room), Speaker.join(bea, room))
    socket = await TalkSocket.open(bea, room)
    talk = Talk(ann, room)
    await talk.acquire()
    await asyncio.gather(first.says(recording("0880")), second.says(recording("0930")))
    # Released in the middle of nothing: what was said is final at once.
    await talk.release()
    await is_written(socket, ann, "0880")
    assert {one["sender_user_id"] for one in socket.messages()} == {ann.uuid}
    await Talk(bea, room).acquire()
    await asyncio.gather(first.says(recording("0890")), second.says(recording("0930")))
    await is_written(socket, bea, "0930")
    assert wrong_words(socket.text(ann.uuid), words_of("0880")) <= 2
    await asyncio.gather(first.member.close(), second.member.close(), socket.close())


async def test_who_lets_go_in_the_middle_is_cut_there(owner, listening, ann, bea):
    """Words after the release are not written down, words before it are."""
    room = (await owner.must("POST", "/api/v1/rooms", {"title": "Two"}, status=201))["id"]
    first, second = await asyncio.gather(Speaker.join(ann, room), Speaker.join(bea, room))
    socket = await TalkSocket.open(bea, room)
    talk = Talk(ann, room)
    await talk.acquire()
    saying = asyncio.create_task(first.says(recording("jfk")))
    begun = lambda: "fellow americans" in socket.messages()[-1]["text"].lower()  # noqa: E731
    await until("the first words", lambda: socket.messages() and begun(), socket.messages)
    await talk.release()
    done = lambda: socket.messages()[-1]["status"] == "final"  # noqa: E731
    await until("the final text", done, socket.messages)
    await saying
    # The next words of hers follow whatever was left.
    await talk.acquire()
    await first.says(recording("goforward"))
    await until("the next words", lambda: "meters" in socket.text(ann.uuid).lower(), socket.messages)
    text = " ".join(spoken(socket.text(ann.uuid)))
    assert text.startswith("and so my fellow americans") and "for your country" not in text, text
    await asyncio.gather(first.member.close(), second.member.close(), socket.close())
