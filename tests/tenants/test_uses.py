"""When keys were last used: what is kept of it, by how many hands ever."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.tenants import store
from dues.tenants.authenticate import KeyRing
from dues.tenants.keys import ApiKey
from dues.tenants.uses import store as uses
from dues.tenants.uses.key_uses import KeyUses
from tests.conftest import Ask, Merchant

TOLD = "update api_keys set last_used_at = last_used_at - $2::interval where id = $1"


async def key_of(database: Database, merchant: Merchant) -> ApiKey:
    """The merchant's test secret key, as it is kept."""
    key = await KeyRing(database).find(merchant.key())
    assert key
    return key


async def use(database: Database, *keys: ApiKey) -> None:
    """They are used in a process of its own, which writes that."""
    noted = KeyUses()
    for key in keys:
        noted.note(key)
    await noted.write(database)


def test_a_use_is_kept_once_in_a_minute_whoever_writes_it(merchant: Merchant, ask: Ask[list[Any]]) -> None:
    async def times(database: Database) -> list[Any]:
        key = await key_of(database, merchant)
        seen: list[Any] = [key.last_used_at]
        for ago in (0, 59, 61):
            await database.rows(TOLD, key.id, timedelta(seconds=ago))
            before = (await key_of(database, merchant)).last_used_at
            await asyncio.gather(*(use(database, key) for _ in range(4)))
            seen += [before, (await key_of(database, merchant)).last_used_at]
        return seen

    never, none, first, told, same, old, new = ask(times)
    assert never is none is None
    assert datetime.now(UTC) - first < timedelta(seconds=30)
    assert told == same == first - timedelta(seconds=59)
    assert old == told - timedelta(seconds=61)
    assert new >= first


def test_a_use_is_by_the_tenants_clock(merchant: Merchant, ask: Ask[list[ApiKey]]) -> None:
    async def used(database: Database) -> list[ApiKey]:
        key = await key_of(database, merchant)
        await database.rows("update tenants set clock_offset_seconds = 86400 where id = $1", key.tenant.id)
        await use(database, key)
        return await store.list_keys(database, merchant.id)

    kept = ask(used)
    [last] = [key.last_used_at for key in kept if key.last_used_at]
    assert timedelta(hours=23) < last - datetime.now(UTC) <= timedelta(hours=24)


def test_what_could_not_be_written_is_written_later(
    merchant: Merchant, ask: Ask[ApiKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    async def used(database: Database) -> ApiKey:
        noted = KeyUses()
        noted.note(await key_of(database, merchant))
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(uses, "save_key_uses", away)
            with pytest.raises(Unavailable):
                await noted.write(database)
        await noted.write(database)
        return await key_of(database, merchant)

    assert ask(used).last_used_at
