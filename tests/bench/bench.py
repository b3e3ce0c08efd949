"""Figures that no test asserts: `bench.py NAME`, run by `cargo xtask bench`.

Prints one JSON object a line. Everything else that is said goes to stderr.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "aiortc"))

from house import Account, Server, uuid_of  # noqa: E402
from member import Member  # noqa: E402
from react import react  # noqa: E402
from spread import spread  # noqa: E402
from streams import EventStream  # noqa: E402
from waiting import until  # noqa: E402

ROUNDS = 30
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def usage(pid):
    """Processor seconds and resident MiB of the server so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    resident = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND, resident


async def people(server):
    """A moderator, a room, and somebody who speaks in it all the time."""
    owner = await Account.register(server, "owner")
    room = await owner.make_room()
    account = await Account.register(server, "speaker")
    return owner, room, await Member.join(account, room)


async def join(server):
    """From the join request to the first decoded frame, all of aiortc's own work included."""
    _, room, speaker = await people(server)
    listener = await Account.register(server, "listener")
    answered, connected, heard = [], [], []
    processor, _ = usage(server.process.pid)
    for _ in range(ROUNDS):
        start = time.monotonic()
        member = Member(listener, await listener.join(room))
        answered.append(time.monotonic() - start)
        await member.connect(voice=None, slots=1)
        connected.append(time.monotonic() - start)
        frames = next(iter(member.heard.values()))
        await until("the first frame", lambda: frames.frames)
        heard.append(time.monotonic() - start)
        await member.close()
    after, resident = usage(server.process.pid)
    await speaker.close()
    return {
        "rounds": ROUNDS,
        **spread(answered, "join"),
        **spread(connected, "connected"),
        **spread(heard, "first_audio"),
        "server_cpu_ms_per_join": round((after - processor) * 1000 / ROUNDS, 1),
        "server_rss_mib": round(resident, 1),
    }


async def mute(server):
    """How long a moderator's mute takes, and how long after its reply the last packet comes."""
    owner, room, speaker = await people(server)
    listener = await Member.join(await Account.register(server, "listener"), room, voice=None)
    stream = await EventStream.open(listener.account, listener.session)
    speaking = uuid_of(speaker.account.user_id)
    arrivals = note_arrivals(listener)
    path = f"/api/v1/rooms/{room}/voice/mute"
    replies, late = [], []
    for _ in range(ROUNDS):
        await listener.hears(stream, speaking, loud=5)
        start = time.monotonic()
        body = {"user_id": speaker.account.user_id, "muted": True}
        await owner.must("POST", path, body, status=204)
        replied = time.monotonic()
        replies.append(replied - start)
        # Longer than any packet is under way here; a late one is what is looked for.
        await asyncio.sleep(0.3)
        late.append(max(0.0, arrivals[-1] - replied))
        await owner.must("POST", path, body | {"muted": False}, status=204)
    await asyncio.gather(listener.close(), speaker.close(), stream.close())
    return {"rounds": ROUNDS, **spread(replies, "reply"), **spread(late, "last_packet_after_reply")}


def note_arrivals(member):
    """The times at which media came to a member, before any of it is decoded."""
    arrivals = []
    transport = member.peer.getTransceivers()[0].receiver.transport
    real = transport._handle_rtp_data

    async def noting(data, arrival_time_ms):
        arrivals.append(time.monotonic())
        await real(data, arrival_time_ms)

    transport._handle_rtp_data = noting
    return arrivals


async def main():
    name = sys.argv[1]
    # A member may be moved to a room whose media another worker has.
    server = Server(**({"MEDIA_WORKERS": "2"} if name == "react" else {}))
    try:
        await server.start()
        if name == "react":
            rows = await react(server)
        else:
            rows = [await {"join": join, "mute": mute}[name](server)]
        await server.check()
    finally:
        await server.remove()
    for row in rows:
        print(json.dumps({"at": int(time.time()), **row}))


asyncio.run(main())
