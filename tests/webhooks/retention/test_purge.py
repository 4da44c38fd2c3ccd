"""What became of deliveries goes with their events, and at once with their endpoint."""

from datetime import UTC, datetime, timedelta

import pytest

from dues.db.database import Database
from dues.domain.ids import new_id
from dues.webhooks.retention.purge import purge_deliveries
from tests.conftest import Ask
from tests.observing import unobserved
from tests.running import Caller

NOW = datetime.now(UTC)
INSERT = """
insert into webhook_deliveries (cell, tenant_id, endpoint_id, event_id, event_type, status, attempts, next_attempt_at)
select cell, tenant_id, id, $2, 'bill.paid', $3, '[]', case $3 when 'pending' then now() end
  from webhook_endpoints where id = $1
"""
INSERT_LANE = """
insert into webhook_lanes (cell, tenant_id, endpoint_id, id, object_id, sequence, next_attempt_at)
select cell, tenant_id, id, 'lane_1', 'bill_1', 1, now() + interval '1 day' from webhook_endpoints where id = $1
"""
COUNT_LANES = "select count(*) as number from webhook_lanes where endpoint_id = $1"
COUNT = "select count(*) as number from webhook_deliveries where endpoint_id = $1"


@pytest.mark.slow
def test_old_deliveries_go_but_for_what_is_still_tried(alice: Caller, ask: Ask[None]) -> None:
    endpoint = alice.post("/billing/webhook_endpoints", {"url": "https://example.com"}).json()["id"]
    old = NOW - timedelta(days=40)
    ids = {
        new_id("evt_", old): "succeeded",
        new_id("evt_", old): "failed",
        new_id("evt_", old): "pending",
        new_id("evt_", NOW): "succeeded",
    }

    async def purge(database: Database) -> None:
        for event_id, status in ids.items():
            await database.rows(INSERT, endpoint, event_id, status)
        await purge_deliveries(database, NOW - timedelta(days=30), unobserved)

    ask(purge)
    left = alice.everything(f"/billing/webhook_endpoints/{endpoint}/deliveries")
    assert [one["event_id"] for one in left] == [list(ids)[3], list(ids)[2]]


def test_nothing_is_left_of_an_endpoint_that_was_deleted(alice: Caller, ask: Ask[list[int]]) -> None:
    endpoint = alice.post("/billing/webhook_endpoints", {"url": "https://example.com"}).json()["id"]

    async def fill(database: Database) -> list[int]:
        await database.rows(INSERT, endpoint, new_id("evt_", NOW), "pending")
        await database.rows(INSERT_LANE, endpoint)
        return []

    async def purge(database: Database) -> list[int]:
        await purge_deliveries(database, NOW - timedelta(days=30), unobserved)
        return [(await database.rows(count, endpoint))[0]["number"] for count in (COUNT, COUNT_LANES)]

    ask(fill)
    alice.http.delete(f"/billing/webhook_endpoints/{endpoint}")
    assert ask(purge) == [0, 0]
