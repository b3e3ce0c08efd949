"""How long what moderators do takes until it can be heard: a row for each thing that is done.

Members are aiortc's and their packets are marked, so that each is known by its number.
"""

import asyncio
import time

from gateway import Gateway
from house import Account
from marks import is_heard, says_more
from spread import middle_and_slow
from vox import Voice, stage_path, voice_path
from waiting import HANG_SECONDS, until

ROUNDS = 30

# Milliseconds.
FIRST_AUDIO_GOAL = 300
REVOKE_GOAL = 50
MOVE_GOAL = 500


def row(what, goal, seconds, late=0):
    """`late`: packets that were sent after the reply and came all the same."""
    middle, slow = middle_and_slow(seconds)
    return {
        "what": what,
        "goal_ms": goal,
        "n": len(seconds),
        "p50_ms": middle,
        "p95_ms": slow,
        "max_ms": round(max(seconds) * 1000, 2),
        "late_packets": late,
    }


async def at_once(probe):
    """The time at which something is there, to a millisecond or two."""
    end = time.monotonic() + HANG_SECONDS
    while not probe():
        assert time.monotonic() < end
        await asyncio.sleep(0.001)
    return time.monotonic()


class Coming:
    """What comes to a listener of somebody, from the making of this on."""

    def __init__(self, speaker, listener):
        self._of = lambda: listener.marks.of(speaker.account)
        self._known = len(self._of())

    async def first(self):
        """When the first packet came."""
        await until("the first packet", lambda: len(self._of()) > self._known)
        return self._of()[self._known].at

    def newest(self):
        return self._of()[-1].at


def decoded(listener):
    return sum(heard.frames for heard in listener.heard.values())


class Stage:
    """A stage with one who is invited and revoked again and again, and one who listens."""

    def __init__(self, owner, room, speaker, listener):
        self.owner = owner
        self.room = room
        self.speaker = speaker
        self.listener = listener
        self.packet, self.frame, self.reply, self.last = [], [], [], []
        self.late = 0

    async def invite(self):
        """From the request that accepts to the first packet, and to the first decoded frame."""
        account = self.speaker.account
        body = {"user_id": account.user_id}
        await self.owner.must("POST", stage_path(self.room, "invite"), body, status=204)
        coming, before = Coming(self.speaker, self.listener), decoded(self.listener)
        start = time.monotonic()
        frame = asyncio.create_task(at_once(lambda: decoded(self.listener) > before))
        path = stage_path(self.room, "invite/respond")
        await account.must("POST", path, {"accepted": True}, status=204)
        self.packet.append(await coming.first() - start)
        self.frame.append(await frame - start)

    async def revoke(self):
        """From the request to its reply, and how long after that the last packet comes."""
        await is_heard(self.speaker, self.listener)
        coming = Coming(self.speaker, self.listener)
        body = {"user_id": self.speaker.account.user_id}
        start = time.monotonic()
        await self.owner.must("POST", stage_path(self.room, "revoke"), body, status=204)
        replied, sent = time.monotonic(), self.speaker.marks.sent
        await says_more(self.speaker)
        await self.listener.drained()
        self.reply.append(replied - start)
        self.last.append(max(0.0, coming.newest() - replied))
        self.late += len(self.listener.marks.of(self.speaker.account, after=sent))

    def rows(self):
        return [
            row("invite accepted: first packet", FIRST_AUDIO_GOAL, self.packet),
            row("invite accepted: first decoded frame", FIRST_AUDIO_GOAL, self.frame),
            row("revoke: reply", REVOKE_GOAL, self.reply, self.late),
            row("revoke: last packet after the reply", REVOKE_GOAL, self.last, self.late),
        ]


async def on_stage(server, owner):
    room = await owner.make_room("The stage", "stage")
    accounts = [await Account.register(server, name) for name in ("speaker", "listener")]
    stage = Stage(owner, room, *[await Voice.join(account, room) for account in accounts])
    for _ in range(ROUNDS):
        await stage.invite()
        await stage.revoke()
    await asyncio.gather(stage.speaker.close(), stage.listener.close())
    return stage.rows()


class Moves:
    """Somebody who is moved from one room to the other, with one in each who listens and speaks."""

    def __init__(self, owner, mover):
        self.owner = owner
        self.mover = mover
        self.heard = {"same": [], "other": []}
        self.hears = {"same": [], "other": []}
        self.late = {"same": 0, "other": 0}

    async def move(self, old, new):
        """From the request to the first packet in the new room, both ways."""
        mover = self.mover
        heard, hears = Coming(mover, new), Coming(new, mover)
        body = {"user_id": mover.account.user_id, "to_room_id": new.room}
        start = time.monotonic()
        await self.owner.must("POST", voice_path(old.room, "move"), body, status=204)
        sent = {one: one.marks.sent for one in (mover, old)}
        kind = "same" if new.worker == mover.worker else "other"
        self.heard[kind].append(await heard.first() - start)
        self.hears[kind].append(await hears.first() - start)
        await asyncio.gather(says_more(mover), says_more(old))
        await asyncio.gather(mover.drained(), old.drained())
        self.late[kind] += len(old.marks.of(mover.account, after=sent[mover]))
        self.late[kind] += len(mover.marks.of(old.account, after=sent[old]))

    def rows(self):
        for kind in ("same", "other"):
            name = f"move, {kind} worker"
            if self.heard[kind]:
                yield row(f"{name}: heard", MOVE_GOAL, self.heard[kind], self.late[kind])
                yield row(f"{name}: hears", MOVE_GOAL, self.hears[kind], self.late[kind])


async def moved(server, owner):
    rooms = [await owner.make_room(name) for name in ("The first", "The second")]
    names = ("mover", "host", "other")
    accounts = [await Account.register(server, name) for name in names]
    places = zip(accounts, (rooms[0], *rooms), strict=True)
    mover, *hosts = [await Voice.join(*place) for place in places]
    await is_heard(mover, hosts[0])
    moves = Moves(owner, mover)
    for _ in range(ROUNDS):
        await moves.move(*hosts)
        await moves.move(*reversed(hosts))
    await asyncio.gather(*(one.close() for one in (mover, *hosts)))
    return list(moves.rows())


async def react(server):
    """The rows."""
    owner = await Account.register(server, "owner")
    # A client has one, and is told everything meanwhile.
    gateway = await Gateway.open(owner)
    rows = [*await on_stage(server, owner), *await moved(server, owner)]
    await gateway.close()
    return rows
