"""Accounts as they are kept, found and listed."""

from typing import Final

from dues.commands.columns import folded
from dues.commands.kind import Kind, made_or_updated
from dues.domain.accounts import Account
from dues.lists.listing import BY_NAME, BY_REFERENCE, CUSTOMER_NAMED, Listing
from dues.resources.accounts.wire import account_body

ACCOUNT: Final = Kind(
    Account,
    noun="account",
    prefix="bacc_",
    table="accounts",
    saved=("name", "currency", "balance", "payment_rules", "metadata"),
    often=("balance",),
    more_columns=(folded("reference", "external_reference", saved=False), folded("name", "name", saved=True)),
    show=account_body,
    event_types=made_or_updated("account.created", "account.updated"),
)

ACCOUNTS: Final = Listing(
    name="accounts",
    prefix=ACCOUNT.prefix,
    columns=ACCOUNT.selected,
    table="accounts t",
    filters={
        "external_reference": "t.external_reference = {}",
        "customer": "t.customer_id = {}",
        "currency": "t.currency = {}",
    },
    named={"customer": CUSTOMER_NAMED},
    sought=(BY_REFERENCE, BY_NAME),
)
