"""The JSON of an account."""

from typing import Annotated

from msgspec import Struct

from dues.domain.accounts import Account
from dues.domain.fields import Amount, Currency, Metadata, Name, says
from dues.domain.obligations import rules_of
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Record


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


def account_body(record: Record[Account]) -> AccountBody:
    """The account as clients see it. Its rules are those that hold for it: its own, else the merchant's default."""
    account = record.of
    return AccountBody(
        id=account.id,
        external_reference=account.external_reference,
        customer_id=account.customer_id,
        name=account.name,
        currency=account.currency,
        balance=account.balance,
        payment_rules=rules_of(record),
        metadata=account.metadata,
    )
