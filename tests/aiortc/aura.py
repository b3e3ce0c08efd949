"""A client of Aura: one JSON-RPC socket, which rings, waits, joins and is told."""

import asyncio
import itertools
import json

from aiohttp import WSMsgType

from gateway import hang_up
from house import Account
from marks import MarkingEncoder
from member import Member
from waiting import HANG_SECONDS, until

# What stands for a guest in a mark: no account has such a number.
_guests = itertools.count(1)


class Refused(Exception):
    """An error that came in answer to a request."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]


class Call(Member):
    """One call, of an account or a guest, whose packets are marked."""

    def __init__(self, account, call_id):
        super().__init__(account, None)
        self.call_id = call_id
        self.token = None
        self.told = []
        self._socket = None
        self._reader = None
        self._answers = {}
        self._ids = itertools.count(1)

    @staticmethod
    async def open(server, call_id, account=None, kind=None):
        """A socket that says nothing yet, of this kind of call."""
        guest = account or Account(server, name=call_id, user_id=str(next(_guests)))
        call = (kind or Call)(guest, call_id)
        url = server.url.replace("http", "ws", 1) + "/"
        socket = server.http.ws_connect(url, protocols=("api",))
        call._socket = await asyncio.wait_for(socket, HANG_SECONDS)
        assert call._socket.protocol == "api"
        call._reader = asyncio.create_task(call._read())
        return call

    @staticmethod
    async def enter(server, room, call_id, account=None, recording="0870", slots=3):
        """In, with the media path there."""
        call = await Call.open(server, call_id, account)
        await call.ring(room)
        await call.connect(recording, slots)
        return call

    async def _read(self):
        async for message in self._socket:
            assert message.type == WSMsgType.TEXT, message
            frame = json.loads(message.data)
            if "method" in frame:
                self.told.append((frame["method"], frame["params"]))
            else:
                self._answers.pop(frame["id"]).set_result(frame)

    async def ask(self, method, **params):
        """The result of a request."""
        number = next(self._ids)
        self._answers[number] = asyncio.get_running_loop().create_future()
        answer = self._answers[number]
        await self._socket.send_json({"id": number, "method": method, "params": params})
        frame = await asyncio.wait_for(answer, HANG_SECONDS)
        if "error" in frame:
            raise Refused(frame["error"])
        return frame["result"]

    async def say(self, method, **params):
        """A notification, which is not answered."""
        await self._socket.send_json({"method": method, "params": params})

    async def ring(self, room):
        who = {"token": self.account.token} if self.account.token else {"display_name": self.call_id}
        result = await self.ask("authenticate", room=room, call_id=self.call_id, **who)
        self.token = result["auth_token"]

    async def answer_to(self, offer):
        return (await self.ask("join_room", sdp=offer, auth_token=self.token))["sdp"]

    def all(self, method):
        return [params for told, params in self.told if told == method]

    async def see(self, method, before=0):
        """The params of the first notification of a kind after the first `before` of them."""
        await until(f"{method} for {self.call_id}", lambda: self.all(method)[before:], self.picture)
        return self.all(method)[before]

    async def allowed(self):
        """Takes the token that an admin's word brings."""
        self.token = (await self.see("member_allowed"))["auth_token"]

    def _encoder(self):
        return MarkingEncoder(int(self.account.user_id))

    def picture(self):
        return super().picture(), [told for told, _ in self.told][-20:]

    def cut(self):
        """The socket goes without a goodbye."""
        hang_up(self._socket)

    async def close(self):
        await super().close()
        await self._socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)
