"""Waiting for what must happen, under one limit for the whole suite.

The limit is long enough for a busy machine: a test that reaches it hangs, it is not slow.
"""

import asyncio
import time

HANG_SECONDS = 60.0
POLL_SECONDS = 0.02


async def until(what, probe, shown=lambda: ""):
    """Asks until the answer is truthy, and returns it; `probe` may be async."""
    end = time.monotonic() + HANG_SECONDS
    while time.monotonic() < end:
        answer = probe()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        await asyncio.sleep(POLL_SECONDS)
    raise AssertionError(f"{what}: not within {HANG_SECONDS:.0f} s {shown()}")
