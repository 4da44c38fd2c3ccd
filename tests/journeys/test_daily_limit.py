"""Forty payments at once cannot pass what a key may move in a day, at one process or at two."""

from datetime import UTC, datetime

import pytest

from dues.db.database import Database
from dues.tenants import store
from dues.tenants.keys import NewKey, Restrictions, generate
from tests.conftest import Ask, Merchant
from tests.journeys.burst import Shot, send_at_once
from tests.running import Caller, RunningServer, new_reference

AT_ONCE = 40


@pytest.fixture
def key(ask: Ask[NewKey], merchant: Merchant) -> NewKey:
    """A key that may move ZAR 100.00 a day."""

    async def make(database: Database) -> NewKey:
        now = datetime.now(UTC)
        key = generate("test", "secret", now)
        tenants = await store.find_tenants(database, merchant.id)
        async with database.transaction() as tx:
            await store.insert_keys(tx, {"test": tenants["test"][0]}, [key], now)
            await store.save_restrictions(tx, key.id, None, Restrictions(max_per_day=10_000))
            await tx.commit()
        return key

    return ask(make)


@pytest.mark.parametrize("processes", [1, 2])
def test_payments_at_once_stop_at_the_limit(
    processes: int, server: RunningServer, second_server: RunningServer, alice: Caller, key: NewKey, ask: Ask[int]
) -> None:
    # Each of an account of its own: nothing but the key's sum has them meet.
    accounts = [alice.open_account(currency="ZAR", balance=3_000).json()["id"] for _ in range(AT_ONCE)]
    bases = [server.base, second_server.base][:processes]
    shots = [
        Shot(
            bases[number % processes],
            key.secret,
            {"account": account, "external_reference": new_reference("EFT"), "amount": 700, "currency": "ZAR"},
            path="/billing/payments",
        )
        for number, account in enumerate(accounts)
    ]
    for base in bases:  # so that each has looked the key up, and none is late
        assert Caller(base, key.secret).get("/billing/payments").status_code == 200
    answers = send_at_once(shots)
    taken = [answer for answer in answers if answer.status == 201]
    assert len(taken) == 10_000 // 700
    assert {(answer.status, answer.code) for answer in answers if answer not in taken} == {(403, "daily_limit_reached")}
    paid = sum(3_000 - alice.get(f"/billing/accounts/{account}").json()["balance"] for account in accounts)
    assert paid == 700 * len(taken)

    async def spent(database: Database) -> int:
        row = await database.row(
            "select (totals ->> 'ZAR')::integer as spent from key_spendings where key_id = $1 order by number desc",
            key.id,
        )
        assert row
        return int(row["spent"])

    assert ask(spent) == paid
