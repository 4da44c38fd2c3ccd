"""A database of the version before is upgraded when the program starts: nothing is lost, and everything goes on."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from dues.books.verify import Finding, Progress, verify
from dues.db.database import Database
from dues.db.migrate import migrations
from dues.tenants import store
from dues.tenants.keys import Mode, generate
from tests.db.databases import EmptyDatabases
from tests.running import Caller, RunningServer

LAST_OF_BEFORE = "0005"

HERE = Path(__file__).parent


@pytest.fixture
def database_before(databases: EmptyDatabases) -> str:
    """A database as that version left it."""
    url = databases.new()

    async def fill() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(
            "create table schema_migrations (name text primary key, applied_at timestamptz not null default now())"
        )
        for name, sql in migrations().items():
            if name[:4] <= LAST_OF_BEFORE:
                await connection.execute(sql)
                await connection.execute("insert into schema_migrations (name) values ($1)", name)
        await connection.execute((HERE / "version_before.sql").read_text())
        await connection.close()

    asyncio.run(fill())
    return url


def caller(url: str, base: str, mode: Mode) -> Caller:
    """Somebody with a new key of the merchant that is there."""

    async def make() -> str:
        database = await Database.connect(url, 2)
        async with database.transaction() as tx:
            [merchant] = await store.find_merchants(tx)
            tenants = await store.find_tenants(database, merchant["id"])
            key = generate(mode, "secret", datetime.now(UTC))
            await store.insert_keys(tx, {mode: tenants[mode][0]}, [key], datetime.now(UTC))
            await tx.commit()
        await database.close()
        return key.secret

    return Caller(base, asyncio.run(make()))


def found(who: Caller) -> dict[str, Any]:
    """All that a tenant has."""
    lists = {name: who.everything(f"/billing/{name}") for name in ("customers", "accounts", "bills", "payments")}
    return lists | {
        "events": who.everything("/billing/events", limit=100),
        "entries": who.everything("/billing/accounts/ACC-1/entries"),
    }


def wrong(url: str) -> list[Finding]:
    """What is wrong with the books."""

    async def run() -> list[Finding]:
        return [finding async for finding in verify(url, Progress(), lambda _: None)]

    return asyncio.run(run())


def raised(kept: Any) -> Any:
    """What was kept, with the default rules that nobody chose as they are now."""
    if isinstance(kept, list):
        return [raised(one) for one in kept]
    if not isinstance(kept, dict):
        return kept
    was = {"min_amount": 100, "max_amount": 500_000, "underpayment_allowed": True, "overpayment_allowed": False}
    if kept == was:
        return was | {"min_amount": 1, "max_amount": 2**53 - 1}
    return {name: raised(value) for name, value in kept.items()}


@pytest.mark.slow
def test_what_the_version_before_kept_is_all_there_and_goes_on(database_before: str, log_path: Path) -> None:
    before = json.loads((HERE / "version_before.json").read_text())
    with RunningServer(database_url=database_before, log=log_path, webhooks="false").running() as server:
        assert wrong(database_before) == []
        modes: tuple[Mode, ...] = ("test", "live")
        for mode in modes:
            who = caller(database_before, server.base, mode)
            now = found(who)
            assert all("voided_at" in bill for bill in now["bills"] if bill["status"] == "voided")
            for bill in now["bills"]:
                bill.pop("voided_at", None)
            # What was told stays as it was told.
            assert now == raised(before[mode]) | {"events": before[mode]["events"]}
            paid = {"external_reference": "EFT-3", "amount": 600, "currency": "ZAR", "allocation": "oldest_due_first"}
            assert who.post("/billing/payments", {"account": "ACC-1"} | paid).status_code == 201
            assert who.post("/billing/payments/EFT-1/reverse", {"reason": "bounced"}).status_code == 200
            assert who.patch("/billing/accounts/ACC-1", {"balance": 1}).json()["balance"] == 1
        assert wrong(database_before) == []


def test_what_an_endpoint_had_still_to_get_it_has_still_to_get(database_before: str, log_path: Path) -> None:
    with RunningServer(database_url=database_before, log=log_path, webhooks="false").running():

        async def waiting() -> list[tuple[str, str]]:
            connection = await asyncpg.connect(database_before)
            rows = await connection.fetch(
                "select e.type, e.object_id from webhook_lanes l join events e on e.object_id = l.object_id "
                "and e.sequence = l.sequence"
            )
            await connection.close()
            return [(row["type"], row["object_id"]) for row in rows]

        [(event_type, object_id)] = asyncio.run(waiting())
    bills = json.loads((HERE / "version_before.json").read_text())["test"]["bills"]
    assert event_type == "bill.created"
    assert object_id == next(bill["id"] for bill in bills if bill["external_reference"] == "INV-2")
