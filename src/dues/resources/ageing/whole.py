"""GET /billing/ageing as CSV: all rows, as everything was at one instant."""

from collections.abc import AsyncIterator
from itertools import chain
from typing import Any

from dues.db.database import Database
from dues.domain.money import in_major_units
from dues.domain.violations import Invalid
from dues.resources.ageing.debtors.store import stream_debtors
from dues.resources.ageing.figures import add_up
from dues.resources.ageing.instants import Part
from dues.resources.ageing.open_bills.store import stream_open_bills
from dues.resources.ageing.query import AgeingQuery
from dues.resources.ageing.read import Day, bill_of, customers_of, day_of, in_one_currency, order_of
from dues.resources.ageing.store import allow_hashes, find_totals
from dues.resources.ageing.wire import AgedBody, FiguresBody
from dues.resources.doing import Call, Document
from dues.resources.exports.columns import csv_lines, safe_cell
from dues.resources.exports.query import of_pages_alone
from dues.resources.exports.sending import send

CUSTOMER = ("customer_id", "customer", "customer_name")

BILL = ("bill_id", "bill", "account_id", "bill_date", "due_date", "days", "bucket", "amount_remaining")

MORE = ("open_bills", "overdue", "without_due_date", "balance_owed", "credit", "held", "net_amount")


async def ageing_file(call: Call) -> Document:
    """The file, its beginning made. Amounts are as people write them. Raises Invalid as pages do, and Unavailable where
    its turn does not come or the database is away."""
    if broken := of_pages_alone(call.query):
        raise Invalid(broken)
    day = day_of(call)
    lines = {"total": _totals, "customer": _customers, "bill": _bills}[call.query.by]

    async def begun(snapshot: Database) -> AsyncIterator[str]:
        if day.asked.moment is not None:
            await allow_hashes(snapshot.rows)
        async for line in lines(call, day, snapshot):
            yield line

    name = f"ageing-by-{call.query.by}-{day.asked.day}.csv"
    return Document("text/csv", name, await send(call, begun))


def _header(call: Call, day: Day) -> str:
    figures = ("currency", *(bucket.code for bucket in day.buckets), *MORE)
    query: AgeingQuery = call.query
    match query.by:
        case "total":
            return csv_lines([("as_of", *figures)])
        case "customer":
            return csv_lines([("as_of", *CUSTOMER, "oldest_due_date", *figures)])
        case _:
            return csv_lines([("as_of", *CUSTOMER, "currency", *BILL)])


async def _totals(call: Call, day: Day, snapshot: Database) -> AsyncIterator[str]:
    rows = await find_totals(snapshot.rows, call.tenant, day.asked)
    text = _header(call, day)
    for currency in dict.fromkeys(row["currency"] for row in rows):
        figures = add_up([row for row in rows if row["currency"] == currency], day.buckets)
        text += csv_lines([(day.asked.day, *_figures(figures, currency))])
    yield text


async def _customers(call: Call, day: Day, snapshot: Database) -> AsyncIterator[str]:
    text = _header(call, day)
    chosen = await in_one_currency(call, day, snapshot.rows)
    if chosen:
        together: list[Any] = []
        async for row in stream_debtors(snapshot, call.tenant, chosen.asked, Part(order_of(call.query))):
            if together and together[0]["id"] != row["id"]:
                yield text + _customer(together, chosen)
                text, together = "", []
            together.append(row)
        if together:
            text += _customer(together, chosen)
    yield text


def _customer(rows: list[Any], day: Day) -> str:
    [(_, body)] = customers_of(rows, day)
    assert body.figures
    return csv_lines([(day.asked.day, *_named(body), body.oldest_due_date, *_figures(body.figures, body.currency))])


async def _bills(call: Call, day: Day, snapshot: Database) -> AsyncIterator[str]:
    text = _header(call, day)
    chosen = await in_one_currency(call, day, snapshot.rows)
    if chosen:
        async for row in stream_open_bills(snapshot, call.tenant, chosen.asked, Part(order_of(call.query))):
            _, body = bill_of(row, chosen)
            assert body.amount_remaining is not None
            amount = in_major_units(body.amount_remaining, body.currency)
            about = (body.bill_id, safe_cell(body.bill_reference), body.account_id, body.bill_date, body.due_date)
            cells = (*_named(body), body.currency, *about, body.days, body.bucket, amount)
            yield text + csv_lines([(day.asked.day, *cells)])
            text = ""
    yield text


def _named(body: AgedBody) -> tuple[Any, ...]:
    return body.customer_id, safe_cell(body.customer_reference), safe_cell(body.customer_name)


def _figures(figures: FiguresBody, currency: str) -> tuple[Any, ...]:
    ages = (age.amount_remaining for age in figures.ages)
    sums = (figures.open_bills, figures.overdue, figures.without_due_date)
    others = (figures.balance_owed, figures.credit, figures.held, figures.net_amount)
    amounts = chain(ages, (one.amount_remaining for one in sums), others)
    return currency, *(in_major_units(amount, currency) for amount in amounts)
