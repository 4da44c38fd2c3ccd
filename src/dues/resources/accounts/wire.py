"""The JSON of an account."""

from typing import Annotated

from msgspec import Struct

from dues.domain.fields import Amount, Currency, Metadata, Name, says
from dues.domain.payment_rules import PaymentRules


class AccountBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `bacc_…`; time-ordered.")]
    external_reference: Annotated[str, says("Your own name for it.")]
    customer_id: Annotated[str, says("The id of the customer whose account it is.")]
    name: Name | None = None
    currency: Currency | None = None
    balance: Amount | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None
