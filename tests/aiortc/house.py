"""A real server on free ports with a data directory of its own, and accounts on it.

The server can be killed and started again on the same ports and data, as after a crash.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import tempfile
from pathlib import Path

import aiohttp

from waiting import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = os.environ.get("PARLOR_SERVER", str(TARGET / "debug" / "voice-service"))
SPEECH = Path(os.environ.get("PARLOR_SPEECH", TARGET / "test-tools" / "speech"))

PASSWORD = "a long enough password"

# An event stream is quiet for as long as nothing happens; a request is not.
PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=HANG_SECONDS)


def free_port(kind):
    """A port that nobody had a moment ago."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("", 0))
        return one.getsockname()[1]


class Server:
    """The process, its log, and one HTTP client for everybody who talks to it."""

    def __init__(self, **environment):
        self.port = free_port(socket.SOCK_STREAM)
        self.media_port = free_port(socket.SOCK_DGRAM)
        self.data = tempfile.mkdtemp(prefix="parlor-test-")
        self.turn_port = free_port(socket.SOCK_STREAM)
        if environment.get("TURN_PORT") == "free":
            environment = environment | {"TURN_PORT": str(self.turn_port)}
        # One more port that the server listens on where a test says so.
        self.members_port = free_port(socket.SOCK_STREAM)
        if environment.get("AURA_MEMBERS_PORT") == "free":
            environment = environment | {"AURA_MEMBERS_PORT": str(self.members_port)}
        self.environment = environment
        self.log = ""
        self.http = None
        self.process = None
        self._log_reader = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def nobody(self):
        """Somebody without a token."""
        return Account(self)

    async def start(self):
        """Starts the process and waits for the line that says it listens."""
        if not self.http:
            # As many connections as there are people: an open socket is one.
            anything = aiohttp.TCPConnector(limit=0)
            self.http = aiohttp.ClientSession(timeout=PATIENCE, connector=anything)
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        env |= {
            "PORT": str(self.port),
            "MEDIA_PORT": str(self.media_port),
            "DATA_DIR": self.data,
            "RATE_LIMITS": "off",
            "STT_ENGINE": "off",
            "TURN_PORT": "off",
            "RUST_BACKTRACE": "1",
        }
        env |= self.environment
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            PROGRAM, env=env, cwd=self.data, stdout=pipe, stderr=pipe
        )
        self._log_reader = asyncio.create_task(self._read_log(self.process.stderr))
        await asyncio.wait_for(self._ready(), HANG_SECONDS)
        return self

    async def _ready(self):
        async for line in self.process.stdout:
            if b"Parlor is ready" in line:
                return
        await self._log_reader
        raise AssertionError(f"the server ended before it was ready\n{self.log}")

    async def _read_log(self, pipe):
        async for line in pipe:
            self.log += line.decode(errors="replace")

    async def kill(self):
        """Ends it like a power cut."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def ask_to_stop(self):
        """What a service manager does."""
        self.process.send_signal(signal.SIGTERM)

    async def remove(self):
        """Ends it and removes its data."""
        await self.kill()
        if self._log_reader:
            await self._log_reader
        if self.http:
            await self.http.close()
        shutil.rmtree(self.data, ignore_errors=True)

    async def check(self):
        """The server is well, and its log holds no panic and no error."""
        status, body = await Account(self).call("GET", "/health")
        assert (status, body) == (200, {"status": "ok"})
        bad = [line for line in self.log.splitlines() if re.search(r"panicked|\bERROR\b", line)]
        assert not bad, self.log[-4000:]


class Account:
    """Somebody with a token, or with none."""

    def __init__(self, server, token=None, name="", user_id=""):
        self.server = server
        self.token = token
        self.name = name
        self.user_id = user_id

    @staticmethod
    async def register(server, name):
        """The first account of a server is its administrator."""
        body = {"username": name, "password": PASSWORD}
        made = await Account(server).must("POST", "/api/v1/auth/register", body, status=201)
        return Account(server, made["token"], name, made["user_id"])

    @staticmethod
    async def sign_up(server, email):
        """An account made by STT Room; its id is a UUID."""
        body = {"email": email, "password": PASSWORD}
        made = await Account(server).must("POST", "/api/v1/auth/signup", body, status=201)
        return Account(server, made["access_token"], email.split("@")[0], made["user"]["id"])

    @property
    def uuid(self):
        return self.user_id if "-" in self.user_id else uuid_of(self.user_id)

    async def call(self, method, path, body=None, data=None, accept="application/json"):
        """Status and JSON body of one request; `data` is sent as it is."""
        headers = {"Accept": accept}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            data = json.dumps(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = self.server.http.request(
            method, self.server.url + path, data=data, headers=headers
        )
        async with asyncio.timeout(HANG_SECONDS), request as answer:
            text = await answer.text()
            try:
                return answer.status, json.loads(text) if text else None
            except ValueError:
                return answer.status, text

    async def must(self, method, path, body=None, status=200):
        """The body of a request that has to be answered so."""
        got, answer = await self.call(method, path, body)
        assert got == status, f"{method} {path}: {got} {answer}"
        return answer

    async def make_room(self, name="Round table", kind="voice"):
        """A voice room, or another kind of Vox's; its id in decimal."""
        body = {"name": name, "type": kind}
        return (await self.must("POST", "/api/v1/rooms", body, status=201))["room_id"]

    async def join(self, channel, **more):
        """The session of a join that has to work."""
        answer = await self.must("POST", "/voice/join", {"channel_id": channel} | more)
        return answer["session_id"]

    async def participants(self, channel):
        return await self.must("GET", f"/voice/channels/{channel}/participants")


def uuid_of(decimal):
    """A decimal id as the Voice Service shows it: 48 bits, 12 after the version, 4 after the variant."""
    number = int(decimal)
    high = (number >> 16) << 16 | 0x8000 | (number >> 4) & 0x0FFF
    low = 0b10 << 62 | (number & 0xF) << 58 | 0x02F_70A4_1072_C0DE
    text = f"{high:016x}{low:016x}"
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])
