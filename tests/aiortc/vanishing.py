"""A member in a process of its own, there to be killed: `vanishing.py URL TOKEN CHANNEL`."""

import asyncio
import sys
from types import SimpleNamespace

import aiohttp

from house import Account
from member import Member


async def main():
    url, token, channel = sys.argv[1:]
    async with aiohttp.ClientSession() as http:
        await Member.join(Account(SimpleNamespace(url=url, http=http), token), channel)
        print("connected", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
