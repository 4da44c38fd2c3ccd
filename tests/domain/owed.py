"""What is owed, made up for tests: bills, accounts and customers, with their default rules and their entries."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from dues.domain.accounts import Account
from dues.domain.bills import Bill
from dues.domain.customers import Customer
from dues.domain.entries import Cause, Entry, Head, is_proven
from dues.domain.obligations import Owed
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Record

CAUSE = Cause(1, "req_1", "key", datetime(2026, 1, 5, 8, 30, tzinfo=UTC))


def rules(least: int = 0, most: int = 1000, *, under: bool = True, over: bool = True) -> PaymentRules:
    """Rules that allow nearly everything, but for what is said."""
    return PaymentRules(least, most, underpayment_allowed=under, overpayment_allowed=over)


def bill(outstanding: int, paid: int = 0, default: PaymentRules | None = None, **changes: Any) -> Owed:
    """A bill of Jane's in ZAR, of which so much is outstanding (nothing: it was paid in full)."""
    due = paid + outstanding if outstanding else max(1, paid)
    fields: dict[str, Any] = {
        "id": "bill_1",
        "external_reference": "INV",
        "customer_id": "bcus_jane",
        "account_id": None,
        "currency": "ZAR",
        "amount_due": due,
        "amount_paid": paid if outstanding else max(1, paid),
        "status": "unpaid" if outstanding else "paid",
        "bill_date": date(2026, 1, 5),
        "due_date": None,
        "payment_rules": None,
        "metadata": None,
    }
    return owed(Bill(**(fields | changes)), default)


def account(balance: int | None, default: PaymentRules | None = None, **changes: Any) -> Owed:
    """Jane's account in ZAR with this balance."""
    fields = {"id": "bacc_1", "external_reference": "UAR", "customer_id": "bcus_jane", "currency": "ZAR"}
    return owed(Account(**({**fields, "balance": balance} | changes)), default)


def customer(balance: int | None, default: PaymentRules | None = None, **changes: Any) -> Owed:
    """Jane, with this balance in ZAR."""
    fields = {"id": "bcus_jane", "external_reference": "JANE", "currency": "ZAR"}
    return owed(Customer(**({**fields, "balance": balance} | changes)), default)


def owed(of: Bill | Account | Customer, default: PaymentRules | None = None) -> Owed:
    """It, with a head that says what its amount is."""
    amount = of.amount_settled if isinstance(of, Bill) else of.balance
    return Record(of, default, Head(1 if amount else 0, bytes(32), amount or 0, CAUSE.now), 1)


def head_of(entries: Sequence[Entry]) -> Head:
    """Where a chain ends."""
    if not entries:
        return Head()
    last = entries[-1]
    return Head(last.number, last.hash, last.balance_after, last.created_at)


def unbroken(entries: Sequence[Entry]) -> bool:
    """Whether entries, from the first on, follow each other: their numbers, times, sums and hashes."""
    head = Head()
    for entry in entries:
        follows = (entry.number, entry.balance_after) == (head.number + 1, head.balance + entry.amount)
        if not follows or entry.created_at < head.created_at or not is_proven(head.hash, entry):
            return False
        head = head_of([entry])
    return True
