"""Customers as they are kept, found and listed."""

from typing import Final

from dues.commands.columns import folded
from dues.commands.kind import Kind, made_or_updated
from dues.domain.customers import Customer
from dues.domain.folding import beginning_of_number
from dues.lists.listing import BY_NAME, BY_REFERENCE, Key, Listing, Sought
from dues.resources.customers.wire import customer_body

CUSTOMER: Final = Kind(
    Customer,
    noun="customer",
    prefix="bcus_",
    table="customers",
    saved=("name", "email", "phone", "currency", "balance", "payment_rules", "metadata"),
    often=("balance",),
    more_columns=(
        folded("reference", "external_reference", saved=False),
        folded("name", "name", saved=True),
        folded("email", "email", saved=True),
    ),
    show=customer_body,
    event_types=made_or_updated("customer.created", "customer.updated"),
)

CUSTOMERS: Final = Listing(
    name="customers",
    prefix=CUSTOMER.prefix,
    columns=CUSTOMER.selected,
    table="customers t",
    filters={"external_reference": "t.external_reference = {}", "currency": "t.currency = {}"},
    sought=(
        BY_REFERENCE,
        BY_NAME,
        Sought(Key("email_folded", str)),
        Sought(Key("phone", str), beginning_of_number),
    ),
)
