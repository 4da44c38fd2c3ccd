"""`dues status`: what it sees, what it calls wrong, and that it changes nothing."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from dues.cli.main import app
from dues.cli.status import _span
from dues.db.database import Database
from dues.db.migrate import migrate, migrations
from dues.db.sessions import NAME_MAX, find_processes, session_name
from dues.tenants.merchants import create_merchant
from tests.db.databases import EmptyDatabases, execute
from tests.journeys.own_database import rows_of

APPLIED = "select name from schema_migrations order by name"


def run(url: str, *command: str) -> tuple[int, str]:
    """Exit status and what is printed."""
    done = CliRunner().invoke(app, command, env={"DUES_DATABASE_URL": url, "DUES_MERCHANT": ""})
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    return done.exit_code, done.stdout


def status(url: str) -> tuple[int, dict[str, Any]]:
    """Exit status and what is seen."""
    code, printed = run(url, "status", "--json")
    found: dict[str, Any] = json.loads(printed)
    return code, found


@pytest.fixture
def current(databases: EmptyDatabases) -> str:
    """A database with one merchant and the current schema."""
    url = databases.new()

    async def make() -> None:
        await migrate(url)
        database = await Database.connect(url, 1)
        async with database.transaction() as tx:
            await create_merchant(tx, "A test", datetime.now(UTC), 1)
            await tx.commit()
        await database.close()

    asyncio.run(make())
    return url


def test_a_current_database_that_nobody_serves_is_all_right(current: str) -> None:
    code, found = status(current)
    assert (code, found["wrong"], found["schema"]) == (0, [], {"state": "current", "missing": [], "unknown": []})
    assert (found["merchants"], found["cells"], found["servers"], found["deliverers"]) == (1, 1, [], [])
    assert found["feed"] == {"lag_seconds": 0.0}
    assert found["deliveries"] == {
        "held_at": None,
        "endpoints": 0,
        "disabled_endpoints": 0,
        "waiting": 0,
        "oldest_seconds": None,
    }
    assert (found["backed_up_at"], found["restored_at"]) == (None, None)
    assert found["database"]["size_bytes"] > 1_000_000
    code, printed = run(current, "status")
    assert "schema      current\n" in printed
    assert "backup      none known\n" in printed
    assert "merchants   1 in 1 cell\n" in printed


def test_a_schema_that_is_behind_is_said_and_not_migrated(databases: EmptyDatabases) -> None:
    url, names = databases.new(), list(migrations())

    async def fill() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("create table schema_migrations (name text primary key)")
        for name in names[:-1]:
            await connection.execute(migrations()[name])
            await connection.execute("insert into schema_migrations values ($1)", name)
        await connection.close()

    asyncio.run(fill())
    code, found = status(url)
    assert (code, found["schema"]) == (1, {"state": "behind", "missing": [names[-1]], "unknown": []})
    assert "merchants" not in found
    assert f"WRONG       The schema is behind: {names[-1]}." in run(url, "status")[1]
    assert [row["name"] for row in rows_of(url, APPLIED)] == names[:-1]


def test_a_schema_of_a_newer_version_is_said(current: str) -> None:
    execute(current, "insert into schema_migrations (name) values ('9999_later.sql')")
    code, found = status(current)
    assert (code, found["schema"]["state"], found["schema"]["unknown"]) == (1, "newer", ["9999_later.sql"])
    assert "9999_later.sql" in found["wrong"][0]


def test_what_waits_to_be_delivered_is_counted_and_its_age_told(current: str) -> None:
    first, second, third = (
        json.loads(run(current, "webhooks", "create", f"https://example.com/{number}")[1])["id"] for number in range(3)
    )
    for endpoint in (first, second):
        assert run(current, "webhooks", "test", endpoint)[0] == 0
    assert run(current, "webhooks", "disable", third)[0] == 0
    _, found = status(current)
    events = {row["id"]: row for row in rows_of(current, "select * from events order by position")}
    # Each enabled endpoint gets whatever came after it was made.
    positions = {row["id"]: row["position"] for row in rows_of(current, "select id, position from webhook_endpoints")}
    waiting = sum(event["position"] > positions[one] for one in (first, second) for event in events.values())
    assert waiting >= 2
    seen = found["deliveries"]
    assert (seen["endpoints"], seen["disabled_endpoints"], seen["waiting"]) == (2, 1, waiting)

    execute(current, "update webhook_endpoints set position = 1000000")
    assert status(current)[1]["deliveries"] | {"waiting": 0, "oldest_seconds": None} == status(current)[1]["deliveries"]

    lane = """
        insert into webhook_lanes (cell, tenant_id, endpoint_id, id, object_id, sequence, next_attempt_at)
        select cell, tenant_id, object_id, 'lane', object_id, sequence, now() from events where type like '%test'
         order by position limit 1
    """
    execute(current, lane)
    execute(current, "update tenants set clock_offset_seconds = 7200 where mode = 'test'")
    seen = status(current)[1]["deliveries"]
    assert (seen["waiting"], 7_200 <= seen["oldest_seconds"] < 7_300) == (1, True)
    assert "1 event to send, 2 endpoints and 1 disabled, the oldest for 2 h\n" in run(current, "status")[1]


def test_backups_and_held_deliveries_are_told(current: str) -> None:
    execute(
        current,
        "update installation set backed_up_at = now() - interval '3 hours', restored_at = '2026-01-31 12:00Z',"
        " deliveries_held_at = '2026-01-31 12:00Z'",
    )
    code, printed = run(current, "status")
    assert code == 0
    assert "backup      3 h ago\n" in printed
    assert "deliveries  HELD since 2026-01-31 12:00 UTC; 0 events" in printed
    assert "restored    2026-01-31 12:00 UTC\n" in printed


@contextmanager
def writing(url: str, seconds: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody holds the table of events for writing, and that has been too long once it was `seconds`."""
    monkeypatch.setattr("dues.cli.status.LAG_SECONDS_MAX", seconds)
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url))
        runner.run(connection.execute("begin; lock table events in row exclusive mode"))
        runner.run(asyncio.sleep(0.05))
        yield
        runner.run(connection.close())


def test_a_feed_that_is_held_up_is_wrong(current: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing(current, 0, monkeypatch):
        code, found = status(current)
    assert code == 1
    assert 0.05 < found["feed"]["lag_seconds"] < 60
    assert "feed_held_up" in found["wrong"][0]
    assert status(current)[0] == 0


def test_processes_are_known_by_what_they_call_their_sessions(current: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "host-" + "x" * 100)

    async def look() -> list[Any]:
        server = await Database.connect(current, 2, application_name=session_name("serves"))
        other = await Database.connect(current, 1)
        try:
            return await find_processes(other)
        finally:
            await server.close()
            await other.close()

    [process] = asyncio.run(look())
    assert (process.work, process.host[:6]) == ("serves", "host-x")
    assert len(session_name("delivers")) == NAME_MAX


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(minutes=10), "10 min"),
        (timedelta(hours=25), "1 d"),
    ],
)
def test_times_are_said_shortly(given: timedelta, said: str) -> None:
    assert _span(given.total_seconds()) == said
