"""How far deliveries are behind: what is due where nobody delivers, and what is not."""

import asyncio
from datetime import UTC, datetime, timedelta

from dues.db.database import Database
from dues.events.watermark import Watermark
from dues.webhooks.backlog.due import Due
from dues.webhooks.backlog.watch import watch
from dues.webhooks.health import FAILURES_MAX
from tests.conftest import Merchant
from tests.running import Caller


def found(url: str, *, then: str = "", arguments: tuple[object, ...] = ()) -> Due:
    """What waits now, after a statement."""

    async def look() -> Due:
        database = await Database.connect(url, 2)
        try:
            if then:
                await database.rows(then, *arguments)
            said: list[Due] = []
            await watch(database, Watermark(database), said.append)
            return said[0]
        finally:
            await database.close()

    return asyncio.run(look())


def test_what_is_due_is_counted_and_timed(database_url: str, merchant: Merchant, alice: Caller) -> None:
    before = found(database_url)
    body = {"url": "https://hooks.example.com/a", "event_types": ["customer.created"]}
    endpoint = alice.post("/billing/webhook_endpoints", body).json()["id"]
    assert alice.make_bill().status_code == 201  # a customer, and a bill that nobody asked to be told of
    after = found(database_url)
    assert (after.working, after.due) == (before.working + 1, before.due + 1)
    assert 0 < after.lag_seconds < 600

    ago = datetime.now(UTC) - timedelta(hours=2)
    save = "update webhook_endpoints set held_until = $2, failures = $3, failing_since = $4 where id = $1"
    held = found(database_url, then=save, arguments=(endpoint, datetime.now(UTC) + timedelta(hours=1), 1, ago))
    assert held.due == before.due, "what it has asked time for is not due"
    lane = """
        insert into webhook_lanes (cell, tenant_id, endpoint_id, id, object_id, sequence, next_attempt_at)
        select cell, tenant_id, id, 'lane_' || id, 'bcus_', 1, $2 from webhook_endpoints where id = $1
    """
    late = found(database_url, then=lane, arguments=(endpoint, ago))
    assert late.due == before.due + 1
    assert 7200 <= late.lag_seconds < 7300, "what is tried again is late by its own time"

    failing = found(database_url, then=save, arguments=(endpoint, None, FAILURES_MAX, ago))
    assert (failing.working, failing.failing, failing.due) == (before.working, before.failing + 1, before.due)
    assert failing.lag_seconds < 7200, "an endpoint that takes nothing makes nobody late"

    found(database_url, then=save, arguments=(endpoint, None, 0, None))
    moved = """
        update tenants t set clock_offset_seconds = 86400
          from webhook_endpoints e where e.id = $1 and t.id = e.tenant_id
    """
    assert found(database_url, then=moved, arguments=(endpoint,)).working == before.working, "nor does a test clock"
