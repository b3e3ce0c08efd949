"""Clients of the relay: members that have no other way, and one that talks to it by itself."""

import asyncio
import ssl

from aioice import stun, turn
from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy

from member import Member
from waiting import HANG_SECONDS


def only(servers, scheme, transport, host=None):
    """The one address of this kind, as (url, username, credential)."""
    for server in servers:
        for url in server["urls"]:
            if url.startswith(f"{scheme}:") and url.endswith(f"transport={transport}"):
                if host:
                    port = url.partition("?")[0].rpartition(":")[2]
                    url = f"{scheme}:{host}:{port}?transport={transport}"
                return url, server["username"], server["credential"]
    raise AssertionError(f"no {scheme} over {transport} in {servers}")


class FarMember(Member):
    """A member whose media goes through the relay, and who knows of the server only some addresses."""

    keep = staticmethod(lambda candidate: True)

    @staticmethod
    async def come(account, channel, scheme, transport, voice="0870", host=None, keep=None):
        joined = await account.must("POST", "/voice/join", {"channel_id": channel})
        url, username, credential = only(joined["ice_servers"], scheme, transport, host)
        servers = [RTCIceServer(urls=url, username=username, credential=credential)]
        policy = RTCIceTransportPolicy.RELAY
        configuration = RTCConfiguration(iceServers=servers, iceTransportPolicy=policy)
        member = FarMember(account, joined["session_id"], configuration)
        member.keep = keep or member.keep
        await member.connect(voice)
        return member

    async def answer_to(self, offer):
        lines = (await super().answer_to(offer)).split("\r\n")
        candidate = lambda line: line.startswith("a=candidate:")  # noqa: E731
        return "\r\n".join(line for line in lines if not candidate(line) or self.keep(line))


class Ear(asyncio.DatagramProtocol):
    """What comes out of an allocation, or to a socket."""

    def __init__(self):
        self.got = []

    def datagram_received(self, data, addr):
        self.got.append((data, addr))


class Caller:
    """Talks to the relay by itself."""

    def __init__(self, address, username, credential, transport="udp", tls=None):
        self.address = address
        self.login = (username, credential)
        self.transport = transport
        self.tls = tls
        self.ear = Ear()
        self.relayed = None
        self.protocol = None

    async def allocate(self):
        made = turn.create_turn_endpoint(
            lambda: self.ear, self.address, *self.login, transport=self.transport, ssl=self.tls
        )
        self.relayed, _ = await asyncio.wait_for(made, HANG_SECONDS)
        self.protocol = self.relayed._TurnTransport__inner_protocol
        return self

    async def code_of(self, method, peer, channel=None):
        """What the relay says to a request about a peer: an error code, or None."""
        request = stun.Message(message_method=method, message_class=stun.Class.REQUEST)
        request.attributes["XOR-PEER-ADDRESS"] = peer
        if channel:
            request.attributes["CHANNEL-NUMBER"] = channel
        try:
            await self.protocol.request_with_retry(request)
        except stun.TransactionFailed as failed:
            return failed.response.error_code
        return None

    def permit(self, peer):
        return self.code_of(stun.Method.CREATE_PERMISSION, peer)

    async def bind(self, peer, channel):
        code = await self.code_of(stun.Method.CHANNEL_BIND, peer, channel)
        if code is None:
            # What comes through it is given to the ear.
            self.protocol.channel_to_peer[channel] = peer
        return code

    def send(self, peer, data):
        """Without a channel."""
        message = stun.Message(message_method=stun.Method.SEND, message_class=stun.Class.INDICATION)
        message.attributes["XOR-PEER-ADDRESS"] = peer
        message.attributes["DATA"] = data
        self.protocol._send(bytes(message))

    async def close(self):
        self.relayed.close()


def trusting(certificate):
    """TLS that takes the server's own certificate."""
    return ssl.create_default_context(cafile=certificate)
