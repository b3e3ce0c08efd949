"""The event stream of one session, read as server-sent events."""

import asyncio
import json

import aiohttp

from waiting import HANG_SECONDS, until


class EventStream:
    """Everything the server said, in order.

    `closed` once the server has ended the stream properly, `broken` once it went without a word.
    """

    def __init__(self):
        self.events = []
        self.closed = False
        self.broken = False
        self._reader = None
        self._response = None

    @staticmethod
    async def open(account, session, after=None):
        """Opens a stream that has to be granted, and waits for nothing."""
        stream = EventStream()
        query = {"token": account.token} | ({} if after is None else {"after": str(after)})
        url = f"{account.server.url}/voice/sessions/{session}/events"
        request = account.server.http.get(
            url, params=query, headers={"Accept": "text/event-stream"}
        )
        stream._response = await asyncio.wait_for(request, HANG_SECONDS)
        assert stream._response.status == 200, await stream._response.text()
        assert stream._response.content_type == "text/event-stream"
        stream._reader = asyncio.create_task(stream._read())
        return stream

    async def _read(self):
        try:
            await self._read_blocks()
            self.closed = True
        except aiohttp.ClientError:
            self.broken = True

    async def _read_blocks(self):
        data = []
        async for line in self._response.content:
            text = line.decode().rstrip("\r\n")
            if text.startswith("data:"):
                data.append(text[5:].lstrip())
            elif not text and data:
                self.events.append(json.loads("\n".join(data)))
                data = []

    def all(self, kind):
        return [event for event in self.events if event["type"] == kind]

    async def see(self, kind, fits=lambda event: True):
        """Waits for an event, and returns the first that fits."""
        found = lambda: next((one for one in self.all(kind) if fits(one)), None)  # noqa: E731
        return await until(f"the event {kind}", found, lambda: self.events[-20:])

    async def end(self):
        """Waits until the server closes the stream."""
        shown = lambda: (self.broken, self.events[-20:])  # noqa: E731
        await until("the end of the stream", lambda: self.closed, shown)

    async def close(self):
        """Hangs up."""
        self._response.close()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
