"""The JSON of a summary."""

from datetime import date
from typing import Annotated

from msgspec import Struct

from dues.domain.fields import Currency, says
from dues.resources.summaries.store import Owed


class BillsSumBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some bills, and what remains to be paid of them."""

    count: Annotated[int, says("How many there are.")]
    amount_remaining: Annotated[int, says("What remains to be paid of them, in the smallest unit.")]
    oldest_due_date: Annotated[date, says("When the first of them is or was due, where any has a date.")] | None = None


class OwedBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is owed in one currency."""

    currency: Currency
    balance: (
        Annotated[int, says("The balance; of a customer, with those of its accounts. Absent: none is tracked.")] | None
    ) = None
    open_bills: Annotated[BillsSumBody, says("The bills that are not paid.")]
    overdue: Annotated[BillsSumBody, says("Those of them that were due before `day`.")]
    unapplied_amount: Annotated[int, says("What is held of payments.")] | None = None
    net_amount: Annotated[
        int, says("The balance and what remains of open bills, less what is held: negative is credit.")
    ]


class SummaryBody(Struct, frozen=True, kw_only=True):
    """What is owed, at one instant: one for each currency in which anything is tracked or open."""

    id: Annotated[str, says("The id of the customer or the account.")]
    day: Annotated[date, says("Today: what was due before is overdue.")]
    owed: list[OwedBody]


def summary_body(owner_id: str, day: date, owed: list[Owed]) -> SummaryBody:
    """The summary as clients see it."""
    return SummaryBody(id=owner_id, day=day, owed=[_owed_body(one) for one in owed])


def _owed_body(owed: Owed) -> OwedBody:
    oldest, overdue = owed.oldest_due_date, owed.overdue_count
    return OwedBody(
        currency=owed.currency,
        balance=owed.balance,
        open_bills=BillsSumBody(count=owed.open_count, amount_remaining=owed.open_amount, oldest_due_date=oldest),
        # The bill that was due first is overdue if any is.
        overdue=BillsSumBody(
            count=overdue, amount_remaining=owed.overdue_amount, oldest_due_date=oldest if overdue else None
        ),
        unapplied_amount=owed.unapplied or None,
        net_amount=owed.net,
    )
