"""How many attempts may be under way to one endpoint: few at first, more with each that it takes.

And fewer with each that it does not. So endpoints that hang, however many there are, leave the places of a process to
others.
"""

import asyncio
from typing import Final

PLACES_MIN: Final = 2
PLACES_MAX: Final = 32


class Window:
    """Places for attempts. Whoever took one gives it back with what came of it."""

    def __init__(self) -> None:
        self._size = PLACES_MIN
        self._free = asyncio.Semaphore(PLACES_MIN)
        self._too_many = 0

    async def take(self) -> None:
        """Waits for a place."""
        await self._free.acquire()

    def give_back(self, *, succeeded: bool) -> None:
        """Frees a place, and widens or narrows the window."""
        if succeeded and self._size < PLACES_MAX:
            self._size += 1
            self._release()
        elif not succeeded and self._size > PLACES_MIN:
            size = max(self._size // 2, PLACES_MIN)
            self._too_many += self._size - size
            self._size = size
        self._release()

    def _release(self) -> None:
        if self._too_many:
            self._too_many -= 1
        else:
            self._free.release()
