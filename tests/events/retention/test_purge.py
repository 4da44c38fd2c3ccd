"""Events are deleted when they are old; the number of an object's last one stays."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from dues.books.verify import Finding, Progress, verify
from dues.db.database import Database
from dues.events.retention.purge import purge_events
from tests.conftest import Ask
from tests.observing import unobserved
from tests.running import Caller

AGE = "update events set created_at = created_at - interval '40 days' where object_id = any($1::text[])"

LOCK = "select 1 from events where object_id = any($1::text[]) for update"
FIND_WAITING = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%from forget_events(%'"
AGE_CUSTOMERS = "update customers set created_at = created_at - interval '40 days' where id = any($1::text[])"


@pytest.mark.slow
def test_what_is_old_is_gone_and_who_would_miss_it_is_told(alice: Caller, ask: Ask[None]) -> None:
    old = alice.register_customer().json()["id"]
    alice.patch(f"/billing/customers/{old}", {"name": "Jane Doe"})
    first = alice.get("/billing/events?order=oldest_first&limit=1").json()
    young = alice.register_customer().json()["id"]

    async def purge(database: Database) -> None:
        await database.rows(AGE, [old])
        await purge_events(database, datetime.now(UTC) - timedelta(days=30), unobserved)
        # Of this age, nothing says any more that it was created; and nothing need.
        await database.rows("update customers set created_at = created_at - interval '40 days' where id = $1", old)

    ask(purge)
    assert [event["object_id"] for event in alice.everything("/billing/events")] == [young]
    assert alice.get(f"/billing/events/{first['data'][0]['id']}").status_code == 404
    expired = alice.get(f"/billing/events?order=oldest_first&cursor={first['next_cursor']}")
    assert (expired.status_code, expired.json()["errors"][0]["code"]) == (400, "cursor_expired")
    assert [event["object_id"] for event in alice.get("/billing/events?order=oldest_first").json()["data"]] == [young]


def test_an_object_goes_on_counting_where_it_was(alice: Caller, ask: Ask[None]) -> None:
    customer = alice.register_customer().json()["id"]
    alice.patch(f"/billing/customers/{customer}", {"name": "Jane Doe"})

    async def purge(database: Database) -> None:
        await database.rows(AGE, [customer])
        await purge_events(database, datetime.now(UTC) - timedelta(days=30), unobserved)
        await database.rows("update customers set created_at = created_at - interval '40 days' where id = $1", customer)

    ask(purge)
    assert alice.everything("/billing/events") == []
    alice.patch(f"/billing/customers/{customer}", {"name": "Jane Roe"})
    [event] = alice.everything("/billing/events")
    assert (event["type"], event["sequence"]) == ("customer.updated", 3)


def test_an_object_whose_events_are_deleted_again_and_again_is_still_in_order(
    alice: Caller, ask: Ask[list[Finding]], database_url: str
) -> None:
    customer = alice.register_customer().json()["id"]

    async def purge(database: Database) -> list[Finding]:
        await database.rows(AGE, [customer])
        await purge_events(database, datetime.now(UTC) - timedelta(days=30), unobserved)
        await database.rows("update customers set created_at = created_at - interval '40 days' where id = $1", customer)
        return [one async for one in verify(database_url, Progress(), lambda _: None) if one.object_id == customer]

    assert ask(purge) == []
    for number in range(2):
        alice.patch(f"/billing/customers/{customer}", {"name": f"Jane {number}"})
    assert ask(purge) == [], "of the second nothing is left, and that is right"
    alice.patch(f"/billing/customers/{customer}", {"name": "Jane Doe"})
    assert [event["sequence"] for event in alice.everything("/billing/events", object=customer)] == [4]


def test_of_processes_that_want_the_same_events_one_has_purged_them(alice: Caller, ask: Ask[list[int]]) -> None:
    customers = [alice.register_customer().json()["id"] for _ in range(20)]

    async def purge_at_once(database: Database) -> list[int]:
        await database.rows(AGE, customers)
        counted: list[int] = []
        before = datetime.now(UTC) - timedelta(days=30)
        purge = partial(purge_events, database, before, lambda _table, rows, _lag: counted.append(rows))
        async with database.transaction() as tx:
            await tx.lock(LOCK, customers)
            purges = [asyncio.create_task(purge()) for _ in range(2)]
            async with asyncio.timeout(3):
                while len(await database.rows(FIND_WAITING)) < 2:  # noqa: ASYNC110 -- PostgreSQL does not say so
                    await asyncio.sleep(0.01)
        await asyncio.gather(*purges)
        await database.rows(AGE_CUSTOMERS, customers)
        return counted

    assert sum(ask(purge_at_once)) == len(customers)
    assert alice.everything("/billing/events") == []
