"""What the tests are given: a fresh server each, checked and removed afterwards."""

import pytest_asyncio

from house import Account, Server


@pytest_asyncio.fixture
async def server(request):
    """A server that must be well when the test is over; its defaults, unless the test is marked
    with an `environment`."""
    marker = request.node.get_closest_marker("environment")
    house = Server(**(marker.kwargs if marker else {}))
    try:
        await house.start()
        yield house
        await house.check()
    finally:
        await house.remove()


@pytest_asyncio.fixture
async def owner(server):
    """The administrator, who is in no room."""
    return await Account.register(server, "owner")


@pytest_asyncio.fixture
async def room(owner):
    """An empty voice room."""
    return await owner.make_room()


@pytest_asyncio.fixture
async def ann(owner):
    return await Account.register(owner.server, "ann")


@pytest_asyncio.fixture
async def bea(owner):
    return await Account.register(owner.server, "bea")
