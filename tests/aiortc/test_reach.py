"""Members without a short way to the server, and what the relay will not do for anybody."""

import asyncio
import hashlib
import hmac
import time
from base64 import b64encode
from pathlib import Path

import pytest
from aioice import stun

from house import uuid_of
from member import Member
from relay import Caller, Ear, FarMember, trusting
from streams import EventStream

SECRET = "a secret that the test knows"
relaying = pytest.mark.environment(TURN_PORT="free", TLS="self", TURN_SECRET=SECRET)
PUBLIC = "203.0.113.77"


def credential(name):
    """What a platform with the same secret would give out."""
    return b64encode(hmac.new(SECRET.encode(), name.encode(), hashlib.sha1).digest()).decode()


def good_name():
    return f"{int(time.time()) + 600}:somebody"


async def hear_each_other(room, far, ann, near, bea):
    at_far = await EventStream.open(ann, far.session)
    at_near = await EventStream.open(bea, near.session)
    try:
        await asyncio.gather(
            far.hears(at_far, uuid_of(bea.user_id)), near.hears(at_near, uuid_of(ann.user_id))
        )
    finally:
        await asyncio.gather(far.close(), near.close(), at_far.close(), at_near.close())


@relaying
@pytest.mark.parametrize(
    "scheme, transport", [("turn", "udp"), ("turn", "tcp"), ("turns", "tcp")]
)
async def test_who_has_only_the_relay_hears_the_room(
    server, room, ann, bea, scheme, transport, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(Path(server.data, "tls-cert.pem")))
    near = await Member.join(bea, room, voice="0920")
    far = await FarMember.come(ann, room, scheme, transport)
    pair = far.peer.getTransceivers()[0].sender.transport.transport._connection
    assert {one.local_candidate.type for one in pair._nominated.values()} == {"relay"}
    await hear_each_other(room, far, ann, near, bea)


@pytest.mark.environment(TURN_PORT="free", PUBLIC_ADDRESS=PUBLIC)
async def test_a_public_address_of_a_router_is_reached_through_the_relay(room, ann, bea):
    near = await Member.join(bea, room, voice="0920")
    public = lambda candidate: f" {PUBLIC} " in candidate  # noqa: E731
    far = await FarMember.come(ann, room, "turn", "udp", host="127.0.0.1", keep=public)
    await hear_each_other(room, far, ann, near, bea)


@relaying
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_the_relay_reaches_media_and_nothing_else_of_this_machine(server, transport):
    tls = trusting(Path(server.data, "tls-cert.pem")) if transport == "tls" else None
    name = good_name()
    caller = Caller(
        ("localhost" if tls else "127.0.0.1", server.turn_port),
        name,
        credential(name),
        "udp" if transport == "udp" else "tcp",
        tls,
    )
    await caller.allocate()
    loop = asyncio.get_running_loop()
    inside, ear = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
    try:
        for peer in [
            "127.0.0.2", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
            "224.0.0.1", "255.255.255.255", "0.0.0.0", "198.51.100.1",
        ]:
            assert await caller.permit((peer, 80)) == 403, peer
            assert await caller.bind((peer, 80), 0x4100) == 403, peer
        for port in [22, server.port, server.turn_port, inside.get_extra_info("sockname")[1]]:
            assert await caller.bind(("127.0.0.1", port), 0x4100) == 403, port
        # Our own address has media on one port, so there is a permission for it.
        assert await caller.permit(("127.0.0.1", server.media_port)) is None
        caller.send(inside.get_extra_info("sockname")[:2], b"not for you")
        assert await caller.bind(("127.0.0.1", server.media_port), 0x4100) is None
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        caller.send(("127.0.0.1", server.media_port), bytes(request))
        async with asyncio.timeout(30):
            while not caller.ear.got:
                await asyncio.sleep(0.01)
        # Media has answered what was sent later.
        answer, peer = caller.ear.got[0]
        assert stun.parse_message(answer).transaction_id == request.transaction_id
        assert peer == ("127.0.0.1", server.media_port)
        assert ear.got == []
    finally:
        inside.close()
        await caller.close()


@relaying
async def test_nobody_relays_without_a_good_password(server):
    address = ("127.0.0.1", server.turn_port)
    name, over = good_name(), f"{int(time.time()) - 1}:somebody"
    for username, password in [
        (name, "wrong"), (name, credential(name + "x")), (over, credential(over)),
        ("somebody", credential("somebody")), (None, None),
    ]:
        with pytest.raises(stun.TransactionFailed) as failed:
            await Caller(address, username, password).allocate()
        assert failed.value.response.error_code == 401, username


@relaying
async def test_one_account_has_so_many_allocations_and_no_more(server):
    name = good_name()
    address = ("127.0.0.1", server.turn_port)
    callers = [await Caller(address, name, credential(name)).allocate() for _ in range(48)]
    try:
        with pytest.raises(stun.TransactionFailed) as failed:
            await Caller(address, name, credential(name)).allocate()
        assert failed.value.response.error_code == 486
        other = f"{int(time.time()) + 600}:another"
        await (await Caller(address, other, credential(other)).allocate()).close()
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))
