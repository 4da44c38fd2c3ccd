"""What one list is made of, and the statement for a page of it.

A statement is put together from the constant fragments of its Listing, one for each filter that is asked for, so
that every combination is a statement of its own with a plan of its own: it begins at the cursor in an index and
stops after a page, however far down the list that is.
"""

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Row
from dues.metadata.store import pair_of


class Listing(Struct, frozen=True, eq=False):
    """A list of objects whose ids begin with `prefix`. `filters` is name to condition, {} being its value."""

    name: str
    prefix: str
    columns: str
    table: str
    alias: str
    filters: Mapping[str, str]
    named: Mapping[str, tuple[str, str]] = {}
    """Filters whose value may be an id or a reference: name to (id's prefix, how to find the id of a reference)."""


class Query(Struct, frozen=True):
    """A page that is asked for: what follows `after` (an id; None: the beginning), of what fits all filters."""

    limit: int
    after: str | None
    filters: Mapping[str, str]
    metadata: Mapping[str, str]


async def find_page(database: Database, listing: Listing, tenant_id: int, query: Query) -> list[Row]:
    """The rows of a page and, where there are more, one row of the next."""
    chosen = tuple((name, _by_reference(listing, name, value)) for name, value in query.filters.items())
    statement = list_statement(listing, chosen, len(query.metadata))
    before = query.after or f"{listing.prefix}~"  # ~ comes after every character of an id
    pairs = [pair_of(key, value) for key, value in query.metadata.items()]
    return await database.rows(statement, tenant_id, before, query.limit + 1, *query.filters.values(), *pairs)


def _by_reference(listing: Listing, name: str, value: str) -> bool:
    return name in listing.named and not value.startswith(listing.named[name][0])


NARROW = frozenset({"external_reference", "customer", "account"})
"""Filters that few objects fit: with one of them, pairs are looked up for those few, however many others have them."""


@lru_cache(maxsize=512)
def list_statement(listing: Listing, filters: tuple[tuple[str, bool], ...], pairs: int) -> str:
    """SQL with the parameters tenant, id to stay below, number of rows, then filters' values, then metadata pairs.

    `filters` are names, each with whether its value is a reference.
    """
    conditions = "".join(
        f"\n   and {_condition(listing, name, f'${number}', by_reference)}"
        for number, (name, by_reference) in enumerate(filters, start=4)
    )
    first = 4 + len(filters)
    if not pairs or any(name in NARROW for name, _ in filters):
        table = listing.table
        if (by_reference := ("external_reference", False)) in filters:
            # One object at most. Behind a fence, so that the planner does not begin with all that another filter fits.
            reference = f"{listing.alias}.external_reference = ${4 + filters.index(by_reference)}"
            own = f"{listing.alias}.tenant_id = $1"
            table = f"(select * from {table} where {own} and {reference} offset 0) as {listing.alias}"
        # A subquery for each pair, and no join that the planner might begin with the pairs.
        conditions += "".join(
            f"""
   and (select true from metadata_pairs p
         where p.tenant_id = $1 and p.pair = ${first + number} and p.object_id = {listing.alias}.id)"""
            for number in range(pairs)
        )
        return f"""
select {listing.columns}
  from {table}
 where {listing.alias}.tenant_id = $1 and {listing.alias}.id < $2{conditions}
 order by {listing.alias}.id desc
 limit $3
"""
    also = "".join(
        f"""
   and exists (select from metadata_pairs p
                where p.tenant_id = m.tenant_id and p.pair = ${first + number} and p.object_id = m.object_id)"""
        for number in range(1, pairs)
    )
    # From the pairs outwards, whatever the planner believes: they are in the order of the list already.
    return f"""
select {listing.columns}
  from metadata_pairs m
 cross join lateral (
           select * from {listing.table}
            where {listing.alias}.tenant_id = m.tenant_id and {listing.alias}.id = m.object_id{conditions}
           offset 0
       ) as {listing.alias}
 where m.tenant_id = $1 and m.pair = ${first} and m.object_id < $2 and m.object_id >= '{listing.prefix}'{also}
 order by m.object_id desc
 limit $3
"""


def _condition(listing: Listing, name: str, parameter: str, by_reference: bool) -> str:
    value = listing.named[name][1].format(parameter) if by_reference else parameter
    return listing.filters[name].format(value)


CUSTOMER_NAMED = (
    "bcus_",
    "(select named.id from customers named where named.tenant_id = $1 and named.external_reference = {})",
)

ACCOUNT_NAMED = (
    "bacc_",
    "(select named.id from accounts named where named.tenant_id = $1 and named.external_reference = {})",
)
