"""A member by Vox in a process of its own: `program.py URL TOKEN USER_ID ROOM`.

It sends speech all the time, whatever it may do. Commands come by standard input, one a line; each is
answered by a line of JSON on standard output when it is done.
"""

import asyncio
import json
import sys
from types import SimpleNamespace

import aiohttp

from gateway import Gateway
from house import Account
from marks import says_more
from vox import Voice, stage_path


class Program:
    def __init__(self, account, gateway, member):
        self.account = account
        self.gateway = gateway
        self.member = member

    async def hears(self, user_id):
        """Waits for a voice."""
        await self.member.sounds(SimpleNamespace(user_id=user_id, name=user_id))

    async def goes_on(self):
        """The server has got half a second more of what this one says."""
        await says_more(self.member)

    async def received(self):
        """How many packets have come."""
        await self.member.drained()
        return len(self.member.marks.arrivals)

    async def request(self):
        await self.account.must("POST", stage_path(self.member.room, "request"), status=204)

    async def accept(self):
        """Waits for the invitation first."""
        await self.gateway.see("stage_invite")
        path = stage_path(self.member.room, "invite/respond")
        await self.account.must("POST", path, {"accepted": True}, status=204)


async def main():
    url, token, user_id, room = sys.argv[1:]
    async with aiohttp.ClientSession() as http:
        server = SimpleNamespace(url=url, http=http)
        server.nobody = Account(server)
        account = Account(server, token, "program", user_id)
        program = Program(account, await Gateway.open(account), await Voice.join(account, room))
        print(json.dumps("here"), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            name, *rest = line.split()
            print(json.dumps(await getattr(program, name)(*rest)), flush=True)


asyncio.run(main())
