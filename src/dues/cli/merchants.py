"""`dues merchants`: who uses this server, where it is, how its files are read, and the payment rules it starts from."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dues.cli.database import AsJson, Data, with_database
from dues.cli.default_rules import DefaultRules, ModeOption, ModeRules, Rules, modes, rules_json, show_rules
from dues.cli.merchant_options import (
    FileCountry,
    FileCurrency,
    FileIdentifier,
    FileModel,
    TimeZone,
    given,
    merchant_json,
    parse_name,
    show_settings,
)
from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.domain.currencies import EXPONENTS, explain_unknown
from dues.domain.tenants import Tenant
from dues.settings import read_settings
from dues.tenants import store
from dues.tenants.file_context.store import save_file_settings
from dues.tenants.keys import NewKey
from dues.tenants.merchants import create_merchant

app = typer.Typer(help="The merchants on this server.", no_args_is_help=True)

_MEANT = "The merchant's id (mer_…) or name; not needed where there is one."

Merchant = Annotated[str | None, typer.Option(help=_MEANT, envvar="DUES_MERCHANT", show_default=False)]

MerchantArgument = Annotated[str | None, typer.Argument(help=_MEANT, envvar="DUES_MERCHANT", show_default=False)]

LISTED_MAX = 10
"""Merchants that are named in a sentence."""


class UnknownMerchantError(typer.BadParameter):
    """No merchant, or not the one that was meant."""


async def find_merchant(database: Database, merchant: str | None) -> dict[str, Any]:
    """The merchant with this id or name, or the only one. Raises UnknownMerchantError."""
    async with database.transaction() as tx:
        known = [merchant_json(row) for row in await store.find_merchants(tx)]
    found = known if merchant is None else _called(known, merchant)
    if len(found) == 1:
        return found[0]
    if not known:
        raise UnknownMerchantError("There are 0 merchants; run dues serve.")
    if not found:
        raise UnknownMerchantError(f"There is no merchant {merchant}. See dues merchants list.")
    named = ", ".join(f"{row['id']} ({row['name']})" for row in found[:LISTED_MAX])
    more = f" and {len(found) - LISTED_MAX} more" if len(found) > LISTED_MAX else ""
    if merchant is None:
        raise UnknownMerchantError(
            f"There are {len(found)} merchants; say which, with --merchant or DUES_MERCHANT: {named}{more}."
        )
    raise UnknownMerchantError(f"{len(found)} merchants are called {merchant}; say which by its id: {named}{more}.")


def _called(known: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Those that are meant: by id, by name as it is written, or else in whatever case."""
    if by_id := [row for row in known if row["id"] == name]:
        return by_id
    for read in (str, _plainly):
        if found := [row for row in known if read(row["name"]) == read(name)]:
            return found
    return []


