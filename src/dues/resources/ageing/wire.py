"""The JSON of ageing: rows with what is owed in each bucket."""

from datetime import date
from typing import Annotated

from msgspec import Struct

from dues.domain.fields import Currency, says
from dues.lists.paging import PageBody
from dues.resources.ageing.query import By

_MINOR = "in the smallest unit"


class SumBody(Struct, frozen=True):
    """Some bills, and what remains to be paid of them."""

    count: Annotated[int, says("How many there are.")]
    amount_remaining: Annotated[int, says(f"What remains to be paid of them, {_MINOR}.")]


class AgedSumBody(Struct, frozen=True):
    """The bills of one bucket."""

    bucket: Annotated[
        str,
        says("`not_due`, or from how many days to how many they have been due: `1-30`, and `121+` for the last one."),
    ]
    count: Annotated[int, says("How many there are.")]
    amount_remaining: Annotated[int, says(f"What remains to be paid of them, {_MINOR}.")]


class FiguresBody(Struct, frozen=True, kw_only=True):
    """What is owed, and what is there beside it. Nothing is set off against anything but in `net_amount`."""

    open_bills: Annotated[SumBody, says("The bills that were not paid: the sum of all buckets.")]
    ages: Annotated[list[AgedSumBody], says("The same by age, all buckets, the youngest first.")]
    overdue: Annotated[SumBody, says("Those of them that were due before `as_of`.")]
    without_due_date: Annotated[
        SumBody, says("Those of them that have no due date: their age is counted from the day of the bill.")
    ]
    balance_owed: Annotated[int, says(f"What is owed on balances of customers and accounts, {_MINOR}. It has no age.")]
    credit: Annotated[
        int,
        says(f"Balances below nothing, and what was paid of bills beyond what was due, {_MINOR} and above nothing."),
    ]
    held: Annotated[int, says(f"What is held of payments, {_MINOR}.")]
    net_amount: Annotated[int, says("`open_bills` and `balance_owed`, less `credit` and `held`.")]


class AgedBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row: of a currency or a customer with `figures`, or of a bill."""

    currency: Currency
    customer_id: Annotated[str, says("Of a customer or a bill: the customer's id.")] | None = None
    customer_reference: Annotated[str, says("The customer's `external_reference`.")] | None = None
    customer_name: Annotated[str, says("What the customer is called, where that is known.")] | None = None
    oldest_due_date: (
        Annotated[date, says("Of a customer: from when the age of its oldest open bill is counted.")] | None
    ) = None
    figures: FiguresBody | None = None
    bill_id: Annotated[str, says("Of a bill: its id.")] | None = None
    bill_reference: Annotated[str, says("Its `external_reference`.")] | None = None
    account_id: Annotated[str, says("The account that it is for, if it is for one.")] | None = None
    bill_date: Annotated[date, says("The day of the bill.")] | None = None
    due_date: Annotated[date, says("When it was due; absent: its age is counted from `bill_date`.")] | None = None
    days: Annotated[int, says("For how many days it had been due; below nothing while it was not.")] | None = None
    bucket: Annotated[str, says("The bucket that it is in.")] | None = None
    amount_remaining: Annotated[int, says(f"What remained to be paid of it, {_MINOR}.")] | None = None


class AgeingBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """What was owed at the end of a day, by how long it had been due: all of it, or a page of customers or bills."""

    as_of: Annotated[date, says("The day.")]
    time_zone: Annotated[str, says("Whose days are meant.")]
    by: Annotated[By, says("What the rows are of.")]
    data: list[AgedBody]
