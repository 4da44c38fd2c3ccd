"""The JSON of an account."""

import msgspec
from msgspec import Struct

from dues.domain.accounts import Account
from dues.domain.fields import Amount, Currency, Metadata, Name
from dues.domain.payment_rules import PaymentRules


class AccountBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account as clients see it; what has no value is left out."""

    id: str
    external_reference: str
    customer_id: str
    name: Name | None = None
    currency: Currency | None = None
    balance: Amount | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None


class ShownAccount(Struct, frozen=True):
    """An account's id and its JSON: the same bytes go to the client, the event and the stored answer."""

    id: str
    json: bytes


def account_json(account: Account, default_rules: PaymentRules | None) -> bytes:
    """The account's JSON. Rules show only where a balance is tracked: its own, else the merchant's default."""
    body = AccountBody(
        id=account.id,
        external_reference=account.external_reference,
        customer_id=account.customer_id,
        name=account.name,
        currency=account.currency,
        balance=account.balance,
        payment_rules=None if account.balance is None else account.payment_rules or default_rules,
        metadata=account.metadata,
    )
    return msgspec.json.encode(body)
