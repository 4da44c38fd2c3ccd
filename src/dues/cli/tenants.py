"""Which merchant, in which mode; and commands of the API that are run for it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from dues.cli.database import with_database
from dues.cli.merchants import find_merchant
from dues.commands.carry_out import Group
from dues.commands.command import Procedure
from dues.commands.job import Job
from dues.db.database import Database
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.resources.kinds import KINDS
from dues.tenants import store
from dues.work.work import Request, Work

Live = Annotated[bool, typer.Option("--live", help="Live data. Without it: test data.")]


async def find_tenant(database: Database, merchant: str | None, live: bool) -> tuple[Tenant, int]:
    """The tenant of a merchant (where there is one only, it need not be named) and mode, and its clock's offset."""
    return await _tenant_of(database, await find_merchant(database, merchant), live)


async def _tenant_of(database: Database, owner: Mapping[str, Any], live: bool) -> tuple[Tenant, int]:
    tenants = await store.find_tenants(database, owner["id"])
    return tenants["live" if live else "test"]


def ask(command: Procedure, body: Any, merchant: str | None, live: bool, data: Path | None) -> Any:
    """Runs a command of the API on a merchant's data; its outcome."""

    async def run(database: Database) -> Any:
        owner = await find_merchant(database, merchant)
        tenant, offset = await _tenant_of(database, owner, live)
        now = datetime.now(UTC)
        request = Request(tenant, new_id("req_", now), body, clock_offset_seconds=offset, time_zone=owner["time_zone"])
        async with database.transaction(tenant.cell) as tx:
            work = Work(tx, now, {tenant: offset})
            [outcome] = await Group(KINDS, timedelta()).carry_out(work, [Job(command, request)])
            await tx.commit()
        return outcome

    return with_database(data, run)


def run_command(
    command: Procedure, body: Any, merchant: str | None, live: bool, data: Path | None
) -> Mapping[str, Any]:
    """The same; what it answers. Raises typer.BadParameter where it refuses."""
    outcome = ask(command, body, merchant, live, data)
    if isinstance(outcome, Refusal):
        raise typer.BadParameter(f"{outcome.pointer or ''} {outcome.detail}".strip())
    shown: Mapping[str, Any] = msgspec.json.decode(outcome.json)
    return shown


def print_json(shown: object) -> None:
    """Prints JSON for people and programs."""
    print(msgspec.json.format(msgspec.json.encode(shown)).decode())
