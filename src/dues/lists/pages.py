"""A page of a list in the order in which its objects were made, and the statement that reads it.

A statement is put together from the constant fragments of its Listing, one for each filter that is asked for, so
that every combination is a statement of its own with a plan of its own: it begins at the cursor in an index and
stops after a page, however far down the list that is.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.lists.listing import Listing, Through
from dues.lists.query import ListQuery
from dues.metadata.store import pair_of

Chosen = tuple[tuple[str, bool], ...]
"""The filters of a statement, each with whether its value is a reference."""


class Stretch(Struct, frozen=True):
    """A stretch of a list: what comes after the id `after`, and before the id `until`; None: from its beginning, or to
    its end."""

    after: str | None = None
    until: str | None = None
    ascending: bool = False
    """The oldest first."""


NEWEST_FIRST: Final = Stretch()


async def find_page(
    database: Database, listing: Listing, tenant: Tenant, query: ListQuery, stretch: Stretch = NEWEST_FIRST
) -> list[Row]:
    """The rows of the first page of a stretch and, where there are more, one row of the next."""
    filters = query.filters
    bounded = stretch.until is not None
    statement = list_statement(
        listing, chosen_of(listing, filters), len(query.pairs), ascending=stretch.ascending, bounded=bounded
    )
    after = stretch.after or (listing.prefix if stretch.ascending else _beyond(listing))
    pairs = [pair_of(key, value) for key, value in query.pairs.items()]
    values = [*filters.values(), *pairs, *([stretch.until] if bounded else [])]
    return await database.rows(statement, *tenant, after, query.limit + 1, *values)


def chosen_of(listing: Listing, filters: Mapping[str, str]) -> Chosen:
    """The filters' names, each with whether its value is a reference."""
    return tuple((name, _by_reference(listing, name, value)) for name, value in filters.items())


def _by_reference(listing: Listing, name: str, value: str) -> bool:
    return name in listing.named and not value.startswith(listing.named[name][0])


def _beyond(listing: Listing) -> str:
    """What comes after every id of the list."""
    return f"{listing.prefix}~"


OWNERS = frozenset({"customer", "account"})

NARROW = frozenset({"external_reference", "unapplied", *OWNERS})
"""Filters that few objects fit: with one of them, pairs are looked up for those few, however many others have them."""

_PAIRS = Through("metadata_pairs", "pair", "object_id", mixed=True)


@lru_cache(maxsize=512)
def list_statement(
    listing: Listing, filters: Chosen, pairs: int, *, ascending: bool = False, bounded: bool = False
) -> str:
    """SQL with the parameters cell, tenant, id to begin after, number of rows, then filters' values, then pairs, and
    the id to end before where it is `bounded`."""
    ids = _Ids(listing, ascending, f"${5 + len(filters) + pairs}" if bounded else None)
    values = {
        name: _value(listing, name, f"${number}", by_reference)
        for number, (name, by_reference) in enumerate(filters, start=5)
    }
    pair_values = [f"${5 + len(filters) + number}" for number in range(pairs)]
    conditions = {
        name: listing.filters[name].format(value) for name, value in values.items() if name in listing.filters
    }
    if OWNERS & values.keys():
        # No index is to be chosen for them: one that has the owner too is in another order.
        conditions = {name: one if name in OWNERS else f"({one}) is true" for name, one in conditions.items()}
    own = list(conditions.values())
    links = [(listing.through[name], value) for name, value in values.items() if name in listing.through]

    if "external_reference" in values:
        # One object at most. Behind a fence, so that the planner does not begin with all that another filter fits.
        own += [_linked(listing, link, value) for link, value in links]
        own += [_linked(listing, _PAIRS, value) for value in pair_values]
        named = listing.filters["external_reference"].format(values["external_reference"])
        only = f"t.cell = $1 and t.tenant_id = $2 and {named}"
        return _from_objects(ids, f"(select * from {listing.table} where {only} offset 0) as t", own)
    if links:
        own += [_linked(listing, link, value) for link, value in links[1:]]
        own += [_linked(listing, _PAIRS, value) for value in pair_values]
        return _led_to(ids, *links[0], own)
    if pairs and not NARROW & values.keys():
        first, *more = pair_values
        pairs_too = (
            "exists (select from metadata_pairs link"
            " where link.cell = $1 and {} and link.pair = {} and link.object_id = m.object_id)"
        )
        also = [pairs_too.format("link.tenant_id = m.tenant_id", value) for value in more]
        return _outwards(ids, _PAIRS, first, own, also)
    own += [_linked(listing, _PAIRS, value) for value in pair_values]
    return _from_objects(ids, listing.table, own)


class _Ids(Struct, frozen=True):
    """Where a page is in the order of the ids; `until` is the parameter of the id that it ends before."""

    listing: Listing
    ascending: bool
    until: str | None

    def within(self, column: str, mixed: bool = False) -> str:
        """Whether a column is within."""
        after, before = (">", "<") if self.ascending else ("<", ">")
        end = self.until
        if end is None and mixed:
            # Only where it is needed: with both ends given, the planner believes that any index has few rows.
            end = f"'{_beyond(self.listing) if self.ascending else self.listing.prefix}'"
        return f"{column} {after} $3" + (f" and {column} {before} {end}" if end else "")

    @property
    def direction(self) -> str:
        """Of the index."""
        return "asc" if self.ascending else "desc"


def _from_objects(ids: _Ids, table: str, conditions: list[str]) -> str:
    """A page read off an index of the objects themselves."""
    return f"""
select {ids.listing.columns}
  from {table}
 where t.cell = $1 and t.tenant_id = $2 and {ids.within("t.id", ids.listing.mixed)}{_and(conditions)}
 order by t.id {ids.direction}
 limit $4
"""


def _led_to(ids: _Ids, link: Through, value: str, conditions: list[str]) -> str:
    """A page of what says itself that it fits, and of what another table leads to: the first of a page of each."""
    linked = _outwards(ids, link, value, conditions)
    if link.own is None:
        return linked
    own = _from_objects(ids, ids.listing.table, [f"t.{link.own} = {value}", *conditions])
    return f"select * from (({own}) union all ({linked})) as t order by t.id {ids.direction} limit $4"


def _outwards(ids: _Ids, link: Through, value: str, conditions: list[str], also: list[str] | None = None) -> str:
    """A page read off an index that leads to the objects, whatever the planner believes: it has the list's order."""
    listing, id_column = ids.listing, f"m.{link.id}"
    return f"""
select {listing.columns}
  from {link.table} m
 cross join lateral (
           select * from {listing.table}
            where t.cell = $1 and t.tenant_id = m.tenant_id and t.id = m.{link.id}{_and(conditions)}
           offset 0
       ) as t
 where m.cell = $1 and m.tenant_id = $2 and m.{link.key} = {value} and {ids.within(id_column, link.mixed)}{_and(also)}
 order by {id_column} {ids.direction}
 limit $4
"""


def _linked(listing: Listing, link: Through, value: str) -> str:
    """A subquery for each, and no join that the planner might begin with."""
    linked = (
        f"(select true from {link.table} link where link.cell = $1 and link.tenant_id = $2 "
        f"and link.{link.key} = {value} and link.{link.id} = t.id)"
    )
    return f"(t.{link.own} = {value} or {linked})" if link.own else linked


def _and(conditions: list[str] | None) -> str:
    return "".join(f"\n   and {condition}" for condition in conditions or ())


def _value(listing: Listing, name: str, parameter: str, by_reference: bool) -> str:
    return listing.named[name][1].format(parameter) if by_reference else parameter
