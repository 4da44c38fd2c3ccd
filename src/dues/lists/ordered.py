"""A page of a list in the order of a column, and the statement that reads it.

The indexes of such orders begin with what the list is divided by, its status and currency. So each of these may be
asked for or not, and a page is still read off the index: as much of each division as a page has room for, of which the
first are the page.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.folding import LAST_TEXT
from dues.domain.tenants import Tenant
from dues.lists.listing import Key, Listing, Value
from dues.lists.pages import Chosen, chosen_of

Place = tuple[Value, ...]
"""Where an object stands in an order: its keys, and its id."""

EXTREMES: Final[Mapping[type[Value], tuple[Value, Value]]] = {
    date: (date.min, date.max),
    datetime: (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    int: (-1, 2**63 - 1),
    str: ("", LAST_TEXT),
}
"""What nothing sorts before, and what nothing sorts after."""

_ID_EXTREMES: Final = ("", "~")


class Section(Struct, frozen=True):
    """A section of an order: what is between two places that are not in it themselves."""

    keys: tuple[Key, ...]
    low: Place
    high: Place
    ascending: bool
    unless: tuple[tuple[Key, str, str], ...] = ()
    """What is left out: objects whose key is within these, the first of which is in."""


def place_before(keys: tuple[Key, ...], least: Value | None) -> Place:
    """The place before all whose first key is `least` or more; None: before all there are."""
    lowest = [EXTREMES[key.type][0] for key in keys]
    return (lowest[0] if least is None else least, *lowest[1:], _ID_EXTREMES[0])


def place_after(keys: tuple[Key, ...], most: Value | None) -> Place:
    """The place after all whose first key is `most` or less; None: after all there are."""
    highest = [EXTREMES[key.type][1] for key in keys]
    return (highest[0] if most is None else most, *highest[1:], _ID_EXTREMES[1])


def place_of_row(section: Section, row: Row) -> Place:
    """Where an object of a section stands."""
    return (*(row[f"key_{number}"] for number, _ in enumerate(section.keys)), row["id"])


async def find_section(
    database: Database, listing: Listing, tenant: Tenant, filters: Mapping[str, str], section: Section, limit: int
) -> list[Row]:
    """The first `limit` rows of a section."""
    unless = tuple(key for key, _, _ in section.unless)
    statement = section_statement(
        listing, section.keys, chosen_of(listing, filters), unless, ascending=section.ascending
    )
    out = [value for _, first, after in section.unless for value in (first, after)]
    return await database.rows(statement, *tenant, limit, *section.low, *section.high, *out, *filters.values())


@lru_cache(maxsize=256)
def section_statement(
    listing: Listing, keys: tuple[Key, ...], filters: Chosen, unless: tuple[Key, ...] = (), *, ascending: bool = True
) -> str:
    """SQL with the parameters cell, tenant, number of rows, the low place, the high place, two values for each of
    `unless`, then filters' values."""
    columns = [*(f"t.{key.column}" for key in keys), "t.id"]
    count, direction = len(columns), "asc" if ascending else "desc"
    order = ", ".join(f"{column} {direction}" for column in columns)
    conditions = [
        f"{columns[0]} is not null",  # what a place says without saying so to the planner
        f"({', '.join(columns)}) > ({_parameters(4, count)})",
        f"({', '.join(columns)}) < ({_parameters(4 + count, count)})",
    ]
    number = 4 + 2 * count
    for key in unless:
        conditions.append(f"(t.{key.column} >= ${number} and t.{key.column} < ${number + 1}) is not true")
        number += 2
    for number, (name, by_reference) in enumerate(filters, start=number):  # noqa: B020 -- it goes on from there
        value = listing.named[name][1].format(f"${number}") if by_reference else f"${number}"
        conditions.insert(0, listing.filters[name].format(value))
    divisions = [name for name in listing.divided if name not in dict(filters)]
    conditions[:0] = [listing.filters[name].format(f"{name}_is.one") for name in divisions]
    rows = f"""select t.* from {listing.table}
            where {" and ".join(["t.cell = $1 and t.tenant_id = $2", *conditions])}
            order by {order}
            limit $3"""
    if divisions:
        sources = " cross join ".join(_values_of(listing, name) for name in divisions)
        rows = f"""select t.* from {sources} cross join lateral (
           {rows}) as t
            order by {order}
            limit $3"""
    places = "".join(f", t.{key.column} as key_{number}" for number, key in enumerate(keys))
    return f"""
select {listing.columns}{places}
  from (
           {rows}
       ) as t
 order by {order}
"""


def _parameters(first: int, count: int) -> str:
    return ", ".join(f"${number}" for number in range(first, first + count))


def _values_of(listing: Listing, name: str) -> str:
    """What a list is divided into by a filter: all of its values, or those that are found by going from one to the next
    in an index."""
    if values := listing.divided[name]:
        return f"(values {', '.join(f'({value!r})' for value in values)}) as {name}_is(one)"
    first = f"select t.{name} from {listing.table} where t.cell = $1 and t.tenant_id = $2"
    return f"""(
             with recursive found(one) as (
                 ({first} order by t.{name} limit 1)
                 union all
                 select ({first} and t.{name} > found.one order by t.{name} limit 1) from found
                  where found.one is not null
             )
             select found.one from found where found.one is not null
           ) as {name}_is"""
