"""The JSON of a customer."""

from typing import Annotated

from msgspec import Struct

from dues.domain.customers import Customer
from dues.domain.fields import Amount, Currency, Email, Metadata, Name, Phone, says
from dues.domain.obligations import rules_of
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Record


class CustomerBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `bcus_…`; time-ordered.")]
    external_reference: Annotated[str, says("Your own name for it.")]
    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    currency: Currency | None = None
    balance: Amount | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None


def customer_body(record: Record[Customer]) -> CustomerBody:
    """The customer as clients see it. Its rules are those that hold for it: its own, else the merchant's default."""
    customer = record.of
    return CustomerBody(
        id=customer.id,
        external_reference=customer.external_reference,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        currency=customer.currency,
        balance=customer.balance,
        payment_rules=rules_of(record),
        metadata=customer.metadata,
    )
