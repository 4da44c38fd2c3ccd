"""`dues webhooks`: where events are sent, what became of them there, and sending them again."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dues.cli.database import AlwaysJson, AsJson, Data, with_database
from dues.cli.merchants import Merchant
from dues.cli.tenants import Live, find_tenant, print_json, run_command
from dues.commands.command import Modify
from dues.db.database import Database
from dues.domain.webhook_endpoints import NewWebhookEndpoint, WebhookEndpointChanges
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.create import create_webhook_endpoints
from dues.resources.webhook_endpoints.rotate_secret import rotate_secrets
from dues.resources.webhook_endpoints.update import update_webhook_endpoints
from dues.settings import read_settings
from dues.webhooks.secrets.encrypt import encrypt_secrets

app = typer.Typer(help="Where a merchant's events are sent.", no_args_is_help=True)

Types = Annotated[list[str] | None, typer.Option("--type", help="A type of event to send; again for more.")]
Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's id, whe_….")]


@app.command()
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send them.", show_default=False)],
    event_types: Types = None,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AlwaysJson = True,
) -> None:
    """Have events sent to URL, all of them or those of some types. Shows the secret this once."""
    command = create_webhook_endpoints(read_settings(data=data).outgoing)
    print_json(run_command(command, NewWebhookEndpoint(url=url, event_types=event_types or None), merchant, live, data))


@app.command("list")
def list_endpoints(merchant: Merchant = None, live: Live = False, data: Data = None, as_json: AsJson = False) -> None:
    """List the endpoints, newest first."""

    async def run(database: Database) -> Sequence[Any]:
        tenant, _ = await find_tenant(database, merchant, live)
        return await store.list_webhook_endpoints(database, tenant, 1_000)

    found = with_database(data, run)
    if as_json:
        print_json(found)
        return
    table = Table("id", "url", "status", "events", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for one in found:
        table.add_row(one.id, one.url, one.disabled_reason or one.status, ", ".join(one.event_types or ["all"]))
    Console().print(table)


@app.command()
def enable(
    endpoint: Endpoint,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AlwaysJson = True,
) -> None:
    """Send events to ENDPOINT again, from where it was."""
    _change(endpoint, WebhookEndpointChanges(status="enabled"), merchant, live, data)


@app.command()
def disable(
    endpoint: Endpoint,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AlwaysJson = True,
) -> None:
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
    as_json: AlwaysJson = True,
) -> None:
    """Send the events of ENDPOINT elsewhere, or others."""
    types = {"event_types": None} if all_types else {"event_types": event_types} if event_types else {}
    changes: dict[str, Any] = types | ({"url": url} if url else {})
    _change(endpoint, WebhookEndpointChanges(**changes), merchant, live, data)


@app.command()
def delete(
    endpoint: Endpoint,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Delete ENDPOINT with all that waits for it."""

    async def run(database: Database) -> bool:
        tenant, _ = await find_tenant(database, merchant, live)
        return await store.delete_webhook_endpoint(database, tenant, endpoint)

    if not with_database(data, run):
        raise typer.BadParameter(f"there is no webhook endpoint {endpoint}. See dues webhooks list.")
    if as_json:
        print_json({"id": endpoint, "deleted": True})
    else:
        print(f"Deleted {endpoint}.")


@app.command("rotate-secret")
def rotate_secret(
    endpoint: Endpoint,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AlwaysJson = True,
) -> None:
    """Give ENDPOINT a new secret, shown this once. The old one signs as well for 24 hours."""
    command = rotate_secrets(read_settings(data=data).outgoing)
    print_json(run_command(command, Modify(endpoint, None), merchant, live, data))


@app.command("encrypt-secrets")
def encrypt(data: Data = None, as_json: AsJson = False) -> None:
    """Encrypt all stored secrets with the first key of DUES_SECRET_KEY, while servers go on.

    For secrets from before there was a key, and after a new one was put in front: then the others are needed no more,
    but for answers that are given again under their Idempotency-Key. Exit status 2 if a secret cannot be decrypted.
    """
    keys = read_settings(data=data).outgoing.secret_keys
    if not keys:
        raise typer.BadParameter("there is no key: set DUES_SECRET_KEY.")
    result = with_database(data, lambda database: encrypt_secrets(database, keys))
    for sentence in result.unreadable:
        print(f"dues: {sentence}", file=sys.stderr)
    if as_json:
        print_json({"encrypted": result.now, "already_encrypted": result.before, "unreadable": result.unreadable})
    else:
        print(f"Encrypted now: the secrets of {result.now} endpoints; already: of {result.before}.")
    if result.unreadable:
        raise typer.Exit(2)


def _change(endpoint: str, changes: WebhookEndpointChanges, merchant: str | None, live: bool, data: Any) -> None:
    command = update_webhook_endpoints(read_settings(data=data).outgoing)
    print_json(run_command(command, Modify(endpoint, changes), merchant, live, data))
