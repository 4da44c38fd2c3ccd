"""`dues webhooks test`, `deliveries` and `resend`: what became of events at an endpoint, and sending them again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from dues.cli.database import AlwaysJson, Data, with_database
from dues.cli.merchants import Merchant
from dues.cli.tenants import Live, find_tenant, print_json, run_command
from dues.cli.webhooks import Endpoint
from dues.commands.command import Modify
from dues.db.database import Database
from dues.domain.webhook_endpoints import Resend
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.resend import RESEND
from dues.resources.webhook_endpoints.send_event import SEND_TEST_EVENTS
from dues.resources.webhook_endpoints.wire import delivery_body


def send_test(
    endpoint: Endpoint,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AlwaysJson = True,
) -> None:
    """Send ENDPOINT an event, to see that it arrives."""
    print_json(run_command(SEND_TEST_EVENTS, Modify(endpoint, None), merchant, live, data))


def deliveries(
    endpoint: Endpoint,
    status: Annotated[str | None, typer.Option(help="Only these: succeeded, pending or failed.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1_000)] = 20,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AlwaysJson = True,
) -> None:
    """Show what became of events at ENDPOINT, newest first, with every attempt, as JSON."""

    async def run(database: Database) -> Sequence[Any]:
        tenant, _ = await find_tenant(database, merchant, live)
        rows = await store.list_deliveries(database, tenant, endpoint, None, status, limit)
        return [delivery_body(row) for row in rows]

    print_json(with_database(data, run))


def resend(
    endpoint: Endpoint,
    event: Annotated[str | None, typer.Option(help="The id of one event.")] = None,
    since: Annotated[datetime | None, typer.Option(help="All from this time (UTC) on …")] = None,
    until: Annotated[datetime | None, typer.Option(help="… to before this one.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All whose attempts were used up.")] = False,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AlwaysJson = True,
) -> None:
    """Send events to ENDPOINT again: one, those of a time, or all that failed."""
    if sum([event is not None, since is not None, failed]) != 1:
        raise typer.BadParameter("say one of --event, --since and --failed.")
    wanted = Resend(event=event, since=_utc(since), until=_utc(until), failed=failed or None)
    print_json(run_command(RESEND, Modify(endpoint, wanted), merchant, live, data))


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time else None


def add_commands(app: typer.Typer) -> None:
    """Adds these to the other commands on webhooks."""
    app.command("test")(send_test)
    app.command()(deliveries)
    app.command()(resend)
