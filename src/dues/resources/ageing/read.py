"""GET /billing/ageing: what is owed and for how long, as of a day: in all, by customer or by bill."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Final

from msgspec import Struct

from dues.db.transaction import Row
from dues.domain.ageing import USUAL_BOUNDS, Bucket, buckets_of, parse_bounds, thresholds_of
from dues.domain.balances import refuse_unsafe
from dues.domain.days import beginning_of, day_at
from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid, Violation
from dues.lists.paging import page_of, place_of
from dues.resources.ageing.debtors.store import list_debtors
from dues.resources.ageing.figures import add_up
from dues.resources.ageing.instants import PLACE, Asked, Find, Order, Part, Place
from dues.resources.ageing.open_bills.store import list_open_bills
from dues.resources.ageing.query import AgeingQuery
from dues.resources.ageing.store import allow_hashes, find_merchant_name, find_totals, list_currencies
from dues.resources.ageing.wire import AgedBody, AgeingBody
from dues.resources.doing import Call
from dues.tenants.keys import Mode

USUAL_ORDER: Final[dict[str, Order]] = {"customer": "-amount", "bill": "due_date"}


class Day(Struct, frozen=True):
    """Which day is asked for, by the merchant's calendar, and in which buckets."""

    asked: Asked
    buckets: Sequence[Bucket]


def day_of(call: Call) -> Day:
    """The day of a call. Raises Invalid for one that is to come."""
    query: AgeingQuery = call.query
    zone = call.key.time_zone
    today = day_at(call.key.now(), zone)
    day = query.as_of or today
    if day > today:
        raise Invalid([Violation("/as_of", "in_future", f"must not be after today, {today}.")])
    bounds = parse_bounds(query.buckets) if query.buckets else USUAL_BOUNDS
    moment = None if day == today else beginning_of(day + timedelta(days=1), zone)
    return Day(Asked(day, moment, query.currency, thresholds_of(bounds)), buckets_of(bounds))


@asynccontextmanager
async def instant(call: Call, day: Day, *, several: bool = False) -> AsyncIterator[Find]:
    """How to read: from one instant what takes several statements. What looks back through all entries waits for its
    turn, and raises Unavailable where that does not come."""
    if day.asked.moment is not None:
        turn = call.turns.export_of(call.tenant.id) if call.turns else nullcontext()
        async with turn, call.database.snapshot() as snapshot:
            await allow_hashes(snapshot.rows)
            yield snapshot.rows
    elif several:
        async with call.database.transaction() as tx:
            await tx.stand_still()
            yield tx.find
    else:
        yield call.database.rows


async def read_ageing(call: Call) -> AgeingBody | Refusal:
    """A page, or all where it is a row for each currency.

    Refuses sums that not every client could read: `amount_out_of_range`.
    """
    day = day_of(call)
    async with instant(call, day) as find:
        return await (total_of(call, day, find) if call.query.by == "total" else list_of(call, day, find))


class Ageing(Struct, frozen=True):
    """What a page of it is made of: whose it is, what all comes to, and the customers or bills that are asked for."""

    merchant: str
    mode: Mode
    query: AgeingQuery
    total: AgeingBody
    listed: AgeingBody | None


async def read_for_page(call: Call) -> Ageing | Refusal:
    """All that a page shows, from one instant."""
    day = day_of(call)
    async with instant(call, day, several=True) as find:
        merchant = await find_merchant_name(find, call.tenant)
        total = await total_of(call, day, find)
        if isinstance(total, Refusal):
            return total
        listed = None if call.query.by == "total" else await list_of(call, day, find)
    if isinstance(listed, Refusal):
        return listed
    return Ageing(merchant, call.key.mode, call.query, total, listed)


async def total_of(call: Call, day: Day, find: Find) -> AgeingBody | Refusal:
    """A row for each currency."""
    rows = await find_totals(find, call.tenant, day.asked)
    return _safe(
        _body(
            call,
            day,
            [AgedBody(currency=one, figures=add_up(some, day.buckets)) for one, some in _by("currency", rows)],
        )
    )


async def list_of(call: Call, day: Day, find: Find) -> AgeingBody | Refusal:
    """A page of customers or bills. Raises Invalid where they are in several currencies and none is said."""
    query: AgeingQuery = call.query
    place = place_of(query, call.tenant, "ageing", PLACE)
    chosen = await in_one_currency(call, day, find)
    if chosen is None:
        return _body(call, day, [])
    part = Part(order_of(query), query.limit + 1, Place.read(place) if place else None)
    if query.by == "customer":
        rows = await list_debtors(find, call.tenant, chosen.asked, part)
        found = list(customers_of(rows, chosen))
    else:
        found = [bill_of(row, chosen) for row in await list_open_bills(find, call.tenant, chosen.asked, part)]
    page = page_of(query, call.tenant, "ageing", [(str(one), body) for one, body in found])
    return _safe(_body(call, day, page.data, page.next_cursor))


async def in_one_currency(call: Call, day: Day, find: Find) -> Day | None:
    """The day, in the currency that is asked for or the only one; None where there is none at all."""
    if day.asked.currency:
        return day
    currencies = await list_currencies(find, call.tenant)
    if len(currencies) > 1:
        detail = f"must say which currency, since there are several: {', '.join(currencies)}."
        raise Invalid([Violation("/currency", "required", detail)])
    if not currencies:
        return None
    asked = day.asked
    return Day(Asked(asked.day, asked.moment, currencies[0], asked.thresholds), day.buckets)


def order_of(query: AgeingQuery) -> Order:
    """The order of a list."""
    return query.order or USUAL_ORDER[query.by]


def customers_of(rows: Iterable[Row], day: Day) -> Iterator[tuple[Place, AgedBody]]:
    """Customers with their places, of rows that stand together."""
    for customer_id, some in _by("id", rows):
        first = some[0]
        dates = [row["aged_on"] for row in some if row["aged_on"]]
        yield (
            Place(first["place"], customer_id),
            AgedBody(
                currency=first["currency"],
                customer_id=customer_id,
                customer_reference=first["reference"],
                customer_name=first["name"],
                oldest_due_date=min(dates, default=None),
                figures=add_up(some, day.buckets),
            ),
        )


def bill_of(row: Row, day: Day) -> tuple[Place, AgedBody]:
    """A bill with its place."""
    return (
        Place(row["place"], row["id"]),
        AgedBody(
            currency=row["currency"],
            customer_id=row["customer_id"],
            customer_reference=row["reference"],
            customer_name=row["name"],
            bill_id=row["id"],
            bill_reference=row["bill"],
            account_id=row["account_id"],
            bill_date=row["bill_on"],
            due_date=row["due_on"],
            days=(day.asked.day - (row["due_on"] or row["bill_on"])).days,
            bucket=day.buckets[row["slot"]].code,
            amount_remaining=int(row["amount"]),
        ),
    )


def _by(column: str, rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    for value, some in groupby(rows, key=itemgetter(column)):
        yield value, list(some)


def _body(call: Call, day: Day, data: list[AgedBody], next_cursor: str | None = None) -> AgeingBody:
    return AgeingBody(
        as_of=day.asked.day,
        time_zone=call.key.time_zone,
        by=call.query.by,
        data=data,
        has_more=next_cursor is not None,
        next_cursor=next_cursor,
    )


def _safe(body: AgeingBody) -> AgeingBody | Refusal:
    for row in body.data:
        if figures := row.figures:
            sums = [figures.open_bills.amount_remaining, figures.balance_owed, figures.credit, figures.held]
            if refusal := refuse_unsafe([*sums, figures.net_amount], "/net_amount", row.currency):
                return refusal
    return body
