"""A demo is made by the commands of the API: its books are right, it is the same again, and nobody else is touched."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.demo.make import DemoExistsError, make_demo
from dues.demo.year import year
from dues.domain.refusals import Refusal
from dues.events.feed import Feed
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.http.queries import decode_query
from dues.resources.ageing.query import AgeingQuery
from dues.resources.ageing.read import read_ageing
from dues.resources.ageing.wire import AgedBody
from dues.resources.doing import Call
from dues.tenants.keys import NewKey, fingerprint
from dues.tenants.merchants import create_merchant
from dues.tenants.store import find_key
from tests.conftest import findings
from tests.db.databases import EmptyDatabases

NOW = datetime(2026, 7, 15, 12, 30, tzinfo=UTC)

CUSTOMERS = 12

OTHERS = """
select json_agg(e order by e.id)::text as entries, (select json_agg(k order by k.id)::text from api_keys k
                                                     where k.tenant_id = any($1::integer[])) as keys
  from events e where e.tenant_id = any($1::integer[])
"""


async def figures(database: Database, keys: list[NewKey], as_of: str) -> list[AgedBody]:
    """What the demo's customers owe on a day."""
    [secret] = [key.secret for key in keys if (key.mode, key.kind) == ("test", "secret")]
    key = await find_key(database, fingerprint(secret) or b"")
    assert key
    query = decode_query(f"by=customer&currency=ZAR&limit=100&as_of={as_of}".encode(), AgeingQuery)
    feed = Feed(database, Watermark(database), Notifier(database))
    call = Call(key=key, name="", query=query, idempotency_key=None, database=database, feed=feed)
    body = await read_ageing(call)
    assert not isinstance(body, Refusal)
    return [structs.replace(row, customer_id=None) for row in body.data]


async def make_twice(url: str) -> tuple[list[list[AgedBody]], Any, Any]:
    """A demo beside another merchant, which it was before and after; refused once more."""
    await migrate(url)
    database = await Database.connect(url, 3)
    try:
        async with database.transaction() as tx:
            await create_merchant(tx, "Somebody", NOW)
            await tx.commit()
        tenants = [row["id"] for row in await database.rows("select id from tenants")]
        before = [dict(row) for row in await database.rows(OTHERS, tenants)]
        made = await make_demo(database, year(7, NOW, CUSTOMERS))
        assert made.steps > CUSTOMERS * 12
        with pytest.raises(DemoExistsError):
            await make_demo(database, year(7, NOW, CUSTOMERS))
        after = [dict(row) for row in await database.rows(OTHERS, tenants)]
        days = ("2026-07-14", "2026-03-31")
        return [await figures(database, [*made.keys], day) for day in days], before, after
    finally:
        await database.close()


@pytest.mark.slow
def test_it_is_right_and_the_same_again_and_touches_nobody(database_url: str) -> None:
    databases = EmptyDatabases(database_url)
    try:
        found = []
        for _ in range(2):
            url = databases.new()
            shown, before, after = asyncio.run(make_twice(url))
            assert before == after
            assert json.loads(before[0]["keys"])
            assert findings(url) == []
            found.append(shown)
        assert found[0] == found[1]
        assert all(len(rows) > CUSTOMERS / 2 for rows in found[0])
        assert found[0][0] != found[0][1]
    finally:
        databases.close()
