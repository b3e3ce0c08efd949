"""What comes to a member by its media path, seen before any of it is decrypted."""

import asyncio

from waiting import HANG_SECONDS

# RFC 7983: first bytes of RTP and RTCP; RFC 5761: second bytes of RTCP.
MEDIA = range(128, 192)
CONTROL = range(192, 224)


def name_of(packet):
    """Sequence number and SSRC: no other RTP packet of a connection has both."""
    return packet[2:4] + packet[8:12]


class Wire:
    """Counts a connection's RTP packets as they arrive.

    UDP on one machine keeps the order, and the server answers a STUN request on the socket that it
    forwards by: what was under way when `flush` was called has been counted when it is done.
    """

    def __init__(self, peer):
        ice = peer.getTransceivers()[0].sender.transport.transport
        self._ice = ice._connection
        self._pair = self._ice._nominated[1]
        self._real = self._pair.protocol.datagram_received
        self._counts = {}
        self.packets = 0
        # The newest packet's name.
        self.newest = None
        self._pair.protocol.datagram_received = self._arrived

    def _arrived(self, data, address):
        if data[0] in MEDIA and data[1] not in CONTROL:
            self.packets += 1
            self.newest = name_of(data)
        elif data[8:20] in self._counts:
            self._counts[data[8:20]] = self.packets
        self._real(data, address)

    async def flush(self):
        """Asks the server for a sign of life by the media path; the count when it came."""
        request = self._ice.build_request(self._pair, nominate=False)
        self._counts[request.transaction_id] = None
        key = self._ice.remote_password.encode()
        answered = self._pair.protocol.request(request, self._pair.remote_addr, integrity_key=key)
        await asyncio.wait_for(answered, HANG_SECONDS)
        return self._counts.pop(request.transaction_id)
