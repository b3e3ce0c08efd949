"""Conferences from outside: a guest waits, is let in and heard; an admin's mute holds; who is put out is out;
who is invited rings, comes and is heard."""

import asyncio
import json

import pytest

from aura import Call, Refused
from house import Account
from marks import is_heard, nothing_came, says_more
from vox import Voice
from waiting import until


async def conference(owner, **keys):
    body = {"room": {"name": "Weekly"} | keys}
    return (await owner.must("POST", "/v1/rooms", body, status=201))["room"]["id"]


async def is_refused(code, request):
    with pytest.raises(Refused) as refused:
        await request
    assert refused.value.code == code


async def test_a_guest_waits_is_let_in_and_heard(server, owner, ann):
    room = await conference(owner, members=[{"user_id": ann.uuid}])
    admin = await Call.enter(server, room, "owner's", owner)
    member = await Call.enter(server, room, "ann's", ann, "0920")
    guest = await Call.open(server, "guest's")
    guest.token = admin.token
    await is_refused(403, guest.ring(room))
    await is_refused(401, guest.answer_to("v=0"))
    for one in (admin, member):
        assert (await one.see("member_waiting"))["member"] == "guest's"
    assert guest.told == []
    allow = {"member": "guest's", "auth_token": admin.token}
    await is_refused(401, member.ask("allow_member", **allow))
    await is_refused(403, member.ask("allow_member", **allow | {"auth_token": member.token}))
    await admin.ask("allow_member", **allow)
    await guest.allowed()
    await guest.connect("0890")
    for one in (admin, member):
        assert (await one.see("member_join_room"))["name"]
        await is_heard(guest, one)
        await is_heard(one, guest)
    levels = [params for params in admin.all("member_audio_level") if params["audio_level"] > 0]
    assert {"guest's", "ann's"} <= {params["member"] for params in levels}
    await asyncio.gather(*(one.close() for one in (admin, member, guest)))


async def test_an_admins_mute_holds(server, owner, ann):
    room = await conference(owner, open=True)
    admin = await Call.enter(server, room, "owner's", owner)
    muted = await Call.enter(server, room, "ann's", ann, "0920")
    guest = await Call.enter(server, room, "guest's", None, "0890")
    await is_heard(muted, guest)
    await admin.ask("mute_member_audio", member="ann's")
    after = muted.marks.sent
    assert (await muted.see("member_mute_audio"))["by_admin"]
    await muted.say("unmute_audio")
    await muted.see("member_mute_audio", before=1)
    # Later packets of somebody else show that the way is open.
    await asyncio.gather(says_more(muted), says_more(admin))
    await is_heard(admin, guest)
    nothing_came(muted, guest, after)
    await is_refused(409, admin.ask("mute_member_audio", member="ann's"))
    await admin.ask("unmute_member_audio", member="ann's")
    await is_heard(muted, guest)
    await asyncio.gather(*(one.close() for one in (admin, muted, guest)))


async def test_who_is_put_out_is_not_heard_and_hears_nothing(server, owner, ann):
    room = await conference(owner, open=True)
    admin = await Call.enter(server, room, "owner's", owner)
    guest = await Call.enter(server, room, "guest's", None, "0890")
    member = await Call.enter(server, room, "ann's", ann, "0920")
    await is_heard(guest, member)
    await admin.ask("remove_member", member="guest's")
    # What was on its way when it was asked for may have passed.
    after, heard = guest.marks.sent, {one: one.marks.sent for one in (admin, member)}
    assert await guest.see("member_leave_room") == {"member": "guest's", "by_admin": True}
    await asyncio.gather(*(says_more(one) for one in (admin, member)))
    await is_heard(admin, member)
    nothing_came(guest, member, after)
    for one, last in heard.items():
        nothing_came(one, guest, last)
    await is_refused(401, guest.answer_to("v=0"))
    await asyncio.gather(*(one.close() for one in (admin, guest, member)))


