"""What the API offers of accounts."""

from typing import Annotated, Final

from dues.commands.shapes import look, update_balance_owner
from dues.domain.accounts import AccountChanges, NewAccount
from dues.lists.query import (
    ByCurrency,
    ByCustomer,
    ByMetadata,
    ByReference,
    FindingQuery,
    InTheirOrder,
    searched,
)
from dues.resources.accounts.create import CREATE_ACCOUNTS
from dues.resources.accounts.store import ACCOUNT, ACCOUNTS
from dues.resources.accounts.wire import AccountBody
from dues.resources.doing import Creates
from dues.resources.noun import REPLACES_BALANCE, RULES, Bodies, kept, noun_of, shown
from dues.resources.operation import AsOfQuery


class AccountQuery(FindingQuery, frozen=True, kw_only=True):
    """What accounts can be listed by."""

    q: Annotated[str, searched("reference or name")] | None = None
    order: InTheirOrder | None = None
    external_reference: ByReference | None = None
    customer: ByCustomer | None = None
    currency: ByCurrency | None = None
    metadata: ByMetadata | None = None


_EXAMPLE: Final = {
    "id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
    "external_reference": "UAR1234567890",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "name": "Fibre, Long Street 12",
    "currency": "ZAR",
    "balance": 2000,
    "payment_rules": RULES,
    "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
}

NOUN: Final = noun_of(ACCOUNT, "Accounts", AccountBody, _EXAMPLE)

_NEW: Final[Bodies] = {
    "existing customer": {
        "customer": "CUST-1042",
        "external_reference": "UAR1234567890",
        "name": "Fibre, Long Street 12",
        "currency": "ZAR",
        "balance": 2000,
        "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
    },
    "new customer": {
        "customer": {"external_reference": "CUST-1043", "name": "John Doe", "email": "john@example.com"},
        "external_reference": "UAR1234567891",
    },
}

_CHANGES: Final[Bodies] = {
    "balance refresh": {"balance": 10000},
    "metadata": {"metadata": {"billing_cycle": "yearly", "account_type": None}},
}

OPERATIONS: Final = (
    NOUN.create(
        Creates(CREATE_ACCOUNTS),
        NewAccount,
        _NEW,
        summary="Open an account",
        description="Opens an account for a customer: an existing one, named by id or by reference, or a new one, "
        "given as an object and created in the same transaction. If either is refused, neither exists.",
        problems=("customer_not_found", "external_reference_taken", "amount_out_of_range"),
        moves_money=True,
    ),
    NOUN.list(ACCOUNTS, AccountQuery, shown(ACCOUNT), show_to_import=kept(ACCOUNT)),
    NOUN.retrieve(look(ACCOUNT), AsOfQuery),
    NOUN.update(
        update_balance_owner(ACCOUNT),
        AccountChanges,
        _CHANGES,
        description=REPLACES_BALANCE,
        problems=("currency_mismatch", "amount_out_of_range", "period_closed"),
        moves_money=True,
        warns=True,
    ),
    NOUN.adjust(ACCOUNT),
    NOUN.list_entries(ACCOUNT),
)
