"""Exports that are kept: the same file as the list's own, once it is whole, for whoever may see the list."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from dues.cli.work import carrying_out
from dues.db.database import Database
from dues.db.migrate import migrate
from dues.jobs.chunks.store import insert_chunk, read_bytes
from dues.jobs.leases.store import lease_job
from dues.jobs.store import Lost, insert_job
from dues.resources.stored_exports.wire import ExportInput
from dues.tenants.merchants import create_merchant
from dues.tenants.store import find_tenants
from tests.db.databases import EmptyDatabases
from tests.resources.conftest import MakeKey
from tests.running import Caller, new_key

EXPORTS = "/billing/exports"


def ask(caller: Caller, query: str, key: str | None = None) -> Any:
    return caller.http.post(f"{EXPORTS}?{query}", headers={"Idempotency-Key": key or new_key()})


def ended(caller: Caller, export: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while (found := caller.get(f"{EXPORTS}/{export['id']}").json())["status"] == "exporting":
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return dict(found)


def test_its_file_is_that_of_the_list(alice: Caller, mallory: Caller) -> None:
    for number in range(3):
        alice.register_customer(external_reference=f"CUST-{number}", currency="ZAR", balance=number, name="=1+1")
    key, query = new_key(), "kind=customers&currency=ZAR&columns=external_reference,name,balance&for=spreadsheet"
    asked = ask(alice, query, key)
    assert (asked.status_code, asked.json()["status"]) == (202, "exporting")
    done = ended(alice, asked.json())
    assert (done["status"], done["rows"], done["kind"]) == ("completed", 3, "customers")
    path = f"{EXPORTS}/{done['id']}"
    file = alice.get(f"{path}/file.csv")
    whole = alice.http.get(f"/billing/customers?{query.partition('&')[2]}", headers={"Accept": "text/csv"})
    assert (file.content, len(file.content)) == (whole.content, done["bytes"])
    assert file.headers["content-disposition"] == 'attachment; filename="customers.csv"'

    again = ask(alice, query, key)
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (done["id"], "true")
    assert ask(alice, "kind=customers", key).json()["code"] == "idempotency_key_reused"
    assert [one["id"] for one in alice.everything(EXPORTS)] == [done["id"]]
    assert alice.everything("/billing/imports") == []
    assert mallory.everything(EXPORTS) == []
    for stranger in (mallory.get(path), mallory.get(f"{path}/file.csv")):
        assert (stranger.status_code, stranger.json()["code"]) == (404, "export_not_found")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "required"),
        ("kind=bills&kind=bills", "required"),
        ("kind=bill", "unknown_kind"),
        ("kind=bills&statu=unpaid", "unknown_parameter"),
        ("kind=bills&status=unpaid&status=paid", "malformed_query"),
        ("kind=bills&limit=5", "not_together"),
        ("kind=bills&columns=amount", "unknown_column"),
        ("kind=bills&created_at[gte]=yesterday", "invalid_time"),
    ],
)
def test_what_the_list_would_refuse_is_refused_at_once(alice: Caller, query: str, code: str) -> None:
    answer = ask(alice, query)
    assert answer.status_code == 400, answer.text
    assert code in {error["code"] for error in answer.json()["errors"]}, answer.text
    assert alice.everything(EXPORTS) == []


def test_a_restricted_key_exports_what_it_may_read(restricted: MakeKey) -> None:
    clerk = restricted(allowed=["exports:*", "bills:read"])
    assert ask(clerk, "kind=bills").status_code == 202
    refused = ask(clerk, "kind=customers")
    assert (refused.status_code, refused.json()["code"]) == (403, "key_not_allowed")
    assert ask(restricted(allowed=["bills:read"]), "kind=bills").status_code == 403


INSERT_CUSTOMER = """
insert into customers (cell, tenant_id, id, external_reference, created_at)
values ($1, $2, 'bcus_1', 'CUST-1', now()) returning id
"""


def test_whoever_takes_it_over_begins_again_and_who_lost_it_writes_no_more(databases: EmptyDatabases) -> None:
    url, now = databases.new(), datetime.now(UTC)
    asyncio.run(migrate(url))

    async def run() -> None:
        database = await Database.connect(url, 4)
        try:
            async with database.transaction() as tx:
                merchant_id, _ = await create_merchant(tx, "Anybody", now)
                await tx.commit()
            tenant, _ = (await find_tenants(database, merchant_id))["test"]
            await database.rows(INSERT_CUSTOMER, *tenant)
            wanted = msgspec.json.encode(ExportInput("customers", "columns=external_reference"))
            made = await insert_job(database, tenant, "exp_1", "exporting", wanted, None, None, now, now)
            assert made
            await insert_chunk(database, made, 0, b"what one had written who was killed")
            lost = await lease_job(database, tenant.cell, "one", now, now - timedelta(seconds=1))
            held = await lease_job(database, tenant.cell, "two", now, now + timedelta(seconds=15))
            assert lost
            assert held
            with pytest.raises(Lost):
                await carrying_out(database, "one")(lost)
            done = await carrying_out(database, "two")(held)
            assert (done.status, done.rows_total) == ("completed", 1)
            written = b"".join([part async for part in read_bytes(database, done)])
            assert (written, done.read_to) == (b"external_reference\r\nCUST-1\r\n", len(written))
        finally:
            await database.close()

    asyncio.run(run())
