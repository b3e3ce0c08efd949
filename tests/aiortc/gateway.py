"""The gateway of Vox as its clients use it: identify, heartbeat, resume, in both envelopes."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType

from waiting import HANG_SECONDS, until

# The keys of what a message is and of what is in it: the public SDK's, and the seed's.
SDK = ("type", "d")
SEED = ("event", "data")
ENVELOPES = {"sdk": SDK, "seed": SEED}

# Frames that have no number.
UNNUMBERED = ("hello", "heartbeat_ack", "resumed", "error")


def hang_up(socket):
    """Ends a connection without a goodbye; what came and was not read is lost."""
    if socket._conn and socket._conn.transport:
        socket._conn.transport.abort()


@dataclass
class Frame:
    """A message of the server, whatever the envelope."""

    event: str
    data: Any
    seq: int | None


class Line:
    """One connection to the gateway: frames in, frames out."""

    def __init__(self, socket, envelope):
        self._socket = socket
        self._envelope = envelope
        self.hello = None

    @staticmethod
    async def open(account, envelope):
        """Connects where the server says its gateway is, and takes its hello."""
        where = await account.server.nobody.must("GET", "/api/v1/gateway")
        opening = account.server.http.ws_connect(where["url"], heartbeat=None)
        line = Line(await asyncio.wait_for(opening, HANG_SECONDS), envelope)
        line.hello = await asyncio.wait_for(line.next(), HANG_SECONDS)
        assert line.hello.event == "hello", line.hello
        return line

    async def next(self):
        """The next frame; None once the connection is at its end."""
        message = await self._socket.receive()
        if message.type != WSMsgType.TEXT:
            return None
        frame = json.loads(message.data)
        name, content = self._envelope
        if frame.get("event") != "hello":
            others = set(SDK + SEED) - {name, content}
            assert not others & set(frame), f"of the other envelope: {frame}"
        return Frame(frame[name], frame.get(content), frame.get("seq"))

    async def say(self, event, data):
        name, content = self._envelope
        await self._socket.send_json({name: event, content: data})

    @property
    def close_code(self):
        return self._socket.close_code

    def cut(self):
        hang_up(self._socket)

    async def close(self):
        await self._socket.close()


class Gateway:
    """One session of the gateway, over as many connections as it takes.

    `frames` is its history: what had a number, in order. A frame with another number than the next one
    is a fault, and so is one that is not known.
    """

    def __init__(self, account, envelope):
        self.account = account
        self.envelope = envelope
        self.frames = []
        # What came without a number, hello apart.
        self.others = []
        self.faults = []
        self.resumes = 0
        self._line = None
        self._tasks = []

    @staticmethod
    async def open(account, envelope=SDK):
        """Identifies, which has to work."""
        gateway = Gateway(account, envelope)
        line = await Line.open(account, envelope)
        identify = {"token": account.token, "protocol_version": 1, "capabilities": []}
        await line.say("identify", identify)
        gateway._follow(line)
        await gateway.see("ready")
        return gateway

    @property
    def session_id(self):
        return self.frames[0].data["session_id"]

    @property
    def last_seq(self):
        return self.frames[-1].seq

    @property
    def close_code(self):
        """Why the newest connection is at its end."""
        return self._line.close_code

    @property
    def over(self):
        """Whether the newest connection is at its end."""
        return self._tasks[0].done()

    def _follow(self, line):
        self._line = line
        self._tasks = [
            asyncio.create_task(self._read(line)),
            asyncio.create_task(self._live(line)),
        ]

    async def _read(self, line):
        try:
            while (frame := await line.next()) is not None:
                self._take(frame)
        except Exception as fault:  # A test asks for them in the end.
            self.faults.append(repr(fault))

    def _take(self, frame):
        if frame.event in UNNUMBERED:
            assert frame.seq is None, frame
            self.others.append(frame)
            return
        expected = len(self.frames) + 1
        if frame.seq != expected:
            self.faults.append(f"{frame.seq} instead of {expected}: {frame}")
        self.frames.append(frame)

    async def _live(self, line):
        """A client that follows the rules."""
        seconds = line.hello.data["heartbeat_interval"] / 1000
        while True:
            await asyncio.sleep(seconds * 0.8)
            await line.say("heartbeat", {})

    async def say(self, event, data):
        await self._line.say(event, data)

    def all(self, event):
        return [frame.data for frame in self.frames if frame.event == event]

    async def see(self, event, fits=lambda data: True):
        """Waits for an event, and returns the content of the first that fits."""
        found = lambda: next((one for one in self.all(event) if fits(one)), None)  # noqa: E731
        return await until(f"{event} at {self.account.name}", found, self.picture)

    def count(self, event):
        return len(self.all(event))

    async def see_next(self, event, before, fits=lambda data: True):
        """The first that fits of those after the first `before` of this kind."""
        found = lambda: next((one for one in self.all(event)[before:] if fits(one)), None)  # noqa: E731
        return await until(f"{event} at {self.account.name}", found, self.picture)

    def picture(self):
        return self.over, self.close_code, self.faults, self.others[-5:], self.frames[-10:]

    async def let_go(self):
        """Reads nothing any more, and says nothing: what comes now is lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self):
        """Goes without a goodbye, in the middle of whatever comes."""
        self._line.cut()
        await self.let_go()

    async def resume(self):
        """Goes on in a new connection where the history ends; has to work. The one before may be open."""
        old, line = self._line, await Line.open(self.account, self.envelope)
        await self.let_go()
        data = {
            "token": self.account.token,
            "session_id": self.session_id,
            "last_seq": self.last_seq,
        }
        await line.say("resume", data)
        self._follow(line)
        self.resumes += 1
        resumed = lambda: [one for one in self.others if one.event == "resumed"]  # noqa: E731
        done = lambda: len(resumed()) >= self.resumes  # noqa: E731
        await until("resumed", lambda: done() or self.over, self.picture)
        assert done(), self.picture()
        old.cut()

    async def end(self):
        """Waits until the server closes the connection; its close code."""
        await until("the end of the gateway", lambda: self.over, self.picture)
        return self.close_code

    async def close(self):
        """Goes, with a goodbye. Its history has to be without a fault."""
        await self.let_go()
        await self._line.close()
        assert not self.faults, self.faults
