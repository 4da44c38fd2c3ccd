"""Keys that may do less than others of their kind."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dues.db.database import Database
from dues.domain.rate_limits import RateLimit
from dues.tenants import store
from dues.tenants.keys import KeyKind, NewKey, Restrictions, generate
from tests.conftest import Ask, Merchant
from tests.running import Caller

MakeKey = Callable[..., Caller]


@pytest.fixture
def restricted(ask: Ask[NewKey], merchant: Merchant) -> MakeKey:
    """Makes callers with test keys of the merchant that have restrictions."""

    def make(kind: KeyKind = "secret", rate_limit: RateLimit | None = None, **only: Any) -> Caller:
        async def insert(database: Database) -> NewKey:
            now = datetime.now(UTC)
            key = generate("test", kind, now)
            tenants = await store.find_tenants(database, merchant.id)
            async with database.transaction() as tx:
                await store.insert_keys(tx, {"test": tenants["test"][0]}, [key], now)
                await store.save_restrictions(tx, key.id, rate_limit, Restrictions(**only))
                await tx.commit()
            return key

        return Caller(merchant.base, ask(insert).secret)

    return make
