"""What is found: a page of a list by filters, ranges and a search, each read off an index, or refused.

Objects are read in one order, which the range, the search or `order` decides. What goes together is what one index has.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.folding import after_all_that_begin_with
from dues.domain.tenants import Tenant
from dues.domain.violations import Invalid, Violation
from dues.lists.cursors import NOT_OF_THIS_LIST
from dues.lists.listing import Key, Listing
from dues.lists.ordered import Place, Section, find_section, place_after, place_before, place_of_row
from dues.lists.pages import Stretch, find_page
from dues.lists.paging import place_of
from dues.lists.query import FindingQuery
from dues.lists.ranges import TimeRange, ids_of

MADE: Final = "created_at"

Found = list[tuple[str, Row]]
"""Rows, each with its place in the list as a cursor has it."""


async def find(database: Database, listing: Listing, tenant: Tenant, query: FindingQuery, today: date) -> Found:
    """The rows of a page and, where there are more, one row of the next.

    Raises Invalid where what is asked for goes by no index, and where the cursor is another list's.
    """
    if unserved := list(refuse_unserved(listing, query)):
        raise Invalid(unserved)
    if query.search is not None:
        return await _sought(database, listing, tenant, query, query.search)
    name = _order_of(query)
    if name == MADE:
        return await _made(database, listing, tenant, query)
    order = listing.orders[name]
    least, most = query.ranges.get(name, _EVERYTHING).ends
    filters = query.filters
    if query.only_overdue:
        yesterday = today - timedelta(days=1)
        most = yesterday if most is None else min(most, yesterday)
        filters |= {"status": "unpaid"}
    ascending = _ascending(query, order.ascending)
    low, high = place_before(order.keys, least), place_after(order.keys, most)
    if (after := _place(query, tenant, listing, order.keys)) is not None:
        low, high = (after, high) if ascending else (low, after)
    section = Section(order.keys, low, high, ascending)
    rows = await find_section(database, listing, tenant, filters, section, query.limit + 1)
    return [(_to_text(place_of_row(section, row)), row) for row in rows]


def refuse_unserved(listing: Listing, query: FindingQuery) -> Iterator[Violation]:
    """Yields what is asked for and does not go with what decides the order."""
    filters = [*query.filters, *(f"metadata[{key}]" for key in query.pairs)]
    ordering = [name for name in query.ranges if name != MADE] + ["due_date"] * query.only_overdue
    asked = query.ordered.lstrip("-") if query.ordered else None
    fitting, owners = [*listing.divided], tuple[str, ...]()
    if query.search is not None:
        name = "q"
        others = [*filters, *query.ranges, *(["order"] if asked else []), *["overdue"] * query.only_overdue]
    elif (name := _order_of(query)) == MADE:
        others = []
    else:
        owners = listing.orders[name].owners
        of_one_owner = [one for one in owners if one in filters][:1]
        others = [one for one in (*query.ranges, *filters) if one != name and one not in of_one_owner]
    if asked and ordering and asked != name and name != "q":
        yield _together("order", name, f"what is found by {name} comes in its order: order={name} or order=-{name}")
    goes = ", ".join(fitting) + (f" and one of {', '.join(owners)}" if owners else "")
    hint = f"beside {name} go {goes}" if goes else f"beside {name} goes nothing else"
    yield from (_together(one, name, hint) for one in others if one not in fitting)


def _together(other: str, name: str, hint: str) -> Violation:
    return Violation(f"/{other}", "not_together", f"does not go with {name}, since no index has both: {hint}.")


def _order_of(query: FindingQuery) -> str:
    """The name of what a page is ordered by: the range's, or the order's that is asked for."""
    if query.only_overdue:
        return "due_date"
    for name in query.ranges:
        if name != MADE:
            return name
    return query.ordered.lstrip("-") if query.ordered else MADE


def _ascending(query: FindingQuery, otherwise: bool) -> bool:
    return otherwise if query.ordered is None else not query.ordered.startswith("-")


_EVERYTHING: Final = TimeRange()


# By when it was made ----------------------------------------------------------------------------------------------


async def _made(database: Database, listing: Listing, tenant: Tenant, query: FindingQuery) -> Found:
    """Ids begin with the time, so a range of times is one of ids, and goes with everything."""
    made = query.created_at or _EVERYTHING
    first, last = ids_of(listing.prefix, made)
    ascending = _ascending(query, otherwise=False)
    after, until = (first, last) if ascending else (last, first)
    cursor = place_of(query, tenant, listing.name, f"{listing.prefix}[0-9A-Za-z]+")
    rows = await find_page(database, listing, tenant, query, Stretch(cursor or after, until, ascending))
    return [(row["id"], row) for row in rows]


# By what it is searched by ----------------------------------------------------------------------------------------


async def _sought(database: Database, listing: Listing, tenant: Tenant, query: FindingQuery, searched: str) -> Found:
    """What is found by one column after the other; what an earlier one has found is left out."""
    begin, after = 0, None
    if (place := _place(query, tenant, listing, (_COLUMN, *_WORD))) is not None:
        begin, after = int(str(place[0])), place[1:]
    found: Found = []
    earlier: list[tuple[Key, str, str]] = []
    for number, sought in enumerate(listing.sought):
        if (prefix := sought.prefix(searched)) is None:
            continue
        end = after_all_that_begin_with(prefix)
        missing = query.limit + 1 - len(found)
        if number >= begin and missing:
            low = after if number == begin and after is not None else (prefix, "")
            section = Section((sought.key,), low, (end, ""), ascending=True, unless=tuple(earlier))
            rows = await find_section(database, listing, tenant, query.filters, section, missing)
            found += [(_to_text((number, *place_of_row(section, row))), row) for row in rows]
        earlier.append((sought.key, prefix, end))
    return found


_COLUMN: Final = Key("number of the column", int)
_WORD: Final = (Key("what was found", str),)


# Places in cursors ------------------------------------------------------------------------------------------------


def _to_text(place: Place) -> str:
    return msgspec.json.encode(place).decode()


def _place(query: FindingQuery, tenant: Tenant, listing: Listing, keys: tuple[Key, ...]) -> Place | None:
    """Where the page begins; None: at the beginning."""
    text = place_of(query, tenant, listing.name, ".*")
    if text is None:
        return None
    try:
        place: Place = msgspec.json.decode(text, type=_place_type(keys))
    except msgspec.DecodeError:
        place = ()
    if not place or any(isinstance(value, datetime) and value.utcoffset() for value in place):
        raise Invalid([Violation("/cursor", "invalid_cursor", NOT_OF_THIS_LIST)])
    return place


def _place_type(keys: tuple[Key, ...]) -> Any:
    return tuple[(*(_TYPES[key.type] for key in keys), _ID)]  # type: ignore[misc]


_TYPES: Final[dict[type, Any]] = {
    date: date,
    datetime: Annotated[datetime, Meta(tz=True)],
    int: Annotated[int, Meta(ge=-1, le=2**63 - 1)],
    str: Annotated[str, Meta(pattern=r"^[^\x00]*\Z")],
}
_ID: Final[Any] = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_]*\Z")]
"""Whoever has read this can make a cursor up, and learns no more by it than that there is nothing."""
