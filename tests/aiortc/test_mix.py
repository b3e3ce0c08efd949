"""A client with one section for sound hears everybody who speaks, mixed, and never itself."""

import asyncio

import numpy

from aura import Call
from microphone import Microphone
from speech import RATE
from waiting import until

# Hz; of whom, by place.
NOTES = (400, 700, 1100, 1700)
# Of a 16-bit sample.
AMPLITUDE = 4000


class Tone(Microphone):
    """A microphone in front of a tuning fork."""

    def __init__(self, note):
        super().__init__()
        self.note = note

    def _next(self):
        at = numpy.arange(self.frames * 960, (self.frames + 1) * 960)
        return (AMPLITUDE * numpy.sin(2 * numpy.pi * self.note * at / RATE)).astype(numpy.int16)


def section(call):
    [only] = call.heard.values()
    return only


def notes(call):
    """Which notes are in the newest half second that a client has decoded."""
    newest = section(call).newest
    if len(newest) < newest.maxlen:
        return None
    # Two channels, interleaved: both have the same.
    samples = numpy.concatenate(newest)[::2]
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)))) * 4 / len(samples)
    hz = numpy.fft.rfftfreq(len(samples), 1 / RATE)
    near = lambda note: spectrum[numpy.abs(hz - note) < 20].max()  # noqa: E731
    return [place for place, note in enumerate(NOTES) if near(note) > AMPLITUDE / 8]


async def is_heard_as(call, *places):
    await until(f"the notes {places} at {call.call_id}", lambda: notes(call) == list(places), lambda: notes(call))


async def plays_on(call):
    """What a client is sent from now on is in its newest half second, and nothing else."""
    await call.drained()
    for _ in range(2):
        # What was sent before may still be waiting in the client's own buffer.
        section(call).newest.clear()
        await until("half a second of sound", lambda: notes(call) is not None)


async def test_who_speaks_at_once_is_heard_at_once(server, owner):
    body = {"room": {"name": "Choir", "open": True}}
    room = (await owner.must("POST", "/v1/rooms", body, status=201))["room"]["id"]
    admin = await Call.enter(server, room, "0", owner, Tone(NOTES[0]), 1)
    first = await Call.enter(server, room, "1", None, Tone(NOTES[1]), 1)
    second = await Call.enter(server, room, "2", None, Tone(NOTES[2]), 1)
    listener = await Call.enter(server, room, "3", None, None, 1)
    await is_heard_as(listener, 0, 1, 2)
    await is_heard_as(admin, 1, 2)
    await is_heard_as(first, 0, 2)
    await is_heard_as(second, 0, 1)
    await admin.ask("mute_member_audio", member="1")
    await plays_on(listener)
    assert notes(listener) == [0, 2]
    await admin.ask("unmute_member_audio", member="1")
    await is_heard_as(listener, 0, 1, 2)
    await asyncio.gather(*(one.close() for one in (admin, first, second, listener)))
