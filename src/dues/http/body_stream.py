"""A body that is read while it arrives, for what is too large to be kept whole: whoever reads slowly is sent slowly."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

from dues.http.problems import ProblemError

BUFFERED_BYTES_MAX: Final = 1 << 20
"""What may wait to be read; nothing more is taken from the network before."""


class ClientGone(Exception):
    """The client hung up in the middle of a body: there is nobody to answer."""


class BodyStream:
    """The bytes of a body. Fed by the connection, read once by the endpoint."""

    __slots__ = ("_buffered", "_error", "_parts", "_something", "_when_read", "ended")

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        self._buffered = 0
        self._something = asyncio.Event()
        self._error: Exception | None = None
        self._when_read: Callable[[], None] = lambda: None
        self.ended = False
        """Whether all of it was received, or never will be."""

    def when_read(self, call: Callable[[], None]) -> None:
        """Calls this each time that more is wanted."""
        self._when_read = call

    @property
    def is_full(self) -> bool:
        """Whether enough waits to be read."""
        return self._buffered >= BUFFERED_BYTES_MAX

    def feed(self, part: bytes) -> None:
        """More was received."""
        self._parts.append(part)
        self._buffered += len(part)
        self._something.set()

    def end(self) -> None:
        """All of it was received."""
        self.ended = True
        self._something.set()

    def fail(self, error: Exception) -> None:
        """The rest never comes."""
        if not self.ended:
            self._error = error
            self.end()

    async def parts(self) -> AsyncIterator[bytes]:
        """What arrives, as it arrives. Raises ProblemError where the rest never comes, or ClientGone."""
        while True:
            while self._parts:
                part = self._parts.popleft()
                self._buffered -= len(part)
                yield part
            if self.ended:
                break
            self._something.clear()
            # Right before it waits: while it yielded, so much may have come that no more was taken.
            self._when_read()
            await self._something.wait()
        if self._error:
            raise self._error


def too_slow(seconds: float) -> ProblemError:
    """What a client is told that sends nothing any more."""
    return ProblemError("request_timeout", f"Nothing more of the body arrived for {seconds:.0f} seconds.")
