"""A stage of Vox: whoever is a speaker is heard, and nobody else, packet by packet."""

import asyncio

import pytest_asyncio

from gateway import SEED, Gateway
from house import Account
from marks import is_heard, is_unheard, nothing_came, says_more
from vox import Voice, stage_path, voice_path


class Stage:
    """A stage room with its moderator, who is in it by the gateway alone."""

    def __init__(self, owner, room, gateway):
        self.owner = owner
        self.room = room
        self.gateway = gateway

    async def invite(self, member):
        body = {"user_id": member.account.user_id}
        await self.owner.must("POST", stage_path(self.room, "invite"), body, status=204)

    async def revoke(self, member):
        """The newest packet of theirs that may still come when this is done."""
        body = {"user_id": member.account.user_id}
        await self.owner.must("POST", stage_path(self.room, "revoke"), body, status=204)
        return member.marks.sent

    async def request(self, member):
        await member.account.must("POST", stage_path(self.room, "request"), status=204)

    async def respond(self, member, accepted):
        path = stage_path(self.room, "invite/respond")
        await member.account.must("POST", path, {"accepted": accepted}, status=204)

    async def promote(self, member):
        """From the audience to the stage."""
        await self.invite(member)
        await self.respond(member, True)

    def names(self, member):
        """How this room's events name a person."""
        return {"room_id": self.room, "user_id": member.account.user_id}

    async def roles(self):
        seen = await self.owner.must("GET", f"/api/v1/rooms/{self.room}/voice")
        return {one["username"]: one["stage_role"] for one in seen["members"]}


@pytest_asyncio.fixture
async def stage(owner):
    room = await owner.make_room("The stage", "stage")
    gateway = await Gateway.open(owner, SEED)
    await Voice.enter(owner, room)
    yield Stage(owner, room, gateway)
    await gateway.close()


@pytest_asyncio.fixture
async def people(stage, ann, bea):
    """Three who send speech all the time, whatever their place."""
    carl = await Account.register(stage.owner.server, "carl")
    accounts = zip((ann, bea, carl), ("0870", "0920", "0890"), strict=True)
    three = [Voice.join(account, stage.room, recording) for account, recording in accounts]
    three = await asyncio.gather(*three)
    yield three
    await asyncio.gather(*(one.close() for one in three))


async def test_a_listener_who_sends_anyway_is_heard_by_nobody(stage, people):
    ann, bea, carl = people
    await asyncio.gather(*(says_more(one) for one in people))
    await asyncio.gather(*(one.drained() for one in people))
    assert [len(one.marks.arrivals) for one in people] == [0, 0, 0]

    await stage.promote(ann)
    await is_heard(ann, bea, carl)
    await asyncio.gather(bea.sounds(ann.account), carl.sounds(ann.account))
    for quiet, listener in ((bea, carl), (carl, bea)):
        await is_unheard(quiet, listener, by=ann, after=0)
        await is_unheard(quiet, ann, after=0)
    assert await stage.roles() == {
        "owner": "listener", "ann": "speaker", "bea": "listener", "carl": "listener",
    }  # fmt: skip


async def test_asked_for_invited_and_accepted_one_is_heard(stage, people):
    ann, bea, carl = people
    gateway = await Gateway.open(bea.account)
    await stage.promote(ann)
    await stage.request(bea)
    assert await stage.gateway.see("stage_request") == stage.names(bea)
    await is_unheard(bea, carl, by=ann, after=0)

    await stage.invite(bea)
    assert await gateway.see("stage_invite") == stage.names(bea)
    before = bea.marks.sent
    await bea.wire.flush()
    await stage.respond(bea, True)
    await is_heard(bea, ann, carl)
    await asyncio.gather(ann.sounds(bea.account), carl.sounds(bea.account))
    # Nothing of before was kept for later.
    for listener in (ann, carl):
        assert listener.marks.numbers(bea.account)[0] > before
    # Nobody else was invited.
    assert stage.gateway.all("stage_invite") == []
    await gateway.close()


async def test_who_declines_stays_in_the_audience(stage, people):
    ann, bea, carl = people
    await stage.promote(ann)
    await stage.invite(bea)
    await stage.respond(bea, False)
    assert await stage.gateway.see("stage_invite_decline") == stage.names(bea)
    await is_unheard(bea, carl, by=ann, after=0)
    path = stage_path(stage.room, "invite/respond")
    status, answer = await bea.account.call("POST", path, {"accepted": True})
    assert (status, answer["error"]["code"]) == (400, "NO_PENDING_INVITE"), answer
    await is_unheard(bea, carl, by=ann, after=0)


async def test_the_answer_may_come_by_the_gateway(stage, people):
    ann, bea, carl = people
    gateway = await Gateway.open(bea.account, SEED)
    await stage.invite(bea)
    await gateway.see("stage_invite")
    answer = {"room_id": stage.room, "response_type": "invite", "accepted": True}
    await gateway.say("stage_response", answer)
    await is_heard(bea, ann, carl)
    await gateway.close()


async def test_nothing_of_a_speaker_comes_after_the_reply_to_a_revoke(stage, people):
    ann, bea, carl = people
    await stage.promote(ann)
    for _ in range(5):
        await stage.promote(bea)
        await is_heard(bea, ann, carl)
        after = await stage.revoke(bea)
        # Said again it changes nothing.
        await stage.revoke(bea)
        await is_unheard(bea, carl, by=ann, after=after)
        await is_unheard(bea, ann, after=after)
    assert (await stage.roles())["bea"] == "listener"
    await is_heard(ann, bea)


async def test_one_reply_ends_the_packets_that_are_under_way(stage, people):
    """After the reply not even a packet of before it reaches anybody."""
    ann, bea, carl = people
    for _ in range(5):
        await stage.promote(bea)
        await is_heard(bea, ann, carl)
        await stage.revoke(bea)
        # What had been sent to them by then.
        await asyncio.gather(ann.drained(), carl.drained())
        before = [one.marks.numbers(bea.account)[-1] for one in (ann, carl)]
        await says_more(bea)
        await asyncio.gather(ann.drained(), carl.drained())
        nothing_came(bea, ann, before[0])
        nothing_came(bea, carl, before[1])


async def test_leaving_costs_the_place_on_the_stage(stage, people):
    ann, bea, carl = people
    await stage.promote(ann)
    await stage.promote(bea)
    await is_heard(bea, carl)
    await bea.account.must("POST", voice_path(stage.room, "leave"), status=204)
    again = await Voice.join(bea.account, stage.room)
    assert (await stage.roles())["bea"] == "listener"
    # A new encoder counts from one again.
    known = len(carl.marks.numbers(bea.account))
    await says_more(again)
    await is_heard(ann, carl)
    await carl.drained()
    assert len(carl.marks.numbers(bea.account)) == known
    await again.close()


async def test_a_connection_that_broke_costs_nothing(stage, people):
    ann, bea, carl = people
    gateway = await Gateway.open(bea.account)
    await stage.promote(ann)
    await stage.promote(bea)
    await is_heard(bea, carl)
    bea.media.cut()
    await bea.peer.close()
    again = await bea.reconnect(bea.token)
    assert (await stage.roles())["bea"] == "speaker"
    known = len(carl.marks.numbers(bea.account))
    await again.sounds(ann.account)
    await carl.sounds(bea.account)
    assert len(carl.marks.numbers(bea.account)) > known
    await again.close()
    await gateway.close()
