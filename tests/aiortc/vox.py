"""A client of Vox: goes in by REST, has its media by the socket that the reply names."""

import asyncio
import json

from aiohttp import WSMsgType

from gateway import hang_up
from marks import MarkingEncoder
from member import Member
from waiting import HANG_SECONDS, until


def voice_path(room, what):
    return f"/api/v1/rooms/{room}/voice/{what}"


def stage_path(room, what):
    return f"/api/v1/rooms/{room}/stage/{what}"


class Media:
    """One media socket. `events` asks the server to say who is where and who speaks, too."""

    def __init__(self, socket):
        self._socket = socket
        self._reader = None
        self.frames = []
        self.offers = 0

    @staticmethod
    async def knock(server, url, token, in_query=False, **more):
        """Connects and shows a token; waits for nothing."""
        address = f"{url}?token={token}" if in_query else url
        media = Media(await asyncio.wait_for(server.http.ws_connect(address), HANG_SECONDS))
        if not in_query:
            await media.say("auth", media_token=token, **more)
        media._reader = asyncio.create_task(media._read())
        return media

    @staticmethod
    async def open(server, url, token, **more):
        """With a token that has to be taken."""
        media = await Media.knock(server, url, token, **more)
        await media.see("ready")
        return media

    async def _read(self):
        async for message in self._socket:
            assert message.type == WSMsgType.TEXT, message
            self.frames.append(json.loads(message.data))

    async def say(self, kind, **more):
        await self._socket.send_json({"type": kind} | more)

    @property
    def session_id(self):
        return self.all("ready")[0]["session_id"]

    @property
    def over(self):
        return self._reader.done()

    @property
    def close_code(self):
        return self._socket.close_code

    def all(self, kind):
        return [frame for frame in self.frames if frame["type"] == kind]

    async def see(self, kind, before=0):
        """The first frame of a kind after the first `before` of them."""
        found = lambda: self.all(kind)[before:] or self.over  # noqa: E731
        await until(f"{kind} by the media socket", found, self.picture)
        assert self.all(kind)[before:], self.picture()
        return self.all(kind)[before]

    async def answer_to(self, offer):
        before = len(self.all("answer"))
        self.offers += 1
        await self.say("offer", sdp=offer)
        return (await self.see("answer", before))["sdp"]

    def slots(self):
        """Which section carries whom."""
        said = self.all("slots")
        return said[-1]["slots"] if said else []

    async def end(self):
        """Waits until the server closes it; the close code."""
        await until("the end of the media socket", lambda: self.over, self.picture)
        return self.close_code

    def picture(self):
        kinds = [frame["type"] for frame in self.frames]
        return self.over, self.close_code, kinds, self.all("error"), self.all("slots")[-1:]

    def cut(self):
        """Goes without a goodbye."""
        hang_up(self._socket)

    async def close(self):
        await self._socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)


class Voice(Member):
    """Somebody in a voice or stage room by Vox, whose packets are marked."""

    def __init__(self, account, room, joined):
        super().__init__(account, None)
        self.room = room
        self.url = joined["media_url"]
        self.token = joined["media_token"]
        self.media = None

    @staticmethod
    async def enter(account, room, mute=False, deaf=False):
        """In by REST, with no media yet."""
        body = {"self_mute": mute, "self_deaf": deaf}
        joined = await account.must("POST", voice_path(room, "join"), body)
        assert account.user_id in [one["user_id"] for one in joined["members"]], joined
        return Voice(account, room, joined)

    @staticmethod
    async def join(account, room, recording="0870", slots=3):
        """In, with the media path there."""
        member = await Voice.enter(account, room)
        await member.connect(recording, slots)
        return member

    async def connect(self, voice="0870", slots=3):
        """One media socket, one offer, one answer."""
        self.media = await Media.open(self.account.server, self.url, self.token, events=True)
        self.session = self.media.session_id
        await super().connect(voice, slots)

    async def reconnect(self, token, recording="0870"):
        """The same session with a socket and a connection of its own, in place of this one."""
        again = Voice(self.account, self.room, {"media_url": self.url, "media_token": token})
        await again.connect(recording)
        return again

    def _encoder(self):
        return MarkingEncoder(int(self.account.user_id))

    async def answer_to(self, offer):
        return await self.media.answer_to(offer)

    @property
    def worker(self):
        """Where the server has its media: the first two digits of the name that it has for ICE."""
        lines = self.peer.remoteDescription.sdp.splitlines()
        return next(line for line in lines if line.startswith("a=ice-ufrag:"))[12:14]

    async def sounds(self, account, loud=10):
        """Waits until so many loud frames of somebody are decoded, in whatever section they are."""

        def mid():
            users = {slot["user_id"]: slot["mid"] for slot in self.media.slots() if slot.get("user_id")}
            return users.get(account.user_id)

        await self.has_heard(account.name, mid, loud, self.media.picture)

    async def close(self):
        await super().close()
        await self.media.close()
