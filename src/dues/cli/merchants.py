"""`dues merchants`: who uses this server, and the payment rules that each starts from."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dues.cli.database import AsJson, Data, with_database
from dues.db.database import Database
from dues.domain.currencies import EXPONENTS, explain_unknown
from dues.domain.payment_rules import Noun, PaymentRules
from dues.settings import read_settings
from dues.tenants import store
from dues.tenants.keys import Mode, NewKey
from dues.tenants.merchants import create_merchant

app = typer.Typer(help="The merchants on this server.", no_args_is_help=True)

Merchant = Annotated[
    str | None,
    typer.Option(help="The merchant's id (mer_…); not needed where there is one.", show_default=False),
]


ModeRules = tuple[Mode, Noun, str, PaymentRules]
"""Default rules: of a mode, for a kind of object, in a currency."""


class UnknownMerchantError(typer.BadParameter):
    """No merchant, or not the one that was meant."""


async def find_merchant(database: Database, merchant: str | None) -> dict[str, Any]:
    """The merchant with this id, or the only one. Raises UnknownMerchantError."""
    async with database.transaction() as tx:
        known = [dict(row) for row in await store.find_merchants(tx)]
    if merchant is None and len(known) == 1:
        return known[0]
    if merchant is None:
        hint = f"say which with --merchant: {', '.join(row['id'] for row in known)}." if known else "run dues serve."
        raise UnknownMerchantError(f"There are {len(known)} merchants; {hint}")
    found = next((row for row in known if row["id"] == merchant), None)
    if found is None:
        raise UnknownMerchantError(f"There is no merchant {merchant}.")
    return found


@app.command()
def create(name: str, data: Data = None, as_json: AsJson = False) -> None:
    """Create a merchant called NAME, and show its four keys this once."""

    async def run(database: Database) -> tuple[str, list[NewKey]]:
        async with database.transaction() as tx:
            created = await create_merchant(tx, name, datetime.now(UTC), read_settings(data=data).cells)
            await tx.commit()
            return created

    merchant_id, keys = with_database(data, run)
    if as_json:
        shown = [{"id": key.id, "mode": key.mode, "kind": key.kind, "key": key.secret} for key in keys]
        _print_json({"id": merchant_id, "name": name, "keys": shown})
        return
    print(f"Created {merchant_id} ({name}). Its keys, shown this once:\n")
    for key in keys:
        print(f"  {key.mode} {key.kind:6}  {key.secret}")


@app.command("list")
def list_merchants(data: Data = None, as_json: AsJson = False) -> None:
    """List the merchants, oldest first."""

    async def run(database: Database) -> list[dict[str, Any]]:
        async with database.transaction() as tx:
            return [dict(row) for row in await store.find_merchants(tx)]

    rows = with_database(data, run)
    if as_json:
        _print_json(rows)
        return
    table = Table("id", "name", "created", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    table.columns[0].min_width = 25
    for row in rows:
        table.add_row(row["id"], row["name"], f"{row['created_at']:%Y-%m-%d %H:%M}")
    Console().print(table)


@app.command()
def show(merchant: Annotated[str | None, typer.Argument()] = None, data: Data = None, as_json: AsJson = False) -> None:
    """Show one merchant: its name, its keys, how many default rules it has."""

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
        _print_json(found)
        return
    print(f"{found['id']}  {found['name']}  (since {found['created_at']:%Y-%m-%d})")
    for key in found["keys"]:
        print(f"  key {key['id']}  {key['mode']} {key['kind']}  …{key['last_four']}")
    print(f"  {found['default_payment_rules']} default payment rules: see dues merchants payment-rules")


@app.command("payment-rules")
def payment_rules(
    merchant: Merchant = None,
    mode: Annotated[str | None, typer.Option(help="test or live; both where not said.", show_default=False)] = None,
    kind: Annotated[
        str | None, typer.Option(help="customer, account or bill; all where not said.", show_default=False)
    ] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code.", show_default=False)] = None,
    min_amount: Annotated[int | None, typer.Option(help="Smallest payment, in minor units.")] = None,
    max_amount: Annotated[int | None, typer.Option(help="Largest payment, in minor units.")] = None,
    underpayment: Annotated[bool | None, typer.Option(help="May less than what is due be paid?")] = None,
    overpayment: Annotated[bool | None, typer.Option(help="May more than what is due be paid?")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the rules away: then it cannot be paid.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show a merchant's default payment rules, or set those of one currency (all four values together)."""
    modes = cast("tuple[Mode, ...]", _chosen("--mode", mode, ("test", "live")))
    nouns = cast("tuple[Noun, ...]", _chosen("--kind", kind, ("customer", "account", "bill")))
    if currency is not None and currency not in EXPONENTS:
        raise typer.BadParameter(f"--currency {explain_unknown(currency)}")
    values = (min_amount, max_amount, underpayment, overpayment)
    changes = remove or any(value is not None for value in values)
    if changes and currency is None:
        raise typer.BadParameter("say which --currency to change.")
    rules = None if remove or not changes else _rules(values)

    async def run(database: Database) -> list[ModeRules]:
        found = await find_merchant(database, merchant)
        tenants = await store.find_tenants(database, found["id"])
        shown: list[ModeRules] = []
        for mode in sorted(modes):
            tenant, _ = tenants[mode]
            if remove and currency:
                for noun in nouns:
                    await store.delete_payment_rules(database, tenant, noun, currency)
            if rules and currency:
                async with database.transaction(tenant.cell) as tx:
                    await store.save_payment_rules(tx, tenant, [(noun, currency, rules) for noun in nouns])
                    await tx.commit()
            kept = await store.find_payment_rules(database, tenant)
            shown += [(mode, *row) for row in kept if row[0] in nouns and currency in (None, row[1])]
        return shown

    _show_rules(with_database(data, run), as_json)


def _rules(values: tuple[int | None, int | None, bool | None, bool | None]) -> PaymentRules:
    if any(value is None for value in values):
        raise typer.BadParameter(
            "give all four: --min-amount, --max-amount, --[no-]underpayment and --[no-]overpayment."
        )
    try:
        rules = msgspec.convert(dict(zip(PaymentRules.__struct_fields__, values, strict=True)), PaymentRules)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from None
    for broken in rules.cross_check():
        raise typer.BadParameter(f"min_amount {broken.detail}")
    return rules


def _chosen(option: str, value: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if value is None:
        return known
    if value not in known:
        raise typer.BadParameter(f"{option} must be one of {', '.join(known)}.")
    return (value,)


def _show_rules(rows: list[ModeRules], as_json: bool) -> None:
    if as_json:
        _print_json(
            [
                {"mode": mode, "kind": kind, "currency": currency, "payment_rules": rules}
                for mode, kind, currency, rules in rows
            ]
        )
        return
    table = Table("mode", "kind", "currency", "min", "max", "underpayment", "overpayment")
    for mode, kind, currency, rules in rows:
        table.add_row(
            mode,
            kind,
            currency,
            str(rules.min_amount),
            str(rules.max_amount),
            _yes(rules.underpayment_allowed),
            _yes(rules.overpayment_allowed),
        )
    Console().print(table)


def _yes(value: bool) -> Literal["yes", "no"]:
    return "yes" if value else "no"


def _print_json(value: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(value)).decode())
