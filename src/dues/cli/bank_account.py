"""`dues merchants bank-account`: where a merchant's customers transfer money to."""

from typing import Annotated

import typer

from dues.cli.database import AsJson, Data
from dues.cli.merchant_changes import change_merchant
from dues.cli.merchant_options import parse_name
from dues.cli.merchants import MerchantArgument, print_json
from dues.tenants.payees.store import BankAccount, save_bank_account


def _parse_iban(text: str) -> str:
    from schwifty import IBAN  # here, and not above: its tables are large
    from schwifty.exceptions import SchwiftyException

    try:
        return str(IBAN(text).compact)
    except SchwiftyException as error:
        raise typer.BadParameter(f"must be an IBAN, as your bank writes it: {error}.") from None


def set_bank_account(
    merchant: MerchantArgument = None,
    iban: Annotated[
        str | None, typer.Option(parser=_parse_iban, metavar="IBAN", help="The account's number.", show_default=False)
    ] = None,
    holder: Annotated[
        str | None, typer.Option(parser=parse_name, metavar="NAME", help="Who holds it.", show_default=False)
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Offer no bank transfers any more.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say to which bank account customers transfer money, on the pages of payment links, or remove it."""
    account = BankAccount(iban, holder) if iban and holder else None
    if remove == (account is not None) or (iban is None) != (holder is None):
        raise typer.BadParameter("give --iban and --holder, or --remove.")

    found = change_merchant(merchant, data, lambda tx, merchant_id: save_bank_account(tx, merchant_id, account))
    if as_json:
        shown = {"iban": account.iban, "holder": account.holder} if account else None
        print_json({"id": found["id"], "name": found["name"], "bank_account": shown})
    elif account:
        print(f"{found['id']}  {found['name']}  transfers go to {account.iban} ({account.holder})")
    else:
        print(f"{found['id']}  {found['name']}  no bank transfers")
