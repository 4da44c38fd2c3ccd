"""The key ring: what it remembers, and that it can forget."""

import asyncio

from dues.db.database import Database
from dues.tenants.authenticate import FRESH_SECONDS, KeyRing
from tests.conftest import Ask, Merchant

MOVE = "update tenants set clock_offset_seconds = clock_offset_seconds + 60 where id = $1"


def test_what_was_forgotten_is_looked_up_again_also_where_a_look_was_under_way(
    merchant: Merchant, ask: Ask[list[int]]
) -> None:
    async def offsets(database: Database) -> list[int]:
        keys = KeyRing(database)
        found = []
        for _ in range(10):
            first = await keys.find(merchant.key())
            assert first
            keys.forget(first.tenant)
            under_way = asyncio.create_task(keys.find(merchant.key()))
            await asyncio.sleep(0)
            await database.rows(MOVE, first.tenant.id)
            keys.forget(first.tenant)
            after = await keys.find(merchant.key())
            await under_way
            again = await keys.find(merchant.key())
            assert after
            assert again
            found += [after.clock_offset_seconds, again.clock_offset_seconds]
        return found

    assert ask(offsets) == [60 * count for count in range(1, 11) for _ in range(2)]


def test_after_half_a_second_a_key_is_looked_up_again(merchant: Merchant, ask: Ask[list[int]]) -> None:
    async def offsets(database: Database) -> list[int]:
        keys, found = KeyRing(database), []
        for _ in range(2):
            key = await keys.find(merchant.key())
            assert key
            found.append(key.clock_offset_seconds)
            await database.rows(MOVE, key.tenant.id)
            await asyncio.sleep(FRESH_SECONDS)
        return found

    assert ask(offsets) == [0, 60]
