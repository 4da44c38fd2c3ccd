"""What the API offers of customers."""

from typing import Annotated, Final

from dues.commands.shapes import look, update_balance_owner
from dues.domain.customers import CustomerChanges, NewCustomer
from dues.lists.query import ByCurrency, ByMetadata, ByReference, FindingQuery, InTheirOrder, searched
from dues.resources.customers.create import CREATE_CUSTOMERS
from dues.resources.customers.store import CUSTOMER, CUSTOMERS
from dues.resources.customers.wire import CustomerBody
from dues.resources.doing import Creates
from dues.resources.noun import REPLACES_BALANCE, RULES, kept, noun_of, shown
from dues.resources.operation import AsOfQuery


class CustomerQuery(FindingQuery, frozen=True, kw_only=True):
    """What customers can be listed by."""

    q: Annotated[str, searched("reference, name, e-mail address or phone number")] | None = None
    order: InTheirOrder | None = None
    external_reference: ByReference | None = None
    currency: ByCurrency | None = None
    metadata: ByMetadata | None = None


_EXAMPLE: Final = {
    "id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "external_reference": "CUST-1042",
    "name": "Jane Doe",
    "email": "jane@example.com",
    "phone": "+27821234567",
    "currency": "ZAR",
    "balance": 2000,
    "payment_rules": RULES,
}

NOUN: Final = noun_of(CUSTOMER, "Customers", CustomerBody, _EXAMPLE)

_NEW: Final = {
    "a customer": {
        "external_reference": "CUST-1042",
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "+27821234567",
        "currency": "ZAR",
        "balance": 2000,
    }
}

OPERATIONS: Final = (
    NOUN.create(
        Creates(CREATE_CUSTOMERS),
        NewCustomer,
        _NEW,
        summary="Register a customer",
        description="Only the reference is required. A `balance` needs its `currency`, and opens the ledger.",
        problems=("external_reference_taken", "amount_out_of_range"),
        moves_money=True,
    ),
    NOUN.list(CUSTOMERS, CustomerQuery, shown(CUSTOMER), show_to_import=kept(CUSTOMER)),
    NOUN.retrieve(look(CUSTOMER), AsOfQuery),
    NOUN.update(
        update_balance_owner(CUSTOMER),
        CustomerChanges,
        {"balance refresh": {"balance": 10000}, "no e-mail any more": {"email": None}},
        description=REPLACES_BALANCE,
        problems=("currency_mismatch", "amount_out_of_range", "period_closed"),
        moves_money=True,
        warns=True,
    ),
    NOUN.adjust(CUSTOMER),
    NOUN.list_entries(CUSTOMER),
)
