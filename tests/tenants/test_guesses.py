"""Guesses of keys cost the database next to nothing, and those who have a key notice nothing of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dues.db.database import Database
from dues.domain.ids import random_secret
from dues.tenants import guesses, store
from dues.tenants.authenticate import FRESH_SECONDS, UNKNOWN_MAX, KeyRing
from dues.tenants.guesses import LOOKUPS, LOOKUPS_AT_ONCE, REFUSALS, Guesses, TooManyGuesses, counted_as
from dues.tenants.keys import ApiKey
from tests.conftest import Ask, Merchant

FLOOD = 1_000


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Lookups:
    """Counts the look-ups of keys, and how many there are at once."""

    def __init__(self, find: Callable[[Database, bytes], Awaitable[ApiKey | None]]) -> None:
        self._find = find
        self.count = self.at_once = self.most_at_once = 0

    async def __call__(self, database: Database, sha256: bytes) -> ApiKey | None:
        self.count += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._find(database, sha256)
        finally:
            self.at_once -= 1


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Lookups:
    """What is looked up from here on."""
    counted = Lookups(store.find_key)
    monkeypatch.setattr(store, "find_key", counted)
    return counted


def guess() -> str:
    """A key that might be one."""
    return "sk_test_" + random_secret(28)


async def told(keys: KeyRing, secret: str, address: str) -> str:
    """What becomes of a request with a key."""
    try:
        return "known" if await keys.find(secret, address) else "unknown"
    except TooManyGuesses:
        return "limited"


async def flood(keys: KeyRing, address: str = "198.51.100.7", count: int = FLOOD) -> Counter[str]:
    """What becomes of so many guesses at once."""
    return Counter(await asyncio.gather(*(told(keys, guess(), address) for _ in range(count))))


def test_a_flood_of_guesses_costs_a_few_look_ups_and_a_good_key_beside_it_none(
    merchant: Merchant, ask: Ask[Any], lookups: Lookups
) -> None:
    clock = Clock()
    counts: Counter[str] = Counter()

    async def run(database: Database) -> None:
        keys = KeyRing(database, Guesses(lambda outcome: counts.update([outcome]), clock))
        assert await told(keys, merchant.key(), "198.51.100.7") == "known"
        lookups.count = 0
        outcomes = await flood(keys)
        assert outcomes.keys() == {"unknown", "limited"}
        assert outcomes["unknown"] == lookups.count
        # Those that are looked up at the same moment do not know of each other.
        assert LOOKUPS.quota <= lookups.count < LOOKUPS.quota + LOOKUPS_AT_ONCE
        assert lookups.most_at_once <= LOOKUPS_AT_ONCE
        assert counts == {"refused": outcomes["unknown"], "limited": outcomes["limited"]}

        # A second later there are two more, and whoever has a key does not share them.
        clock.now += 1
        lookups.count = 0
        assert (await flood(keys))["limited"] >= FLOOD - 3
        assert 2 <= lookups.count <= 3
        await asyncio.sleep(FRESH_SECONDS)
        assert await told(keys, merchant.key(), "198.51.100.7") == "known"
        # Neither does whoever has another address.
        assert await told(keys, guess(), "198.51.100.8") == "unknown"

    ask(run)


def test_a_good_key_that_was_never_seen_gets_in_once_there_is_a_look_up_left(
    merchant: Merchant, ask: Ask[Any], lookups: Lookups
) -> None:
    clock = Clock()

    async def run(database: Database) -> None:
        keys = KeyRing(database, Guesses(clock=clock))
        await flood(keys)
        assert await told(keys, merchant.key(), "198.51.100.7") == "limited"
        clock.now += 1
        assert await told(keys, merchant.key(), "198.51.100.7") == "known"
        await flood(keys)
        await asyncio.sleep(FRESH_SECONDS)
        assert await told(keys, merchant.key(), "198.51.100.7") == "known"

    ask(run)


def test_good_keys_that_come_all_at_once_are_no_guesses(
    new_merchant: Callable[[], Merchant], ask: Ask[Any], monkeypatch: pytest.MonkeyPatch, lookups: Lookups
) -> None:
    monkeypatch.setattr(guesses, "LOOKUPS", type(LOOKUPS)(3, 60))
    secrets = [key.secret for _ in range(3) for key in new_merchant().keys]

    async def run(database: Database) -> None:
        keys = KeyRing(database, Guesses())
        outcomes = await asyncio.gather(*(told(keys, secret, "198.51.100.7") for secret in secrets * 5))
        assert set(outcomes) == {"known"}
        assert lookups.count == len(secrets)
        assert lookups.most_at_once <= LOOKUPS_AT_ONCE

    ask(run)


def test_one_wrong_key_is_looked_up_twice_a_second_and_told_so_until_that_is_too_often(
    ask: Ask[Any], lookups: Lookups
) -> None:
    wrong, clock = guess(), Clock()

    async def run(database: Database) -> None:
        keys = KeyRing(database, Guesses(clock=clock))
        outcomes = Counter([await told(keys, wrong, "198.51.100.7") for _ in range(REFUSALS.quota + 5)])
        assert outcomes == {"unknown": REFUSALS.quota, "limited": 5}
        assert lookups.count <= 2
        assert await told(keys, "no key at all", "198.51.100.7") == "limited"

    ask(run)


def test_a_key_that_is_made_after_it_was_guessed_works_within_a_second(merchant: Merchant, ask: Ask[Any]) -> None:
    async def run(database: Database) -> None:
        keys = KeyRing(database)
        key = merchant.keys[0]
        row = await database.row("select sha256 from api_keys where id = $1", key.id)
        assert row
        await database.rows("update api_keys set sha256 = sha256(id::bytea) where id = $1", key.id)
        assert await told(keys, key.secret, "198.51.100.7") == "unknown"
        await database.rows("update api_keys set sha256 = $2 where id = $1", key.id, row["sha256"])
        assert await told(keys, key.secret, "198.51.100.7") == "unknown"
        await asyncio.sleep(FRESH_SECONDS)
        assert await told(keys, key.secret, "198.51.100.7") == "known"

    ask(run)


def test_what_is_remembered_is_bounded(ask: Ask[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "ADDRESSES_MAX", 50)

    async def nothing(_database: Database, _sha256: bytes) -> None:
        return None

    monkeypatch.setattr(store, "find_key", nothing)

    async def run(database: Database) -> None:
        known = Guesses()
        keys = KeyRing(database, known)
        for number in range(200):
            await told(keys, guess(), f"198.51.100.{number}")
        assert len(known._addresses) == 50
        assert 0 < len(keys._unknown) <= UNKNOWN_MAX
        assert not keys._keys

    ask(run)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("198.51.100.7", "198.51.100.8", False),
        ("2001:db8::1", "2001:db8::ffff:1:2:3", True),
        ("2001:db8::1%eth0", "2001:db8::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
        ("::ffff:198.51.100.7", "::ffff:198.51.100.8", False),
    ],
)
def test_ipv6_is_counted_by_networks(one: str, other: str, alike: bool) -> None:
    assert (counted_as(one) == counted_as(other)) is alike
