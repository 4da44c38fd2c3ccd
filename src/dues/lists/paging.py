"""Pages of any list: where one begins, what clients are shown of it, and where the next one begins."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, cast

from msgspec import Struct, defstruct

from dues.domain.fields import says
from dues.domain.tenants import Tenant
from dues.domain.violations import Invalid, Violation
from dues.lists.cursors import NOT_OF_THIS_LIST, make_cursor, read_cursor
from dues.lists.query import ListQuery


class PageBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page. `next_cursor` is there while `has_more`."""

    data: list[Any]
    has_more: Annotated[bool, says("Whether there is another page.")]
    next_cursor: Annotated[str, says("The `cursor` of the next page, where there is one.")] | None = None


def page_shape(body: type[Struct], meaning: str) -> type[PageBody]:
    """What a page of such bodies looks like, for the OpenAPI document: AccountListBody for AccountBody."""
    name = f"{body.__name__.removesuffix('Body')}ListBody"
    shape = defstruct(
        name,
        [("data", list[body])],  # type: ignore[valid-type]
        bases=(PageBody,),
        namespace={"__doc__": meaning},
        frozen=True,
        kw_only=True,
        omit_defaults=True,
    )
    return cast(type[PageBody], shape)


def place_of(query: ListQuery, tenant: Tenant, list_name: str, place: str) -> str | None:
    """Where the page begins: after this, or None for at the beginning. `place` is a pattern.

    Raises Invalid where the cursor is another list's, or made up.
    """
    if query.cursor is None:
        return None
    after = read_cursor(tenant, list_name, query.everything, query.cursor)
    if after is None or not re.fullmatch(place, after):
        raise Invalid([Violation("/cursor", "invalid_cursor", NOT_OF_THIS_LIST)])
    return after


def page_of(query: ListQuery, tenant: Tenant, list_name: str, found: Sequence[tuple[str, Any]]) -> PageBody:
    """The page of what was found, which is one more than the page has room for where another page follows.

    Each is its place in the list, and what is shown of it.
    """
    shown = [body for _, body in found[: query.limit]]
    if len(found) <= query.limit:
        return PageBody(data=shown, has_more=False)
    last, _ = found[query.limit - 1]
    return PageBody(data=shown, has_more=True, next_cursor=make_cursor(tenant, list_name, query.everything, last))
