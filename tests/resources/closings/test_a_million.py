"""Closing the days of a million bills: how long it takes."""

import os
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from dues.cli.work import find_wrong_of
from dues.commands.carry_out import Group
from dues.commands.job import Job
from dues.db.database import Database
from dues.domain.closings import NewClosing
from dues.domain.tenants import Tenant
from dues.resources.closings.close import CREATE_CLOSINGS
from dues.resources.closings.folder.write import write_folder
from dues.resources.closings.store import find_closed_through
from dues.resources.kinds import KINDS
from dues.work.work import Request, Work
from tests.lists.test_plans import alone
from tests.resources.exports.test_a_million_rows import call_of
from tests.resources.statements.test_beside_a_million_bills import fill

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes minutes")]

CLOSING_SECONDS_MAX = 30.0


async def close(database: Database, tenant: Tenant, day: date) -> Any:
    request: Request[NewClosing] = Request(tenant, "req_", NewClosing(through=day))
    async with database.transaction(tenant.cell) as tx:
        [made] = await Group(KINDS, timedelta()).carry_out(Work(tx, datetime.now(UTC)), [Job(CREATE_CLOSINGS, request)])
        await tx.commit()
    return made


def test_a_closing_of_a_million_bills(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    day = date(2026, 2, 15)

    async def write(database: Database, tenant: Tenant) -> int:
        call = structs.replace(call_of(database, tenant), query=None)
        closing = await find_closed_through(database, tenant, day)
        assert closing
        with tempfile.TemporaryFile() as file:
            # What was filled in has hashes of nothing, so that it is not verified here.
            verify = (lambda: find_wrong_of(database.url, tenant)) if "DUES_VERIFY" in os.environ else nothing_wrong
            await write_folder(call, closing, file, verify)
            return file.seek(0, os.SEEK_END)

    async def nothing_wrong() -> list[Any]:
        return []

    with alone(database_url) as (url, runner, database, tenant):
        runner.run(fill(url, tenant))
        started = time.monotonic()
        made = runner.run(close(database, tenant, day))
        closing_took = time.monotonic() - started
        started = time.monotonic()
        size = runner.run(write(database, tenant))
        folder_took = time.monotonic() - started
    assert made.id.startswith("cls_")
    with capsys.disabled():
        print(f"\nclosing: {closing_took:.1f} s; folder: {folder_took:.1f} s, {size / 1e6:.1f} MB")
    assert closing_took < CLOSING_SECONDS_MAX
