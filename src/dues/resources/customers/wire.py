"""The JSON of a customer."""

from typing import Annotated

from msgspec import Struct

from dues.domain.customers import Customer
from dues.domain.fields import Amount, Currency, Email, Metadata, Name, Phone, says
from dues.domain.payment_rules import PaymentRules
from dues.resources.changes import to_shown_json


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


def customer_body(customer: Customer, default_rules: PaymentRules | None) -> CustomerBody:
    """The customer as clients see it. Rules show only where a balance is tracked: its own, else the default."""
    return CustomerBody(
        id=customer.id,
        external_reference=customer.external_reference,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        currency=customer.currency,
        balance=customer.balance,
        payment_rules=None if customer.balance is None else customer.payment_rules or default_rules,
        metadata=customer.metadata,
    )


def customer_json(customer: Customer, default_rules: PaymentRules | None) -> bytes:
    """The customer's JSON."""
    return to_shown_json(customer_body(customer, default_rules))
