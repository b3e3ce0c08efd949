"""The speaker lock, the messages and the socket of a room, as clients of STT Room have them."""

import asyncio
import json
import time
from datetime import datetime

from house import uuid_of
from waiting import HANG_SECONDS, until


class Talk:
    """One room as one account uses it. The room's id may have either form."""

    def __init__(self, account, room):
        self.account = account
        self.room = room if "-" in room else uuid_of(room)

    def path(self, what):
        return f"/api/v1/rooms/{self.room}/{what}"

    async def speaker(self, what):
        """Status and body of `acquire`, `release` or `heartbeat`."""
        return await self.account.call("POST", self.path(f"speaker/{what}"))

    async def acquire(self):
        """Has to be granted; its end as Unix seconds."""
        status, body = await self.speaker("acquire")
        assert status == 200 and body["current_speaker_user_id"] == self.account.uuid, body
        return seconds(body["expires_at"])

    async def release(self):
        assert await self.speaker("release") == (200, {"released": True})

    async def messages(self):
        return await self.account.must("GET", self.path("messages"))


def seconds(rfc3339):
    return datetime.fromisoformat(rfc3339).timestamp()


class TalkSocket:
    """Everything the socket said, in order, each with the time of its arrival in `arrived`."""

    def __init__(self):
        self.frames = []
        self.close_code = None
        self._socket = None
        self._reader = None

    @staticmethod
    async def open(account, room):
        """Opens it and waits for the first frame: who speaks."""
        socket = TalkSocket()
        url = f"{account.server.url}/ws/rooms/{Talk(account, room).room}"
        opening = account.server.http.ws_connect(url, params={"token": account.token})
        socket._socket = await asyncio.wait_for(opening, HANG_SECONDS)
        socket._reader = asyncio.create_task(socket._read())
        await socket.see("speaker.changed")
        return socket

    async def _read(self):
        async for message in self._socket:
            self.frames.append(json.loads(message.data) | {"arrived": time.time()})
        self.close_code = self._socket.close_code

    def all(self, kind):
        return [frame for frame in self.frames if frame["type"] == kind]

    async def see(self, kind, fits=lambda payload: True):
        """Waits for an event, and returns the first whose payload fits."""
        found = lambda: next((one for one in self.all(kind) if fits(one["payload"])), None)  # noqa: E731
        shown = lambda: (self.close_code, self.frames[-20:])  # noqa: E731
        return await until(f"the event {kind}", found, shown)

    def messages(self):
        """Every text so far, also those that were replaced."""
        return [frame["payload"] for frame in self.all("message.created")]

    def finals(self, user=None):
        """What stands in the end, oldest first."""
        last = {one["message_id"]: one for one in self.messages() if one["status"] == "final"}
        said = [one for one in last.values() if one["text"]]
        mine = [one for one in said if user in (None, one["sender_user_id"])]
        return sorted(mine, key=lambda one: one["created_at"])

    def text(self, user=None):
        return " ".join(one["text"] for one in self.finals(user))

    async def close(self):
        await self._socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)
