"""Lists of the API, from what the database has of them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from dues.db.transaction import Row
from dues.lists.finding import MADE, find
from dues.lists.listing import Listing
from dues.lists.paging import PageBody, page_of
from dues.lists.query import FindingQuery
from dues.resources.doing import Call, Lists

Show = Callable[[Row], Any]


def listing(
    of: Listing, query: type[FindingQuery], body: type[Struct], show: Show, show_to_import: Show | None = None
) -> Lists:
    """Gives pages of a list, each row as `show` shows it, which is a `body`; to files that imports may read, as
    `show_to_import` does."""
    unlike = ({*of.names} ^ {*query.filter_names()}) | ({MADE, *of.orders} ^ {*query.orders()})
    assert not unlike, f"the list {of.name} and its query do not have the same filters and orders: {unlike}"

    async def page(call: Call) -> PageBody:
        shown = show_to_import if call.is_export and show_to_import else show
        found = await find(call.database, of, call.tenant, call.query, call.key.today)
        return page_of(call.query, call.tenant, of.name, [(place, shown(row)) for place, row in found])

    return Lists(page, body, of.table.partition(" ")[0])


def example_page(example: Mapping[str, Any]) -> dict[str, Any]:
    """A page with one object, and another to come."""
    return {"data": [example], "has_more": True, "next_cursor": _CURSOR}


_CURSOR: Final = "tJmXn0s1Rk9sYmFjY18wVWU4eFBxMmRLN21ONHZSdFl3M3o"
