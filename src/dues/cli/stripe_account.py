"""`dues merchants stripe`: by which account of Stripe's a merchant's customers pay by card."""

from typing import Annotated, Literal

import typer

from dues.cli.database import AsJson, Data
from dues.cli.merchant_changes import change_merchant
from dues.cli.merchants import MerchantArgument, print_json
from dues.db.transaction import Transaction
from dues.resources.checkouts.adapters.stripe_checkout import INSTALL, is_installed
from dues.settings import read_settings
from dues.tenants.processors.store import STRIPE_URL, StripeAccount, delete_stripe_account, save_stripe_account

WHERE = "/checkouts/stripe/messages"

_PREFIXES = {"test": ("sk_test_", "rk_test_"), "live": ("sk_live_", "rk_live_")}


def set_stripe_account(
    merchant: MerchantArgument = None,
    mode: Annotated[Literal["test", "live"], typer.Option(help="Whose customers: test or live.")] = "test",
    secret_key: Annotated[
        str | None,
        typer.Option(
            envvar="STRIPE_SECRET_KEY", metavar="KEY", help="Asked for where it is not given.", show_default=False
        ),
    ] = None,
    webhook_secret: Annotated[
        str | None,
        typer.Option(
            envvar="STRIPE_WEBHOOK_SECRET",
            metavar="SECRET",
            help="What Stripe signs its messages with, whsec_….",
            show_default=False,
        ),
    ] = None,
    api_url: Annotated[str, typer.Option(help="Where Stripe is; another address is for tests.")] = STRIPE_URL,
    remove: Annotated[bool, typer.Option("--remove", help="Take no cards any more.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take cards by Stripe Checkout on the pages of payment links, in one mode.

    Both secrets are kept encrypted, if DUES_SECRET_KEY is set, and never shown again.
    """
    account = None if remove else _account(mode, secret_key, webhook_secret, api_url)
    keys = read_settings(data=data).outgoing.secret_keys

    async def save(tx: Transaction, merchant_id: str) -> None:
        if account:
            await save_stripe_account(tx, merchant_id, mode, account, keys)
        else:
            await delete_stripe_account(tx, merchant_id, mode)

    found = change_merchant(merchant, data, save)
    if as_json:
        print_json({"id": found["id"], "name": found["name"], "mode": mode, "stripe": account is not None})
        return
    print(f"{found['id']}  {found['name']}  {mode}: " + ("cards by Stripe" if account else "no cards"))
    if account:
        print(f"  Have Stripe send checkout.session.* events to {WHERE} of this server.")
        if not keys:
            print("  The secrets are stored as they are: DUES_SECRET_KEY is not set.")
        if not is_installed():
            print(f"  Stripe's library is not installed: {INSTALL}")


def _account(
    mode: Literal["test", "live"], secret_key: str | None, webhook_secret: str | None, api_url: str
) -> StripeAccount:
    secret_key = secret_key or typer.prompt("Stripe's secret key", hide_input=True)
    webhook_secret = webhook_secret or typer.prompt("What its webhooks are signed with", hide_input=True)
    if not secret_key.startswith(_PREFIXES[mode]):
        raise typer.BadParameter(f"--secret-key must be a key of {mode} mode: it begins with {_PREFIXES[mode][0]}….")
    if not webhook_secret.startswith("whsec_"):
        raise typer.BadParameter("--webhook-secret must begin with whsec_….")
    if not api_url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise typer.BadParameter("--api-url must begin with https://.")
    return StripeAccount(secret_key, webhook_secret, api_url.rstrip("/"))
