"""`dues listen`: what it prints is events, whatever else happens."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.tenants.merchants import create_merchant
from tests.db.databases import EmptyDatabases
from tests.journeys.own_database import rows_of, until

LISTENING = """
select pid from pg_stat_activity
 where datname = current_database() and application_name = 'dues listens' and query like 'LISTEN%'
"""
CUT_OFF = f"select pg_terminate_backend(pid) from ({LISTENING}) as listening"


async def prepare(url: str) -> str:
    """Makes a merchant in a new database; its id."""
    await migrate(url)
    database = await Database.connect(url, 1)
    try:
        async with database.transaction() as tx:
            merchant_id, _ = await create_merchant(tx, "A test", datetime.now(UTC))
            await tx.commit()
    finally:
        await database.close()
    return merchant_id


def test_what_goes_wrong_is_told_beside_the_events(databases: EmptyDatabases, tmp_path: Path) -> None:
    url = databases.new()
    merchant = asyncio.run(prepare(url))
    command = [sys.executable, "-m", "dues", "listen", "--json", "--merchant", merchant]
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(command, env=os.environ | {"DUES_DATABASE_URL": url}, stdout=stdout, stderr=stderr)
    try:
        until(lambda: rows_of(url, LISTENING))
        rows_of(url, CUT_OFF)
        until(err.read_text)
    finally:
        process.terminate()
        process.wait(10)
    assert out.read_text() == ""
    [line] = map(json.loads, err.read_text().splitlines())
    assert (line["event"], line["job"]) == ("job_postponed", "listening")
