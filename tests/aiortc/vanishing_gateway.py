"""A member whose only sign of life is a gateway, in a process of its own: `vanishing_gateway.py URL TOKEN ROOM`."""

import asyncio
import sys
from types import SimpleNamespace

import aiohttp

from gateway import Gateway
from house import Account
from vox import voice_path


async def main():
    url, token, room = sys.argv[1:]
    async with aiohttp.ClientSession() as http:
        server = SimpleNamespace(url=url, http=http)
        server.nobody = Account(server)
        account = Account(server, token)
        await Gateway.open(account)
        body = {"self_mute": False, "self_deaf": False}
        await account.must("POST", voice_path(room, "join"), body)
        print("here", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