async def test_conferences_and_other_doors_meet(server, owner, ann):
    room = await owner.make_room()
    call = await Call.enter(server, room, "owner's", owner)
    voice = await Voice.join(ann, room, "0920")
    came = await call.see("member_join_room")
    assert (came["name"], came["user"]) == ("ann", ann.uuid)
    await is_heard(voice, call)
    await is_heard(call, voice)
    await call.ask("mute_member_audio", member=came["id"])
    after = voice.marks.sent
    await says_more(voice)
    await says_more(call)
    await is_heard(call, voice)
    nothing_came(voice, call, after)
    await asyncio.gather(call.close(), voice.close())


async def test_who_closes_the_socket_has_left(server, owner):
    room = await conference(owner, open=True)
    admin = await Call.enter(server, room, "owner's", owner)
    guest = await Call.enter(server, room, "guest's", None, "0890")
    await is_heard(guest, admin)
    await guest.close()
    assert await admin.see("member_leave_room") == {"member": "guest's", "by_admin": False}
    assert len(await owner.must("GET", f"/v1/rooms/{room}/members")) == 1
    assert [one["id"] for one in await admin.ask("get_room_members")] == ["owner's"]
    await admin.close()


@pytest.mark.environment(AURA_MEMBERS_PORT="free", AURA_SERVICE_KEY="a service key of good length")
async def test_members_have_a_port_of_their_own_and_the_service_its_key(server, owner):
    room = await conference(owner, open=True)
    guest = await Call.enter(server, room, "guest's")
    service = Account(server, "a service key of good length")
    path = f"/v1/rooms/{room}/members"
    members = await service.must("GET", path)
    assert [one["name"] for one in members] == ["guest's"]
    beside = f"http://127.0.0.1:{server.members_port}"

    async def status(path, token):
        headers = {"Authorization": f"Bearer {token}"}
        async with server.http.get(beside + path, headers=headers) as answer:
            return answer.status, await answer.text()

    for token in (service.token, owner.token):
        got, body = await status(path, token)
        assert got == 200 and json.loads(body) == members
    assert (await status(path, "wrong"))[0] == 401
    for other in (f"/v1/rooms/{room}", "/v1/rooms", "/health", "/api/v1/rooms", "/voice/join"):
        assert (await status(other, service.token))[0] == 404, other
    await guest.close()


class Maker(Call):
    """Comes in by making the room."""

    async def answer_to(self, offer):
        who = {"call_id": self.call_id, "token": self.account.token}
        self.made = await self.ask("create_temp_room", sdp=offer, invited=["ann"], **who)
        return self.made["sdp"]


async def test_who_is_invited_comes_and_is_heard(server, owner, ann):
    phone, tablet = [await Call.open(server, name, ann) for name in ("phone", "tablet")]
    for one in (phone, tablet):
        assert await one.ask("register_room_api", token=ann.token) == {"user": ann.uuid}
    maker = await Call.open(server, "maker's", owner, Maker)
    await maker.connect("0920", 3)
    room, [invited] = maker.made["room_id"], maker.made["invited"]
    for one in (phone, tablet):
        invite = await one.see("room_invite")
        assert (invite["room"], invite["from_user"]) == (room, owner.uuid)
        assert invite["call_id"] == invited["bridge_id"]
        one.token = invite["auth_token"]
    await phone.connect("0890", 3)
    assert (await maker.see("member_join_room"))["id"] == invited["bridge_id"]
    await is_heard(phone, maker)
    await is_heard(maker, phone)
    assert await tablet.see("room_invite_completed_elsewhere") == {"room": room}
    await is_refused(401, tablet.answer_to("v=0"))
    assert [one["id"] for one in (await owner.must("GET", "/v1/rooms"))["rooms"]] == [room]
    await asyncio.gather(phone.close(), maker.close())
    rooms = lambda: owner.must("GET", "/v1/rooms")  # noqa: E731
    await until("the end of the room", lambda: is_empty(rooms))
    await tablet.close()


async def is_empty(rooms):
    return (await rooms())["rooms"] == []


async def test_a_call_that_is_cut_off_is_gone(server, owner):
    room = await conference(owner, open=True)
    admin = await Call.enter(server, room, "owner's", owner)
    guest = await Call.enter(server, room, "guest's", None, "0890")
    await is_heard(guest, admin)
    # Packets go on; the socket is the call.
    guest.cut()
    assert (await admin.see("member_leave_room"))["member"] == "guest's"
    await asyncio.gather(admin.close(), guest.close())
