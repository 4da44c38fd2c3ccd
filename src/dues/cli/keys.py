"""`dues keys`: the API keys of a merchant."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dues.cli.database import AsJson, Data, with_database
from dues.cli.merchants import Merchant, find_merchant
from dues.cli.restrictions import (
    Allow,
    Expires,
    From,
    MaxAmount,
    MaxPerDay,
    RateLimitOption,
    restrictions_json,
    restrictions_of,
)
from dues.db.database import Database
from dues.resources.api import SCOPES
from dues.tenants import store
from dues.tenants.keys import ApiKey, KeyKind, Mode, NewKey, generate

app = typer.Typer(help="The API keys of a merchant. They work while the server runs.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, key_…, as `dues keys list` shows it.")]


class ModeChoice(StrEnum):
    """Test data and live data never meet."""

    test = "test"
    live = "live"


class KindChoice(StrEnum):
    """Secret keys are for servers, public ones for browsers, collector keys for tills, banks and partners."""

    secret = "secret"  # noqa: S105
    public = "public"
    collector = "collector"


_KINDS: dict[KindChoice, KeyKind] = {
    KindChoice.secret: "secret",
    KindChoice.public: "public",
    KindChoice.collector: "collector",
}


@app.command()
def create(
    mode: Annotated[ModeChoice, typer.Option(help="Which data it opens.")] = ModeChoice.test,
    kind: Annotated[
        KindChoice, typer.Option(help="For a server, a browser, or whoever collects money for you.")
    ] = KindChoice.secret,
    expires: Expires = None,
    expires_in_days: Annotated[int | None, typer.Option(min=1, help="The same, in days.")] = None,
    allow: Allow = None,
    max_amount: MaxAmount = None,
    max_per_day: MaxPerDay = None,
    from_addresses: From = None,
    rate_limit: RateLimitOption = None,
    merchant: Merchant = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it this once; it is the last word of the output."""
    lifetime = timedelta(days=expires_in_days) if expires_in_days else expires
    if expires and expires_in_days:
        raise typer.BadParameter("say either --expires or --expires-in-days.")
    only = restrictions_of(allow, from_addresses, max_amount, max_per_day)

    async def run(database: Database) -> NewKey:
        owner = await find_merchant(database, merchant)
        chosen_mode: Mode = "live" if mode is ModeChoice.live else "test"
        tenant, offset = (await store.find_tenants(database, owner["id"]))[chosen_mode]
        now = datetime.now(UTC) + timedelta(seconds=offset)
        expires_at = now + lifetime if lifetime else None
        chosen_kind = _KINDS[kind]
        key = generate(chosen_mode, chosen_kind, now, expires_at)
        async with database.transaction() as tx:
            await store.insert_keys(tx, {chosen_mode: tenant}, [key], now)
            await store.save_restrictions(tx, key.id, rate_limit, only)
            await tx.commit()
        return key

    key = with_database(data, run)
    if as_json:
        shown = {
            "id": key.id,
            "mode": key.mode,
            "kind": key.kind,
            "expires_at": key.expires_at,
            **restrictions_json(rate_limit, only),
            "key": key.secret,
        }
        print(msgspec.json.encode(shown).decode())
    else:
        print(f"{key.id} ({key.mode} {key.kind}), shown this once: {key.secret}")


@app.command("list")
def list_keys(merchant: Merchant = None, data: Data = None, as_json: AsJson = False) -> None:
    """List every key a merchant ever had, by its last four characters, and when each was last used."""

    async def run(database: Database) -> list[ApiKey]:
        owner = await find_merchant(database, merchant)
        return await store.list_keys(database, owner["id"])

    keys = with_database(data, run)
    if as_json:
        rows = [
            {
                "id": key.id,
                "mode": key.mode,
                "kind": key.kind,
                "last_four": key.last_four,
                "state": _state(key),
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "last_used_at": key.last_used_at,
                **restrictions_json(key.rate_limit, key.restrictions),
            }
            for key in keys
        ]
        print(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return
    table = Table("id", "mode", "kind", "ends in", "last used", "state", "only", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    table.columns[0].min_width = 25
    # Of all that a row has there is room for what tells keys apart, and which are in use; --json has the rest.
    table.columns[4].no_wrap = table.columns[5].no_wrap = True
    for key in keys:
        used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never"
        only = "; ".join(
            f"{name.replace('_', '-')} {', '.join(value) if isinstance(value, list) else value}"
            for name, value in restrictions_json(key.rate_limit, key.restrictions).items()
        )
        table.add_row(key.id, key.mode, key.kind, key.last_four, used, _state(key), only)
    Console().print(table)


@app.command("set")
def set_key(
    key_id: KeyId,
    rate_limit: RateLimitOption = None,
    no_rate_limit: Annotated[bool, typer.Option("--no-rate-limit", help="As often as it likes.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Set how often the key with the id KEY_ID may be used, on each server process. It holds within a second."""
    if (rate_limit is None) is not no_rate_limit:
        raise typer.BadParameter("say either --rate-limit or --no-rate-limit.")

    async def run(database: Database) -> bool:
        return await store.save_rate_limit(database, key_id, rate_limit)

    if not with_database(data, run):
        raise typer.BadParameter(f"there is no key {key_id}. See dues keys list.")
    shown = restrictions_json(rate_limit, None)
    if as_json:
        print(msgspec.json.encode({"id": key_id, **shown}).decode())
    else:
        print(f"{key_id} may be used {rate_limit or 'as often as it likes'}.")


@app.command()
def scopes(as_json: AsJson = False) -> None:
    """List what a key can be allowed, one scope a line; NOUN:* is all that is offered of a noun."""
    print(msgspec.json.encode(SCOPES).decode() if as_json else "\n".join(SCOPES))


@app.command()
def revoke(key_id: KeyId, data: Data = None, as_json: AsJson = False) -> None:
    """Revoke the key with the id KEY_ID (key_…), for good. Every server stops accepting it within a second."""

    async def run(database: Database) -> bool:
        return await store.save_revoked_key(database, key_id, datetime.now(UTC))

    if not with_database(data, run):
        raise typer.BadParameter(f"there is no key {key_id}. See dues keys list.")
    print(msgspec.json.encode({"id": key_id, "state": "revoked"}).decode() if as_json else f"Revoked {key_id}.")


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= key.now() else "in force"
