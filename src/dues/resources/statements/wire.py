"""A statement as clients see it."""

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dues.domain.fields import Currency, says
from dues.domain.statements.causes import Cause


class OwnerBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer or an account."""

    id: Annotated[str, says("Its id.")]
    external_reference: Annotated[str, says("Your own name for it.")]
    name: Annotated[str, says("What it is called.")] | None = None


class PositionBody(Struct, frozen=True, kw_only=True):
    """What is owed at an instant, in the smallest unit. `total` is `balances_owed` − `balances_in_credit` +
    `open_bills` − `overpaid_bills`; below nothing, it is in credit."""

    total: Annotated[int, says("What is owed in all.")]
    balances_owed: Annotated[int, says("What balances come to on which something is owed.")]
    balances_in_credit: Annotated[int, says("What balances come to that are in credit, as a positive amount.")]
    open_bills: Annotated[int, says("What remains to be paid of open bills.")]
    overpaid_bills: Annotated[int, says("What was paid of bills beyond what was due, as a positive amount.")]
    held: Annotated[int, says("Money of payments that has not been applied. It is not part of `total`.")]


class MovementBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One movement, and what there was after it."""

    date: Annotated[datetime.date, says("On which of the merchant's days it was recorded.")]
    recorded_at: Annotated[datetime.datetime, Meta(tz=True, description="When exactly.")]
    cause: Annotated[Cause, says("What it was.")]
    amount: Annotated[int, says("By how much it changed what is owed, or held.")]
    balance: Annotated[int, says("What was owed after it, or held.")]
    id: Annotated[str, says("Of its ledger entry; of a bill that was made or voided, the bill's.")]
    bill: Annotated[str, says("The reference of the bill that it is about.")] | None = None
    account: Annotated[str, says("The reference of the account whose balance it is about.")] | None = None
    customer: Annotated[str, says("The reference of the customer whose own balance it is about.")] | None = None
    payment: Annotated[str, says("The reference of the payment that it is of.")] | None = None
    method: Annotated[str, says("How that was paid.")] | None = None
    paid_at: (
        Annotated[datetime.datetime, Meta(tz=True, description="When it was paid, as whoever recorded it said.")] | None
    ) = None
    reason: Annotated[str, says("Why, as whoever did it said.")] | None = None
    bill_date: Annotated[datetime.date, says("The date on a bill that was made.")] | None = None
    due_date: Annotated[datetime.date, says("When it is due.")] | None = None


class AgeBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Open bills of one age. Without `from_days`: what is not overdue; without `to_days`: all that is older."""

    count: Annotated[int, says("How many.")]
    amount: Annotated[int, says("What remains of them.")]
    from_days: Annotated[int, says("Days since it was due, at least.")] | None = None
    to_days: Annotated[int, says("Days since it was due, at most.")] | None = None


class OpenBillBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bill that was open at the end."""

    id: Annotated[str, says("Its id.")]
    external_reference: Annotated[str, says("Its reference.")]
    bill_date: Annotated[datetime.date, says("Its date.")]
    amount_due: Annotated[int, says("What it came to when it was made.")]
    amount_remaining: Annotated[int, says("What remained to be paid of it.")]
    age: Annotated[
        Literal["due_date", "bill_date"], says("By what its age goes: one without a due date goes by its date.")
    ]
    days_overdue: Annotated[int, says("How many days that was ago; 0: it was not overdue.")]
    due_date: Annotated[datetime.date, says("When it was due.")] | None = None


class InCurrencyBody(Struct, frozen=True, kw_only=True):
    """All of one currency. `opening.total` and the amounts of `movements` come to `closing.total`; `opening.held` and
    those of `held_movements` to `closing.held`."""

    currency: Currency
    opening: PositionBody
    charged: Annotated[int, says("What movements added to what is owed.")]
    credited: Annotated[int, says("What movements took off it, as a positive amount.")]
    movements: Annotated[list[MovementBody], says("What changed what is owed, in the order of time.")]
    held_movements: Annotated[list[MovementBody], says("What changed how much is held.")]
    closing: PositionBody
    ages: Annotated[list[AgeBody], says("What was open at the end, by how long ago it was due.")]
    open_bills: Annotated[list[OpenBillBody], says("The first 100 of them, what was due first first.")]
    open_bills_count: Annotated[int, says("How many there were.")]


class StatementBody(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}):
    """A statement of account: of an account where `account` is there, else of the customer and all that is theirs."""

    merchant: Annotated[str, says("Whose customer it is.")]
    mode: Annotated[Literal["test", "live"], says("Whether it is only a test.")]
    customer: OwnerBody
    from_: Annotated[datetime.date, says("The first of the merchant's days.")]
    to: Annotated[datetime.date, says("The last.")]
    time_zone: Annotated[str, says("Where these days are days.")]
    payment_reference: Annotated[str, says("What to say with a payment.")]
    currencies: Annotated[list[InCurrencyBody], says("Each currency in which anything was owed, moved or is held.")]
    account: OwnerBody | None = None
    payment_url: Annotated[str, says("Where it can be paid, where a payment link was named.")] | None = None


def sums_of(part: InCurrencyBody) -> Iterator[int]:
    """All that is added up in it."""
    for position in (part.opening, part.closing):
        yield from (position.total, position.balances_owed, position.balances_in_credit, position.open_bills)
        yield from (position.overpaid_bills, position.held)
    yield from (part.charged, part.credited)
    yield from (one.balance for one in (*part.movements, *part.held_movements))
