"""Expired answers are deleted, and nobody waits for it."""

import asyncio
from datetime import UTC, datetime

from dues.db.database import Database
from dues.idempotency.store import delete_expired
from tests.conftest import Ask
from tests.running import Caller, new_key

COUNT = "select count(*) as keys from idempotency_keys where key = any($1::text[])"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CELL = 1
"""Where the server of these tests keeps everybody's data."""

EXPIRE = "update idempotency_keys set expires_at = now() - interval '1 second' where key = any($1::text[])"


def test_it_deletes_what_has_expired_and_nothing_else(alice: Caller, ask: Ask[int]) -> None:
    old, young = [new_key() for _ in range(5)], new_key()
    for key in (*old, young):
        alice.open_account(key)

    async def purge(database: Database) -> int:
        await database.rows(EXPIRE, old)
        await delete_expired(database, CELL, datetime.now(UTC), BEGINNING, 1_000)
        row = await database.row(COUNT, [*old, young])
        assert row
        return int(row["keys"])

    assert ask(purge) == 1
    assert alice.get(f"/billing/idempotency_keys/{young}").status_code == 200


def test_it_takes_no_more_than_it_is_told_to(alice: Caller, ask: Ask[int]) -> None:
    keys = [new_key() for _ in range(5)]
    for key in keys:
        alice.open_account(key)

    async def purge(database: Database) -> int:
        await database.rows(EXPIRE, keys)
        return (await delete_expired(database, CELL, datetime.now(UTC), BEGINNING, 3)).rows

    assert ask(purge) == 3


def test_it_passes_over_what_somebody_is_using(alice: Caller, ask: Ask[int]) -> None:
    key = new_key()
    alice.open_account(key)

    async def purge_beside_a_lock(database: Database) -> int:
        await database.rows(EXPIRE, [key])
        async with database.transaction() as tx:
            await tx.lock("select 1 from idempotency_keys where key = $1 for update", key)
            # It would wait for ever, and not for a second.
            await asyncio.wait_for(delete_expired(database, CELL, datetime.now(UTC), BEGINNING, 1_000), 1)
            row = await database.row(COUNT, [key])
            assert row
            return int(row["keys"])

    assert ask(purge_beside_a_lock) == 1


def test_it_forgets_nothing_of_another_cell(alice: Caller, ask: Ask[int]) -> None:
    key = new_key()
    alice.open_account(key)

    async def purge_elsewhere(database: Database) -> int:
        await database.rows(EXPIRE, [key])
        await delete_expired(database, CELL + 1, datetime.now(UTC), BEGINNING, 1_000)
        row = await database.row(COUNT, [key])
        assert row
        return int(row["keys"])

    assert ask(purge_elsewhere) == 1
