"""Merchants: how one comes into being, with its default payment rules and its four keys."""

from collections.abc import Callable, Collection
from datetime import datetime

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.domain.currencies import EXPONENTS
from dues.domain.ids import new_id
from dues.domain.payment_rules import NOUNS, standard_rules
from dues.tenants import store
from dues.tenants.keys import KeyKind, Mode, NewKey, generate

MODES: tuple[Mode, ...] = ("test", "live")
KEY_KINDS: tuple[KeyKind, ...] = ("secret", "public")


async def create_merchant(
    tx: Transaction,
    name: str,
    now: datetime,
    cells: int = 1,
    time_zone: str = "UTC",
    *,
    currencies: Collection[str] = EXPONENTS,
) -> tuple[str, list[NewKey]]:
    """A merchant with rules for every currency and a key of each mode and kind. Returns its id and the keys."""
    merchant_id = new_id("mer_", now)
    keys = [generate(mode, kind, now) for mode in MODES for kind in KEY_KINDS]
    await store.lock_merchants(tx)

    tenants = await store.insert_merchant(tx, merchant_id, name, now, cells, time_zone)
    rules = [(noun, currency, standard_rules()) for noun in NOUNS for currency in sorted(currencies)]
    for tenant in tenants.values():
        await store.save_payment_rules(tx, tenant, rules)
    await store.insert_keys(tx, tenants, keys, now)
    return merchant_id, keys


Keep = Callable[[str, list[NewKey]], None]
"""Keeps a merchant's keys. They are shown nowhere else, so if this fails there is no merchant."""


async def create_first_merchant(
    database: Database, now: datetime, cells: int = 1, keep: Keep = lambda merchant_id, keys: None
) -> list[NewKey]:
    """The keys of a first merchant, made now; empty where there is a merchant already."""
    async with database.transaction() as tx:
        await store.lock_merchants(tx)
        if await store.find_merchants(tx):
            await tx.commit()
            return []
        merchant_id, keys = await create_merchant(tx, "My company", now, cells)
        keep(merchant_id, keys)
        await tx.commit()
        return keys
