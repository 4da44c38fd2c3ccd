"""A page of a list, and the statement that reads it.

A statement is put together from the constant fragments of its Listing, one for each filter that is asked for, so
that every combination is a statement of its own with a plan of its own: it begins at the cursor in an index and
stops after a page, however far down the list that is.
"""

from functools import lru_cache

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.lists.listing import Listing, Through
from dues.lists.query import ListQuery
from dues.metadata.store import pair_of


async def find_page(
    database: Database, listing: Listing, tenant: Tenant, query: ListQuery, after: str | None = None
) -> list[Row]:
    """The rows of a page that follows the id `after` and, where there are more, one row of the next."""
    filters = query.filters
    chosen = tuple((name, _by_reference(listing, name, value)) for name, value in filters.items())
    statement = list_statement(listing, chosen, len(query.pairs))
    before = after or f"{listing.prefix}~"  # ~ comes after every character of an id
    pairs = [pair_of(key, value) for key, value in query.pairs.items()]
    return await database.rows(statement, *tenant, before, query.limit + 1, *filters.values(), *pairs)


def _by_reference(listing: Listing, name: str, value: str) -> bool:
    return name in listing.named and not value.startswith(listing.named[name][0])


NARROW = frozenset({"external_reference", "customer", "account"})
"""Filters that few objects fit: with one of them, pairs are looked up for those few, however many others have them."""

_PAIRS = Through("metadata_pairs", "pair", "object_id", mixed=True)


@lru_cache(maxsize=512)
def list_statement(listing: Listing, filters: tuple[tuple[str, bool], ...], pairs: int) -> str:
    """SQL with the parameters cell, tenant, id to stay below, number of rows, then filters' values, then pairs.

    `filters` are names, each with whether its value is a reference.
    """
    values = {
        name: _value(listing, name, f"${number}", by_reference)
        for number, (name, by_reference) in enumerate(filters, start=5)
    }
    pair_values = [f"${5 + len(filters) + number}" for number in range(pairs)]
    own = [listing.filters[name].format(value) for name, value in values.items() if name in listing.filters]
    links = [(listing.through[name], value) for name, value in values.items() if name in listing.through]

    if "external_reference" in values:
        # One object at most. Behind a fence, so that the planner does not begin with all that another filter fits.
        own += [_linked(listing, link, value) for link, value in links]
        own += [_linked(listing, _PAIRS, value) for value in pair_values]
        only = f"t.cell = $1 and t.tenant_id = $2 and t.external_reference = {values['external_reference']}"
        return _from_objects(listing, f"(select * from {listing.table} where {only} offset 0) as t", own)
    if links:
        own += [_linked(listing, link, value) for link, value in links[1:]]
        own += [_linked(listing, _PAIRS, value) for value in pair_values]
        return _outwards(listing, *links[0], own)
    if pairs and not NARROW & values.keys():
        first, *more = pair_values
        pairs_too = (
            "exists (select from metadata_pairs link"
            " where link.cell = $1 and {} and link.pair = {} and link.object_id = m.object_id)"
        )
        also = [pairs_too.format("link.tenant_id = m.tenant_id", value) for value in more]
        return _outwards(listing, _PAIRS, first, own, also)
    own += [_linked(listing, _PAIRS, value) for value in pair_values]
    return _from_objects(listing, listing.table, own)


def _from_objects(listing: Listing, table: str, conditions: list[str]) -> str:
    """A page read off an index of the objects themselves."""
    return f"""
select {listing.columns}
  from {table}
 where t.cell = $1 and t.tenant_id = $2 and t.id < $3{_and(conditions)}
 order by t.id desc
 limit $4
"""


def _outwards(listing: Listing, link: Through, value: str, conditions: list[str], also: list[str] | None = None) -> str:
    """A page read off an index that leads to the objects, whatever the planner believes: it has the list's order."""
    # Only where it is needed: with both ends of the range given, the planner believes that any index has few rows.
    above = f"\n   and m.{link.id} >= '{listing.prefix}'" if link.mixed else ""
    return f"""
select {listing.columns}
  from {link.table} m
 cross join lateral (
           select * from {listing.table}
            where t.cell = $1 and t.tenant_id = m.tenant_id and t.id = m.{link.id}{_and(conditions)}
           offset 0
       ) as t
 where m.cell = $1 and m.tenant_id = $2 and m.{link.key} = {value} and m.{link.id} < $3{above}{_and(also)}
 order by m.{link.id} desc
 limit $4
"""


def _linked(listing: Listing, link: Through, value: str) -> str:
    """A subquery for each, and no join that the planner might begin with."""
    return (
        f"(select true from {link.table} link where link.cell = $1 and link.tenant_id = $2 "
        f"and link.{link.key} = {value} and link.{link.id} = t.id)"
    )


def _and(conditions: list[str] | None) -> str:
    return "".join(f"\n   and {condition}" for condition in conditions or ())


def _value(listing: Listing, name: str, parameter: str, by_reference: bool) -> str:
    return listing.named[name][1].format(parameter) if by_reference else parameter
