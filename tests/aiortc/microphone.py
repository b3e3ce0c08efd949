"""A microphone that says what it is told to, and is silent before and after."""

import asyncio
import fractions
import time
from collections import deque

import numpy
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from speech import RATE

# 20 ms, as Opus has it.
FRAME = RATE // 50


class Microphone(MediaStreamTrack):
    """Sends a packet every 20 ms, also of silence."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.frames = 0
        self._pending = deque()
        self._began = None

    def say(self, samples):
        """Says something after what it has to say already; a future that is done once it is said."""
        said = asyncio.get_running_loop().create_future()
        whole = -(-len(samples) // FRAME) * FRAME
        self._pending.append((numpy.pad(samples, (0, whole - len(samples))), said))
        return said

    def now(self):
        """The time, as Unix seconds, of what is being said: a busy machine may be behind."""
        behind = time.monotonic() - (self._began + self.frames * FRAME / RATE)
        return time.time() - behind

    async def recv(self):
        if self.readyState != "live":
            raise MediaStreamError
        self._began = self._began or time.monotonic()
        await asyncio.sleep(self._began + self.frames * FRAME / RATE - time.monotonic())
        frame = AudioFrame.from_ndarray(self._next().reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.time_base = fractions.Fraction(1, RATE)
        frame.pts = self.frames * FRAME
        self.frames += 1
        return frame

    def _next(self):
        if not self._pending:
            return numpy.zeros(FRAME, numpy.int16)
        samples, said = self._pending.popleft()
        now, later = samples[:FRAME], samples[FRAME:]
        if len(later):
            self._pending.appendleft((later, said))
        elif not said.done():
            said.set_result(None)
        return now
