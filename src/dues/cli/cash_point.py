"""`dues merchants cash-point`: where a merchant's customers pay cash."""

from typing import Annotated, Any

import typer

from dues.cli.database import AsJson, Data, with_database
from dues.cli.merchant_options import parse_name
from dues.cli.merchants import MerchantArgument, find_merchant, print_json
from dues.db.database import Database
from dues.tenants.payees.store import save_cash_point


def set_cash_point(
    merchant: MerchantArgument = None,
    where: Annotated[
        str | None,
        typer.Option(
            parser=parse_name, metavar="TEXT", help="In words, such as: any till of Example Stores.", show_default=False
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Offer no cash any more.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say where customers pay cash, on the pages of payment links, or that they cannot.

    They are shown their reference in bars, which whoever takes the cash records it by, with a collector's key.
    """
    if remove == bool(where):
        raise typer.BadParameter("give --where, or --remove.")

    async def run(database: Database) -> dict[str, Any]:
        found = await find_merchant(database, merchant)
        async with database.transaction() as tx:
            await save_cash_point(tx, found["id"], where)
            await tx.commit()
        return found

    found = with_database(data, run)
    if as_json:
        print_json({"id": found["id"], "name": found["name"], "cash_point": where})
    else:
        print(f"{found['id']}  {found['name']}  " + (f"cash is paid at {where}" if where else "no cash"))
