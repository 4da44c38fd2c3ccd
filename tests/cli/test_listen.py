"""`dues listen`: what it prints is events, whatever else happens."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.tenants.merchants import create_merchant
from tests.db.databases import EmptyDatabases
from tests.journeys.home import environment
from tests.journeys.own_database import rows_of, until
from tests.starting import STARTER

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


@pytest.mark.slow
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


# Its secret ---------------------------------------------------------------------------------------------------------


def signing_with(url: str, merchant: str, data: Path, **settings: str) -> tuple[str, str]:
    """What `dues listen` says that it signs with, and what it prints else."""
    out, err = data.parent / "out", data.parent / "err"
    arguments = ["listen", "--merchant", merchant, "--forward-to", "http://127.0.0.1:9"]
    with out.open("w") as stdout, err.open("w") as stderr:
        environs = environment(database_url=url, data=str(data), **settings)
        process = STARTER.start(arguments, environs, stdout, stderr)
    try:
        until(lambda: process.poll() is not None or rows_of(url, LISTENING))
    finally:
        process.terminate()
        process.wait(10)
    return err.read_text(), out.read_text()


@pytest.mark.slow
def test_a_secret_that_was_made_is_kept_for_the_next_time_and_shown_to_no_log(
    databases: EmptyDatabases, tmp_path: Path
) -> None:
    url = databases.new()
    merchant = asyncio.run(prepare(url))
    data = tmp_path / "data"
    kept = data / "listen-secret"
    first = signing_with(url, merchant, data)
    secret = kept.read_text()
    assert secret.startswith("whsec_")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert first == signing_with(url, merchant, data) == (f"Signing with the secret in {kept}\n", "")
    assert kept.read_text() == secret
    assert signing_with(url, merchant, data, listen_secret="whsec_AAAA") == ("", "")
    kept.chmod(0o644)
    assert "others may read it (mode 644). Make it 600." in signing_with(url, merchant, data)[0]
    assert "DUES_LISTEN_SECRET is no secret" in signing_with(url, merchant, data, listen_secret="geheim")[0]
