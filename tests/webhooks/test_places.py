"""Places for requests under way: whoever comes finds some free, however many others want."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dues.webhooks.places import Places


class Tenants:
    """Takes places, and holds them."""

    def __init__(self, number: int) -> None:
        self.places = Places(number)
        self.held: Counter[int] = Counter()
        self._tasks: list[tuple[int, asyncio.Task[None], asyncio.Event]] = []

    async def want(self, tenant_id: int, number: int = 1) -> None:
        """So many more, each for as long as nobody ends it."""
        for _ in range(number):
            end = asyncio.Event()
            self._tasks.append((tenant_id, asyncio.create_task(self._hold(tenant_id, end)), end))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _hold(self, tenant_id: int, end: asyncio.Event) -> None:
        async with self.places.one(tenant_id):
            self.held[tenant_id] += 1
            try:
                await end.wait()
            finally:
                self.held[tenant_id] -= 1

    async def end(self, tenant_id: int | None = None) -> None:
        """Ends all that a tenant, or anybody, holds or waits for."""
        chosen = [one for one in self._tasks if tenant_id in (None, one[0])]
        self._tasks = [one for one in self._tasks if one not in chosen]
        for _, task, _ in chosen:
            task.cancel()
        await asyncio.gather(*(task for _, task, _ in chosen), return_exceptions=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def let_go(self) -> None:
        """Ends one of whoever has most places, the one that has had it for longest."""
        holding = [(one, end) for one, _, end in self._tasks if self.held[one] > 0 and not end.is_set()]
        first = min(range(len(holding)), key=lambda at: (-self.held[holding[at][0]], at))
        holding[first][1].set()
        for _ in range(4):
            await asyncio.sleep(0)

    async def change(self, chance: random.Random) -> None:
        """Lets one go on, or gives it up, whether it has its place or waits for it."""
        if self._tasks:
            _, task, end = self._tasks.pop(chance.randrange(len(self._tasks)))
            task.cancel() if chance.random() < 0.5 else end.set()
            if chance.random() < 0.5:
                await asyncio.sleep(0)


@pytest.mark.parametrize(("hogs", "each"), [(1, 32), (2, 21), (3, 16), (7, 8)])
def test_however_many_want_all_the_next_finds_as_many_as_each_of_them_has(hogs: int, each: int) -> None:
    async def story() -> None:
        tenants = Tenants(64)
        for hog in range(hogs):
            await tenants.want(hog, 250)
        for _ in range(64):  # what the first has too much of comes back
            await tenants.let_go()
        assert all(abs(tenants.held[hog] - each) <= 1 for hog in range(hogs)), tenants.held
        await tenants.want(99, 100)
        assert tenants.held[99] >= each // 2 > 0
        await tenants.end()

    asyncio.run(story())


def test_one_alone_leaves_half() -> None:
    async def story() -> None:
        tenants = Tenants(64)
        await tenants.want(1, 100)
        assert tenants.held[1] == 32
        await tenants.want(2, 100)
        assert tenants.held[2] == 16
        await tenants.end(1)
        assert tenants.held[2] == 32, "what it gives back is the other's"
        await tenants.end()

    asyncio.run(story())


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_no_place_is_lost_or_given_twice(seed: int, number: int) -> None:
    async def story() -> None:
        chance, tenants = random.Random(seed), Tenants(number)
        for _ in range(60):
            if chance.random() < 0.6:
                await tenants.want(chance.randrange(4))
            else:
                await tenants.change(chance)
            assert sum(tenants.held.values()) <= number
        await tenants.end()
        for _ in range(4):
            await asyncio.sleep(0)
        assert not +tenants.held
        async with AsyncExitStack() as stack:
            for tenant_id in range(number):  # every one of them, while nobody has two
                await asyncio.wait_for(stack.enter_async_context(tenants.places.one(tenant_id)), 1)

    asyncio.run(story())
