"""A member made of plain aiortc: no change of any SDP on its way."""

import asyncio
from collections import deque

import numpy
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError

from house import SPEECH
from marks import Marks
from waiting import HANG_SECONDS, until
from wire import Wire

# Of a 16-bit sample; speech is louder by far, decoded silence is below.
LOUD_RMS = 200


def looped(recording):
    return MediaPlayer(str(SPEECH / f"{recording}.wav"), loop=True).audio


class Heard:
    """What was decoded in one receiving section."""

    def __init__(self):
        self.frames = 0
        self.loud = 0
        # The newest half second.
        self.newest = deque(maxlen=25)


class Member:
    """One session with media: a microphone, and some slots to hear others.

    The microphone is a recording by name, which loops, or a track.
    """

    def __init__(self, account, session, configuration=None):
        self.account = account
        self.session = session
        self.peer = RTCPeerConnection(configuration)
        self.heard = {}
        self.microphone = None
        self.wire = None
        self.marks = None
        self.connected = asyncio.Event()
        self._readers = []

    @staticmethod
    async def join(account, channel, voice="0870", slots=3, **more):
        """Joins, offers, and waits until the media path is there."""
        member = Member(account, await account.join(channel, **more))
        await member.connect(voice, slots)
        return member

    async def connect(self, voice="0870", slots=3):
        """One offer, one answer."""
        if voice:
            self.microphone = voice if isinstance(voice, MediaStreamTrack) else looped(voice)
            sender = self.peer.addTransceiver(self.microphone, direction="sendonly").sender
            sender._RTCRtpSender__encoder = self._encoder()
        for _ in range(slots):
            self.peer.addTransceiver("audio", direction="recvonly")
        self.peer.on("connectionstatechange", self._state_changed)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        answer = await self.answer_to(self.peer.localDescription.sdp)
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        self.marks = Marks(self.peer)
        for transceiver in self.peer.getTransceivers():
            if transceiver.direction == "recvonly":
                self._listen(transceiver)
        await asyncio.wait_for(self.connected.wait(), HANG_SECONDS)
        self.wire = Wire(self.peer)

    def _encoder(self):
        """Makes the packets; aiortc finds one by itself if it is None."""
        return None

    async def answer_to(self, offer):
        """The server's answer to an SDP."""
        answer = await self.signal(type="offer", sdp=offer)
        assert answer["type"] == "answer"
        assert answer["session_id"] == self.session
        return answer["sdp"]

    async def signal(self, **message):
        body = {"session_id": self.session} | message
        return await self.account.must("POST", "/voice/signal", body)

    def sent(self):
        """RTP packets that went out."""
        return self.peer.getTransceivers()[0].sender._RTCRtpSender__packet_count

    async def drained(self):
        """What the server had sent to this member when this was called has been decrypted."""
        await self.wire.flush()
        newest = self.wire.newest
        await until("decryption", lambda: newest is None or self.marks.has(newest))

    def _state_changed(self):
        if self.peer.connectionState == "connected":
            self.connected.set()

    def _listen(self, transceiver):
        heard = self.heard[transceiver.mid] = Heard()
        task = asyncio.create_task(self._decode(transceiver.receiver.track, heard))
        self._readers.append(task)

    async def _decode(self, track, heard):
        try:
            while True:
                frame = await track.recv()
                samples = frame.to_ndarray().astype(numpy.float64)
                heard.frames += 1
                heard.newest.append(samples[0])
                heard.loud += float(numpy.sqrt((samples * samples).mean())) > LOUD_RMS
        except MediaStreamError:
            return

    async def hears(self, stream, user_id, loud=50):
        """Waits until so many loud frames of somebody are decoded, from now on.

        `stream` is the event stream of this session: it says which section carries whom.
        """

        def slots():
            said = [one["slots"] for one in stream.events if "slots" in one]
            return said[-1] if said else []

        def mid():
            return next((slot["mid"] for slot in slots() if slot["user_id"] == user_id), None)

        await self.has_heard(user_id, mid, loud, lambda: stream.events)

    async def has_heard(self, name, mid, loud, shown):
        """So many loud frames are decoded from now on in the section that `mid` tells at that time."""
        before = {}

        def heard():
            section = mid()
            if section is None:
                return False
            start = before.setdefault(section, self.heard[section].loud)
            return self.heard[section].loud >= start + loud

        picture = lambda: (before, self.picture(), shown())  # noqa: E731
        await until(f"the voice of {name}", heard, picture)

    def picture(self):
        return {mid: (heard.frames, heard.loud) for mid, heard in self.heard.items()}

    async def close(self):
        for task in self._readers:
            task.cancel()
        await self.peer.close()
