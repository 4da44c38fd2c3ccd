"""How many attempts may be under way to one endpoint."""

import asyncio

from dues.webhooks.concurrency import ATTEMPTS_MAX, ATTEMPTS_MIN, ConcurrencyLimit


async def acquired(limit: ConcurrencyLimit) -> int:
    """Takes all that it gives at once; how many."""
    number = 0
    while True:
        try:
            await asyncio.wait_for(limit.acquire(), 0.005)
        except TimeoutError:
            return number
        number += 1


def test_it_rises_with_each_success_to_its_maximum() -> None:
    async def story() -> None:
        limit = ConcurrencyLimit()
        assert await acquired(limit) == ATTEMPTS_MIN
        limit.release(succeeded=True)
        assert await acquired(limit) == 2, "its own place, and one more"
        for _ in range(100):
            limit.release(succeeded=True)
            await limit.acquire()
        under_way = ATTEMPTS_MIN + 1 + await acquired(limit)
        assert under_way == ATTEMPTS_MAX

    asyncio.run(story())


def test_it_falls_by_half_with_each_failure_to_its_minimum() -> None:
    async def story() -> None:
        limit = ConcurrencyLimit()
        under_way = await acquired(limit)
        while under_way < ATTEMPTS_MAX:
            limit.release(succeeded=True)
            under_way += await acquired(limit) - 1
        for _ in range(ATTEMPTS_MAX):
            limit.release(succeeded=False)
        assert await acquired(limit) == ATTEMPTS_MIN

    asyncio.run(story())
