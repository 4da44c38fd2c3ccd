"""A million bills of one tenant: how long it takes to have them whole, and how much memory."""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psutil
import pytest

from dues.db.database import Database
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.events.feed import Feed
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.resources.api import LISTS
from dues.resources.doing import Call, Lists
from dues.resources.exports.write import export
from dues.tenants.keys import ApiKey
from tests.lists.test_a_million_bills import COUNT, fill
from tests.lists.test_plans import alone

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes minutes")]

SECONDS_MAX = 60.0

MORE_MEMORY_MAX = 50e6
"""However many rows there are: a page of them, and some references."""


@pytest.fixture(scope="module")
def stock(database_url: str) -> Iterator[tuple[asyncio.Runner, Database, Tenant]]:
    """A tenant with a million bills."""
    with alone(database_url) as (url, runner, database, tenant):
        runner.run(fill(url, tenant))
        yield runner, database, tenant


def call_of(database: Database, tenant: Tenant) -> Call:
    now = datetime.now(UTC)
    key = ApiKey("key_", tenant, "mer_", "test", "secret", "", now, None, None, None, 0, "UTC", None, None)
    feed = Feed(database, Watermark(database), Notifier(database))
    return Call(key=key, name="", query=LISTS["bills"].query(), idempotency_key=None, database=database, feed=feed)


def test_a_million_rows_take_less_than_a_minute_and_no_memory(
    stock: tuple[asyncio.Runner, Database, Tenant],
) -> None:
    runner, database, tenant = stock
    lists, process = LISTS["bills"].does, psutil.Process()
    assert isinstance(lists, Lists)

    async def read() -> tuple[int, int, float, float]:
        document = await export(lists, call_of(database, tenant), "bills")
        assert not isinstance(document, Refusal)
        rows = size = 0
        early = late = 0.0
        async for part in document.parts:
            rows += part.count(b"\n")
            size += len(part)
            late = process.memory_info().rss
            early = early or (late if rows > COUNT // 20 else 0.0)
        return rows - 1, size, early, late

    started = time.monotonic()
    rows, size, early, late = runner.run(read())
    seconds = time.monotonic() - started
    print(f"\n{rows:,} rows, {size / 1e6:.0f} MB: {seconds:.1f} s, {1e6 * seconds / rows:.1f} µs a row; ", end="")
    print(f"memory {early / 1e6:.0f} → {late / 1e6:.0f} MB")
    assert rows == COUNT
    assert seconds < SECONDS_MAX
    assert late - early < MORE_MEMORY_MAX
