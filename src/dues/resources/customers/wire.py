"""The JSON of a customer."""

from typing import Annotated

from msgspec import Struct

from dues.domain.fields import Amount, Currency, Email, Metadata, Name, Phone, says
from dues.domain.payment_rules import PaymentRules


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
