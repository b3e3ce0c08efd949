"""A member made of plain aiortc: no change of any SDP on its way."""

import asyncio

import numpy
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError

from house import SPEECH
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


class Member:
    """One session with media: a microphone, and some slots to hear others.

    The microphone is a recording by name, which loops, or a track.
    """

    def __init__(self, account, session):
        self.account = account
        self.session = session
        self.peer = RTCPeerConnection()
        self.heard = {}
        self.microphone = None
        self.wire = None
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
            self.peer.addTransceiver(self.microphone, direction="sendonly")
        for _ in range(slots):
            self.peer.addTransceiver("audio", direction="recvonly")
        self.peer.on("connectionstatechange", self._state_changed)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        answer = await self.signal(type="offer", sdp=self.peer.localDescription.sdp)
        assert answer["type"] == "answer"
        assert answer["session_id"] == self.session
        await self.peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        for transceiver in self.peer.getTransceivers():
            if transceiver.direction == "recvonly":
                self._listen(transceiver)
        await asyncio.wait_for(self.connected.wait(), HANG_SECONDS)
        self.wire = Wire(self.peer)

    async def signal(self, **message):
        body = {"session_id": self.session} | message
        return await self.account.must("POST", "/voice/signal", body)

    def sent(self):
        """RTP packets that went out."""
        return self.peer.getTransceivers()[0].sender._RTCRtpSender__packet_count

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

        first = await until(f"a slot for {user_id}", mid, lambda: stream.events)
        start = self.heard[first].loud
        heard = lambda: self.heard[mid() or first].loud >= start + loud  # noqa: E731
        await until(f"the voice of {user_id}", heard, self.picture)

    def picture(self):
        return {mid: (heard.frames, heard.loud) for mid, heard in self.heard.items()}

    async def close(self):
        for task in self._readers:
            task.cancel()
        await self.peer.close()
