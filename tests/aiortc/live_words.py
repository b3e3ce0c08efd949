"""How well and how soon what is said live is written down: `live_words.py` prints one JSON row.

Two members speak at the same time in a voice room, through real Opus over a real media path. Used
by the bench; nothing is asserted.
"""

import asyncio
import json
import time

from house import Account, Server
from member import Member
from microphone import Microphone
from speech import CLIPS, LISTENING, recording, silence, words_of, wrong_words
from talk import TalkSocket
from waiting import until

# About as long as each other.
HALVES = (("two_cities", "goforward"), ("0870", "0880", "0890", "0920", "0930", "jfk"))
PAUSE_SECONDS = 2.0


async def ready(server):
    """Waits for the speech model."""

    async def listens():
        parts = (await server.nobody.must("GET", "/ready"))["parts"]
        return next(part["ready"] for part in parts if part["name"] == "speech")

    await until("the speech model", listens, lambda: server.log[-2000:])


class Half:
    """One speaker with some of the recordings."""

    def __init__(self, account, member, socket):
        self.account = account
        self.member = member
        self.socket = socket
        self.wrong = {}
        self.late = []

    @staticmethod
    async def join(server, room, name):
        account = await Account.register(server, name)
        member = await Member.join(account, room, voice=Microphone())
        return Half(account, member, await TalkSocket.open(account, room))

    def _mine(self):
        return [one for one in self.socket.finals(self.account.uuid)]

    async def say(self, clips):
        for clip in clips:
            known = {one["message_id"] for one in self._mine()}
            await self.member.microphone.say(recording(clip))
            ended = time.time()
            await self.member.microphone.say(silence(PAUSE_SECONDS))
            text = await self._settled(known)
            self.wrong[clip] = wrong_words(text, words_of(clip))
            arrived = [one["arrived"] for one in self.socket.all("message.created")
                       if one["payload"]["status"] == "final"
                       and one["payload"]["sender_user_id"] == self.account.uuid]  # fmt: skip
            self.late.append(arrived[-1] - ended)

    async def _settled(self, known):
        """What was said since, once nothing of it is a guess any more."""

        def all_final():
            last = {one["message_id"]: one["status"] for one in self.socket.messages()
                    if one["sender_user_id"] == self.account.uuid}  # fmt: skip
            new = [status for message, status in last.items() if message not in known]
            return new and set(new) == {"final"}

        await until("the final texts", all_final, self.socket.messages)
        return " ".join(one["text"] for one in self._mine() if one["message_id"] not in known)

    async def close(self):
        await asyncio.gather(self.member.close(), self.socket.close())


async def measure(server):
    """The row."""
    await ready(server)
    owner = await Account.register(server, "owner")
    room = await owner.make_room()
    await owner.must("PATCH", f"/api/v1/rooms/{room}", {"captions": True})
    halves = [await Half.join(server, room, name) for name in ("ann", "bea")]
    await asyncio.gather(*(half.say(clips) for half, clips in zip(halves, HALVES, strict=True)))
    partials = [one for one in halves[0].socket.messages() if one["status"] == "partial"]
    await asyncio.gather(*(half.close() for half in halves))
    wrong = {clip: count for half in halves for clip, count in half.wrong.items()}
    late = sorted(second for half in halves for second in half.late)
    words = sum(len(words_of(clip)) for clip in CLIPS)
    return {
        "clips": len(wrong),
        "words": words,
        "wrong_words": sum(wrong.values()),
        "word_error_rate": round(sum(wrong.values()) / words, 4),
        "partials": len(partials),
        "final_after_speech_p50_ms": round(late[len(late) // 2] * 1000),
        "final_after_speech_max_ms": round(late[-1] * 1000),
        **{f"wrong_{clip}": count for clip, count in wrong.items()},
    }


async def main():
    server = Server(**LISTENING)
    try:
        await server.start()
        row = await measure(server)
        await server.check()
    finally:
        await server.remove()
    print(json.dumps({"at": int(time.time()), **row}))


if __name__ == "__main__":
    asyncio.run(main())
