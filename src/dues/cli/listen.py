"""`dues listen`: events as they happen, on a terminal, and sent on to a program of yours."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, get_args

import msgspec
import typer

from dues.cli.database import AsJson, Data, with_database
from dues.cli.merchants import Merchant
from dues.cli.private_files import private_folder, read_private, write_private
from dues.cli.tenants import Live, find_tenant
from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.events.catalogue import EventType
from dues.events.envelope import envelope
from dues.events.feed import Feed, FeedQuery, follow
from dues.events.notifier import Notifier
from dues.events.store import BEGINNING, Event, Place, find_position
from dues.events.watermark import Watermark
from dues.logs import configure_logs
from dues.resources.events.wire import event_body
from dues.settings import Settings, SettingsError, read_settings
from dues.webhooks.destinations import ANYWHERE
from dues.webhooks.signing import is_secret, new_secret, signed_headers

if TYPE_CHECKING:
    from dues.webhooks.sending import Sender

_PAGE = 100
_WAIT_SECONDS = 30.0
_AGAIN_SECONDS = 2.0


def listen(
    forward_to: Annotated[
        str | None, typer.Option(help="POST every event to this URL, signed; http://localhost:3000/hook for one.")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            help="The whsec_… secret to sign with; better set DUES_LISTEN_SECRET. Without one it is made, and kept "
            "in the data folder for the next time."
        ),
    ] = None,
    after: Annotated[
        str | None, typer.Option(help="Begin after the event with this id. Without it: with what comes now.")
    ] = None,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show a merchant's events as they happen, until Ctrl-C. With --forward-to, send them on, in order."""
    configure_logs("warning")  # on standard error: what is printed is events alone
    secret = _secret(read_settings(data=data, listen_secret=secret)) if forward_to else ""

    async def run(database: Database) -> None:
        tenant, _ = await find_tenant(database, merchant, live)
        feed = Feed(database, Watermark(database), Notifier(database))
        position = await _beginning(feed, tenant, after)
        telling = asyncio.create_task(feed.notifier.run())
        try:
            await _listen(feed, tenant, position, forward_to, secret, as_json)
        finally:
            telling.cancel()

    try:
        with_database(data, run)
    except KeyboardInterrupt:
        raise typer.Exit from None


def _secret(settings: Settings) -> str:
    """What was set; else what was made the first time, and is kept."""
    path = private_folder(settings) / "listen-secret"
    secret = settings.listen_secret or (read_private(path) or "").strip()
    if not secret:
        secret = new_secret()
        write_private(path, f"{secret}\n")
    if not is_secret(secret):
        raise SettingsError(
            f"{'DUES_LISTEN_SECRET' if settings.listen_secret else path} is no secret: whsec_ and base64."
        )
    if not settings.listen_secret:
        # A terminal is read by a person; anything else may be kept in a log.
        shown = f"{secret}, which is in {path}" if sys.stderr.isatty() else f"the secret in {path}"
        print(f"Signing with {shown}", file=sys.stderr, flush=True)
    return secret


async def _beginning(feed: Feed, tenant: Tenant, after: str | None) -> int:
    if after is None:
        return await feed.watermark.stable_position(tenant.cell)
    position = await find_position(feed.database, tenant, after)
    if position is None:
        raise typer.BadParameter(f"there is no event {after}, or it is no longer kept.")
    return position


async def _listen(
    feed: Feed, tenant: Tenant, position: int, forward_to: str | None, secret: str, as_json: bool
) -> None:
    # Here, and not above: it imports aiohttp, which takes longer than most commands run.
    from dues.webhooks.sending import Sender

    sender = Sender(ANYWHERE)
    try:
        await _tell(feed, tenant, position, sender, forward_to, secret, as_json)
    finally:
        await sender.aclose()


async def _tell(
    feed: Feed, tenant: Tenant, position: int, sender: "Sender", forward_to: str | None, secret: str, as_json: bool
) -> None:
    while True:
        query = FeedQuery(get_args(EventType), None, _PAGE, Place(position, BEGINNING.sequence))
        found, stable_to = await follow(feed, tenant, query, _WAIT_SECONDS)
        for event in found:
            answer = await _forward(event, sender, forward_to, secret) if forward_to else ""
            if as_json:
                print(msgspec.json.encode(event_body(event)).decode(), flush=True)
            else:
                print(f"{event.created_at:%H:%M:%S}  {event.type:26}  {event.object_id}  {answer}", flush=True)
            position = event.position
        if not found:
            position = max(position, stable_to)


async def _forward(event: Event, sender: "Sender", url: str, secret: str) -> str:
    """Sends an event on until it is taken; how it was answered."""
    while True:
        body = envelope(event)
        outcome = await sender.send(url, signed_headers([secret], event.id, datetime.now(UTC), body), body)
        if outcome.succeeded:
            return str(outcome.status)
        print(f"{event.id} was not taken ({outcome.status or outcome.error}); again …", file=sys.stderr, flush=True)
        await asyncio.sleep(_AGAIN_SECONDS)
