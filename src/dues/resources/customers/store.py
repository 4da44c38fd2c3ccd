"""Customers as they are kept, found and listed."""

from typing import Final

from dues.commands.kind import Kind, made_or_updated
from dues.domain.customers import Customer
from dues.lists.listing import Listing
from dues.resources.customers.wire import customer_body

CUSTOMER: Final = Kind(
    Customer,
    noun="customer",
    prefix="bcus_",
    table="customers",
    saved=("name", "email", "phone", "currency", "balance", "payment_rules", "metadata"),
    show=customer_body,
    event_types=made_or_updated("customer.created", "customer.updated"),
)

CUSTOMERS: Final = Listing(
    name="customers",
    prefix=CUSTOMER.prefix,
    columns=CUSTOMER.selected,
    table="customers t",
    filters={"external_reference": "t.external_reference = {}", "currency": "t.currency = {}"},
)