def _plainly(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


@app.command()
def create(
    name: Annotated[str, typer.Argument(parser=parse_name, metavar="NAME", help="What it is called.")],
    time_zone: TimeZone = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a merchant called NAME, and show its four keys this once."""

    async def run(database: Database) -> tuple[str, list[NewKey]]:
        cells = read_settings(data=data).cells
        async with database.transaction() as tx:
            created = await create_merchant(tx, name, datetime.now(UTC), cells, time_zone or "UTC")
            await tx.commit()
            return created

    merchant_id, keys = with_database(data, run)
    if as_json:
        shown = [{"id": key.id, "mode": key.mode, "kind": key.kind, "key": key.secret} for key in keys]
        print_json({"id": merchant_id, "name": name, "time_zone": time_zone or "UTC", "keys": shown})
        return
    print(f"Created {merchant_id} ({name}). Its keys, shown this once:\n")
    for key in keys:
        print(f"  {key.mode} {key.kind:6}  {key.secret}")


@app.command("list")
def list_merchants(data: Data = None, as_json: AsJson = False) -> None:
    """List the merchants, oldest first."""

    async def run(database: Database) -> list[dict[str, Any]]:
        async with database.transaction() as tx:
            return [merchant_json(row) for row in await store.find_merchants(tx)]

    rows = with_database(data, run)
    if as_json:
        print_json(rows)
        return
    table = Table("id", "name", "time zone", "created", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    table.columns[0].min_width = 25
    for row in rows:
        table.add_row(row["id"], row["name"], row["time_zone"], f"{row['created_at']:%Y-%m-%d %H:%M}")
    Console().print(table)


@app.command()
def show(merchant: MerchantArgument = None, data: Data = None, as_json: AsJson = False) -> None:
    """Show one merchant: its name, its time zone, how its files are read, its keys, how many default rules it has."""

    async def run(database: Database) -> dict[str, Any]:
        found = await find_merchant(database, merchant)
        keys = await store.list_keys(database, found["id"])
        tenants = (await store.find_tenants(database, found["id"])).values()
        rules = [rule for tenant, _ in tenants for rule in await store.find_payment_rules(database, tenant)]
        return found | {
            "keys": [{"id": key.id, "mode": key.mode, "kind": key.kind, "last_four": key.last_four} for key in keys],
            "default_payment_rules": len(rules),
        }

    found = with_database(data, run)
    if as_json:
        print_json(found)
        return
    print(f"{found['id']}  {found['name']}  {found['time_zone']}  (since {found['created_at']:%Y-%m-%d})")
    print(f"  {show_settings(found['file_settings'])}")
    for key in found["keys"]:
        print(f"  key {key['id']}  {key['mode']} {key['kind']}  …{key['last_four']}")
    print(f"  {found['default_payment_rules']} default payment rules: see dues merchants payment-rules")


@app.command("set")
def set_merchant(
    merchant: MerchantArgument = None,
    name: Annotated[str | None, typer.Option(parser=parse_name, metavar="NAME", help="What it is called.")] = None,
    time_zone: TimeZone = None,
    default_rules: DefaultRules = None,
    mode: ModeOption = None,
    file_identifier: FileIdentifier = None,
    file_model: FileModel = None,
    file_currency: FileCurrency = None,
    file_country: FileCountry = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Set what a merchant is called, where it is, its default payment rules, and how Moment's files of it are read.
    Servers go by it within a second."""
    of_files = given(identifier=file_identifier, model=file_model, currency=file_currency, country=file_country)
    rules: Rules = {}
    for said in default_rules or ():
        rules |= said
    if name is time_zone is None and not rules and not of_files:
        raise typer.BadParameter("say what to set: --name, --time-zone, --default-rules or --file-….")
    if mode and not rules:
        raise typer.BadParameter("--mode is for --default-rules: all else is that of both modes.")

    async def run(database: Database) -> dict[str, Any]:
        found = await find_merchant(database, merchant)
        tenants = await store.find_tenants(database, found["id"])
        async with database.transaction() as tx:
            if of_files:
                await save_file_settings(tx, found["id"], of_files)
            saved = merchant_json(await store.save_merchant(tx, found["id"], name, time_zone))
            for each in modes(mode) if rules else ():
                await _save_rules(tx, tenants[each][0], rules)
            await tx.commit()
        return saved

    saved = with_database(data, run)
    written: list[ModeRules] = [(each, *of, given) for each in modes(mode) for of, given in rules.items()]
    if as_json:
        print_json(saved | ({"default_payment_rules": rules_json(written)} if written else {}))
        return
    print(f"{saved['id']}  {saved['name']}  {saved['time_zone']}")
    if of_files:
        print(show_settings(saved["file_settings"]))
    if written:
        show_rules(written)


async def _save_rules(tx: Transaction, tenant: Tenant, rules: Rules) -> None:
    if kept := [(*of, given) for of, given in rules.items() if given is not None]:
        await store.save_payment_rules(tx, tenant, kept)
    if gone := [of for of, given in rules.items() if given is None]:
        await store.delete_payment_rules(tx, tenant, gone)


@app.command("payment-rules")
def payment_rules(
    merchant: Merchant = None,
    mode: ModeOption = None,
    kind: Annotated[
        Literal["customer", "account", "bill"] | None,
        typer.Option(help="customer, account or bill; all where it is not said.", show_default=False),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code.", show_default=False)] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show a merchant's default payment rules. `dues merchants set` sets them."""
    if currency is not None and currency not in EXPONENTS:
        raise typer.BadParameter(f"--currency {explain_unknown(currency)}")

    async def run(database: Database) -> list[ModeRules]:
        found = await find_merchant(database, merchant)
        tenants = await store.find_tenants(database, found["id"])
        return [
            (each, *row)
            for each in modes(mode)
            for row in await store.find_payment_rules(database, tenants[each][0])
            if kind in (None, row[0]) and currency in (None, row[1])
        ]

    rows = with_database(data, run)
    if as_json:
        print_json(rules_json(rows))
    else:
        show_rules(rows)


def print_json(value: object) -> None:
    """Prints it for programs."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())
