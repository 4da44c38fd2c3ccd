"""`dues webhooks`: where events are sent, what became of them there, and sending them again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dues.cli.database import AsJson, Data, with_database
from dues.cli.tenants import Live, Merchant, find_tenant
from dues.db.database import Database
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal
from dues.domain.webhook_endpoints import NewWebhookEndpoint, Resend, WebhookEndpointChanges
from dues.lists.listing import Query
from dues.resources.changes import Change
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.create import create_webhook_endpoints
from dues.resources.webhook_endpoints.list import list_webhook_endpoints
from dues.resources.webhook_endpoints.resend import RESEND
from dues.resources.webhook_endpoints.rotate_secret import ROTATE_SECRETS
from dues.resources.webhook_endpoints.send_test import SEND_TEST_EVENTS
from dues.resources.webhook_endpoints.update import update_webhook_endpoints
from dues.resources.webhook_endpoints.wire import delivery_body
from dues.settings import read_settings
from dues.work.work import Command, Request, Work

app = typer.Typer(help="Where a merchant's events are sent.", no_args_is_help=True)

Types = Annotated[list[str] | None, typer.Option("--type", help="A type of event to send; again for more.")]
Endpoint = Annotated[str, typer.Argument(help="The endpoint's id, whe_….")]


@app.command()
def create(
    url: str, event_types: Types = None, merchant: Merchant = None, live: Live = False, data: Data = None
) -> None:
    """Have events sent to URL, all of them or those of some types. Shows the secret this once."""
    command = create_webhook_endpoints(read_settings(data=data).webhook_allow_private)
    _print(_run(command, NewWebhookEndpoint(url=url, event_types=event_types or None), merchant, live, data))


@app.command("list")
def list_endpoints(merchant: Merchant = None, live: Live = False, data: Data = None, as_json: AsJson = False) -> None:
    """List the endpoints, newest first."""

    async def run(database: Database) -> Sequence[Any]:
        tenant_id, _ = await find_tenant(database, merchant, live)
        return await list_webhook_endpoints(database, tenant_id, Query(1_000, None, {}, {}))

    found = with_database(data, run)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    table = Table("id", "url", "status", "events", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for one in found:
        table.add_row(one.id, one.url, one.disabled_reason or one.status, ", ".join(one.event_types or ["all"]))
    Console().print(table)


@app.command()
def enable(endpoint: Endpoint, merchant: Merchant = None, live: Live = False, data: Data = None) -> None:
    """Send events to ENDPOINT again, from where it was."""
    _change(endpoint, WebhookEndpointChanges(status="enabled"), merchant, live, data)


@app.command()
def disable(endpoint: Endpoint, merchant: Merchant = None, live: Live = False, data: Data = None) -> None:
    """Send nothing to ENDPOINT for now."""
    _change(endpoint, WebhookEndpointChanges(status="disabled"), merchant, live, data)


@app.command()
def update(
    endpoint: Endpoint,
    url: Annotated[str | None, typer.Option(help="Where to send events to.")] = None,
    event_types: Types = None,
    all_types: Annotated[bool, typer.Option("--all-types", help="Send all types of event.")] = False,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
) -> None:
    """Send the events of ENDPOINT elsewhere, or others."""
    types = {"event_types": None} if all_types else {"event_types": event_types} if event_types else {}
    changes: dict[str, Any] = types | ({"url": url} if url else {})
    _change(endpoint, WebhookEndpointChanges(**changes), merchant, live, data)


@app.command()
def delete(endpoint: Endpoint, merchant: Merchant = None, live: Live = False, data: Data = None) -> None:
    """Delete ENDPOINT with all that waits for it."""

    async def run(database: Database) -> bool:
        tenant_id, _ = await find_tenant(database, merchant, live)
        return await store.delete_webhook_endpoint(database, tenant_id, endpoint)

    if not with_database(data, run):
        raise typer.BadParameter(f"there is no webhook endpoint {endpoint}. See dues webhooks list.")
    print(f"Deleted {endpoint}.")


@app.command("rotate-secret")
def rotate_secret(endpoint: Endpoint, merchant: Merchant = None, live: Live = False, data: Data = None) -> None:
    """Give ENDPOINT a new secret, shown this once. The old one signs as well for 24 hours."""
    _print(_run(ROTATE_SECRETS, Change(endpoint, None), merchant, live, data))


@app.command("test")
def send_test(endpoint: Endpoint, merchant: Merchant = None, live: Live = False, data: Data = None) -> None:
    """Send ENDPOINT an event, to see that it arrives."""
    _print(_run(SEND_TEST_EVENTS, Change(endpoint, None), merchant, live, data))


@app.command()
def deliveries(
    endpoint: Endpoint,
    status: Annotated[str | None, typer.Option(help="Only these: succeeded, pending or failed.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1_000)] = 20,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
) -> None:
    """Show what became of events at ENDPOINT, newest first, with every attempt, as JSON."""

    async def run(database: Database) -> Sequence[Any]:
        tenant_id, _ = await find_tenant(database, merchant, live)
        rows = await store.list_deliveries(database, tenant_id, endpoint, None, status, limit)
        return [delivery_body(row) for row in rows]

    print(msgspec.json.format(msgspec.json.encode(with_database(data, run))).decode())


@app.command()
def resend(
    endpoint: Endpoint,
    event: Annotated[str | None, typer.Option(help="The id of one event.")] = None,
    since: Annotated[datetime | None, typer.Option(help="All from this time (UTC) on …")] = None,
    until: Annotated[datetime | None, typer.Option(help="… to before this one.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All whose attempts were used up.")] = False,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
) -> None:
    """Send events to ENDPOINT again: one, those of a time, or all that failed."""
    if sum([event is not None, since is not None, failed]) != 1:
        raise typer.BadParameter("say one of --event, --since and --failed.")
    wanted = Resend(event=event, since=_utc(since), until=_utc(until), failed=failed or None)
    _print(_run(RESEND, Change(endpoint, wanted), merchant, live, data))


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time else None


def _change(endpoint: str, changes: WebhookEndpointChanges, merchant: str | None, live: bool, data: Any) -> None:
    command = update_webhook_endpoints(read_settings(data=data).webhook_allow_private)
    _print(_run(command, Change(endpoint, changes), merchant, live, data))


def _run(command: Command[Any, Any], body: Any, merchant: str | None, live: bool, data: Any) -> Mapping[str, Any]:
    """Runs a command of the API; what it answers."""

    async def run(database: Database) -> Any:
        tenant_id, offset = await find_tenant(database, merchant, live)
        async with database.transaction() as tx:
            work = Work(tx, datetime.now(UTC), {tenant_id: offset})
            [outcome] = await command.run(work, [Request(tenant_id, new_id("req_", work.server_now), None, body)])
            await tx.commit()
        return outcome

    outcome = with_database(data, run)
    if isinstance(outcome, Refusal):
        raise typer.BadParameter(f"{outcome.pointer or ''} {outcome.detail}".strip())
    shown: Mapping[str, Any] = msgspec.json.decode(outcome.json)
    return shown


def _print(shown: Mapping[str, Any]) -> None:
    print(msgspec.json.format(msgspec.json.encode(shown)).decode())
