"""`dues merchants cash-point`: where a merchant's customers pay cash."""

from typing import Annotated

import typer

from dues.cli.database import AsJson, Data
from dues.cli.merchant_changes import change_merchant
from dues.cli.merchant_options import parse_name
from dues.cli.merchants import MerchantArgument, print_json
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

    found = change_merchant(merchant, data, lambda tx, merchant_id: save_cash_point(tx, merchant_id, where))
    if as_json:
        print_json({"id": found["id"], "name": found["name"], "cash_point": where})
    else:
        print(f"{found['id']}  {found['name']}  " + (f"cash is paid at {where}" if where else "no cash"))
