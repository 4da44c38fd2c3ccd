"""What the API offers of statements of account."""

from functools import partial
from typing import Any, Final

from dues.resources.accounts import operations as accounts
from dues.resources.customers import operations as customers
from dues.resources.doing import Presents
from dues.resources.noun import Noun as Described
from dues.resources.operation import Operation
from dues.resources.statements.query import StatementQuery
from dues.resources.statements.read import read_statement
from dues.resources.statements.store import Noun
from dues.resources.statements.wire import StatementBody
from dues.resources.statements.write import write_statement

_ZERO: Final = {"balances_owed": 0, "balances_in_credit": 0, "overpaid_bills": 0, "held": 0}

_CUSTOMER: Final = {
    "id": "bcus_0Ue8xPq2dK7mN4vRtYw3z",
    "external_reference": "CUST-1042",
    "name": "Jane Doe",
}

_EXAMPLE: Final[dict[str, Any]] = {
    "merchant": "Example Utilities",
    "mode": "live",
    "customer": _CUSTOMER,
    "from": "2026-01-01",
    "to": "2026-01-31",
    "time_zone": "Africa/Johannesburg",
    "payment_reference": "CUST-1042",
    "currencies": [
        {
            "currency": "ZAR",
            "opening": {"total": 0, "open_bills": 0} | _ZERO,
            "charged": 150000,
            "credited": 50000,
            "movements": [
                {
                    "date": "2026-01-05",
                    "recorded_at": "2026-01-05T08:30:00Z",
                    "cause": "bill_made",
                    "amount": 150000,
                    "balance": 150000,
                    "id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
                    "bill": "INV-2026-001",
                    "bill_date": "2026-01-05",
                    "due_date": "2026-01-31",
                },
                {
                    "date": "2026-01-20",
                    "recorded_at": "2026-01-20T09:15:00Z",
                    "cause": "payment",
                    "amount": -50000,
                    "balance": 100000,
                    "id": "ent_0Ue8xRf3vX6nJ1yQkBd8s",
                    "bill": "INV-2026-001",
                    "payment": "EFT-1",
                    "method": "eft",
                    "paid_at": "2026-01-20T09:15:00Z",
                },
            ],
            "held_movements": [],
            "closing": {"total": 100000, "open_bills": 100000} | _ZERO,
            "ages": [
                {"to_days": 0, "count": 1, "amount": 100000},
                *({"from_days": low, "to_days": low + 29, "count": 0, "amount": 0} for low in (1, 31, 61, 91)),
                {"from_days": 121, "count": 0, "amount": 0},
            ],
            "open_bills": [
                {
                    "id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
                    "external_reference": "INV-2026-001",
                    "bill_date": "2026-01-05",
                    "due_date": "2026-01-31",
                    "amount_due": 150000,
                    "amount_remaining": 100000,
                    "age": "due_date",
                    "days_overdue": 0,
                }
            ],
            "open_bills_count": 1,
        }
    ],
}

_ABOUT: Final[dict[Noun, str]] = {
    "customer": "Of the customer's own balance, the balances of all accounts of theirs, and all their bills",
    "account": "Of the account's balance and its bills",
}


def _operation(described: Described, noun: Noun) -> Operation:
    account = {"account": {"id": "bacc_0Ue8xPq2dK7mN4vRtYw3z", "external_reference": "UAR1234567890"}}
    return described.one(
        "GET",
        "/statement",
        Presents(partial(read_statement, noun=noun), partial(write_statement, noun=noun)),
        id=f"retrieve_statement_of_{noun}",
        tag="Files",
        summary=f"Retrieve the statement of {described.a_noun}",
        description=f"{_ABOUT[noun]}: what was owed when the first day began, what moved until the last one ended, "
        "and what was owed then, in each currency, from one instant. Days are the merchant's, and movements are of "
        "the day on which they were recorded: of days that are over it is the same whenever it is asked for. Where "
        "one statement ends, the next one begins. As `application/json`, `text/csv`, `text/html` or "
        "`application/pdf`, by `Accept`, or by `.csv`, `.html` or `.pdf` at the end of the path. A page or document "
        "is written in the language that is asked for.",
        query=StatementQuery,
        answer=StatementBody,
        example=_EXAMPLE | (account if noun == "account" else {}),
        problems=(
            "payment_link_not_found",
            "payment_link_over",
            "payment_link_unreadable",
            "owner_mismatch",
            "amount_out_of_range",
            "statement_too_long",
            "pdf_not_installed",
        ),
    )


OPERATIONS: Final = (_operation(customers.NOUN, "customer"), _operation(accounts.NOUN, "account"))
