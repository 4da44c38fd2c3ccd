"""How tests wait for what happens on their event loop."""

import asyncio
from collections.abc import Callable


async def until(fact: Callable[[], object], seconds: float = 10) -> None:
    """Returns once `fact` is so. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not fact():  # noqa: ASYNC110 -- whatever it is, it need not say so
            await asyncio.sleep(0.01)
