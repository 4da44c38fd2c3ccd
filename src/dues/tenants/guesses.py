"""Who guesses keys: every address may be wrong a few times, and then only a few times a second.

A key that this process has found before is no guess, and never comes here.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from dues.domain.rate_limits import Bucket, RateLimit

REFUSALS: Final = RateLimit(300, 60)
"""Of one address: answers with 401. Who sets a client up is wrong ten times, and who guesses is wrong always."""

LOOKUPS: Final = RateLimit(120, 60)
"""Of one address: look-ups that found no key. Two a second go on for ever: by one of them a good key that this process
has not seen yet gets in, and all that it does after that is beside the limit."""

LOOKUPS_AT_ONCE: Final = 2
"""Of all addresses. The pool has more connections than that, so nobody who has a key waits behind guesses."""

WAITING_MAX: Final = 500
"""Who wait for such a look-up. They take half a second; whoever comes then is sent away."""

ADDRESSES_MAX: Final = 10_000
"""Addresses that are remembered, some 5 MB. The one that was wrong least lately is forgotten."""


class TooManyGuesses(Exception):
    """Nothing was looked up: come back after so many seconds."""

    def __init__(self, retry_seconds: int) -> None:
        super().__init__(f"too many unknown keys; again in {retry_seconds} s")
        self.retry_seconds = retry_seconds


class _Address:
    """One address, or one network of IPv6."""

    __slots__ = ("lookups", "refusals")

    def __init__(self, now: float) -> None:
        self.refusals = Bucket(REFUSALS, now)
        self.lookups = Bucket(LOOKUPS, now)


Observe = Callable[[str], None]
"""Told of each: `refused`, or `limited` where it was not even looked at."""


class Guesses:
    """What addresses have guessed lately."""

    def __init__(self, observe: Observe = lambda _: None, clock: Callable[[], float] = time.monotonic) -> None:
        self._observe = observe
        self._clock = clock
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self._turns = asyncio.Semaphore(LOOKUPS_AT_ONCE)
        self._waiting = 0

    def refuse(self, address: str) -> None:
        """An address is told 401. Raises TooManyGuesses where it was so too often."""
        refusals = self._of(address).refusals
        if not refusals.take(self._clock()):
            raise self._too_many(refusals.seconds_until_one)
        self._observe("refused")

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """In one's turn to look up what may be a guess.

        Raises TooManyGuesses where the address had too many that were, or too many wait.
        """
        if self._waiting >= WAITING_MAX:
            raise self._too_many(1)
        self._may_look(address)
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            # Again: those before may have been wrong. And paid for afterwards, by those who are: a hundred good keys
            # that come at once cost nothing.
            self._may_look(address)
            yield
        finally:
            self._turns.release()

    def missed(self, address: str) -> None:
        """A look-up found nothing."""
        self._of(address).lookups.take(self._clock())

    def _may_look(self, address: str) -> None:
        lookups = self._of(address).lookups
        if not lookups.has_one(self._clock()):
            raise self._too_many(lookups.seconds_until_one)

    def _too_many(self, retry_seconds: int) -> TooManyGuesses:
        self._observe("limited")
        return TooManyGuesses(retry_seconds)

    def _of(self, address: str) -> _Address:
        name = counted_as(address)
        one = self._addresses.get(name)
        if one is None:
            one = self._addresses[name] = _Address(self._clock())
            if len(self._addresses) > ADDRESSES_MAX:
                self._addresses.popitem(last=False)
        else:
            self._addresses.move_to_end(name)
        return one


def counted_as(address: str) -> str:
    """What an address is counted with: alone, or with its /64 where it is IPv6, of which everybody has a whole one."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except AddressValueError:
        return address
    mapped: IPv4Address | None = parsed.ipv4_mapped
    return str(mapped) if mapped else parsed.packed[:8].hex()
