"""How many attempts may be under way to one endpoint: few at first, more with each that it takes.

And half as many with each that it does not take. So endpoints that hang, however many there are, leave the room of a
process to others.
"""

import asyncio
from typing import Final

ATTEMPTS_MIN: Final = 2
ATTEMPTS_MAX: Final = 32


class ConcurrencyLimit:
    """A semaphore of varying size. Whoever acquired it says on releasing it what came of the attempt."""

    def __init__(self) -> None:
        self._size = ATTEMPTS_MIN
        self._free = asyncio.Semaphore(ATTEMPTS_MIN)
        self._too_many = 0

    async def acquire(self) -> None:
        """Waits until another attempt may be made."""
        await self._free.acquire()

    def release(self, *, succeeded: bool) -> None:
        """Ends an attempt, and raises or lowers the limit."""
        if succeeded and self._size < ATTEMPTS_MAX:
            self._size += 1
            self._release()
        elif not succeeded and self._size > ATTEMPTS_MIN:
            size = max(self._size // 2, ATTEMPTS_MIN)
            self._too_many += self._size - size
            self._size = size
        self._release()

    def _release(self) -> None:
        if self._too_many:
            self._too_many -= 1
        else:
            self._free.release()
