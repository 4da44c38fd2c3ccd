"""A list as CSV: all its rows, from one instant, a page at a time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from msgspec import Struct, structs

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid
from dues.lists.paging import PageBody
from dues.resources.doing import Call, Document, Lists
from dues.resources.exports import store
from dues.resources.exports.columns import NOUNS, chosen, csv_lines, has_metadata, names_of, reader, safe_header
from dues.resources.exports.query import of_pages_alone
from dues.resources.exports.sending import EXPORT_SECONDS, ROWS_IN_A_ROW, begun, turn_of

ROWS_AT_ONCE: Final = 1_000
"""Of a page. A larger one is no faster, and keeps more in memory."""

REFERENCES_KEPT: Final = 10_000
"""Of owners, whose rows come often one after the other."""

BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""By which spreadsheets know UTF-8."""

Observe = Callable[[int], None]
"""Is called with how many rows there are so far."""


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


async def export(lists: Lists, call: Call, name: str, observe: Observe = lambda rows: None) -> Document | Refusal:
    """The file of a list, its first rows made. Raises Invalid for what does not go together, and Unavailable where its
    turn does not come or the database is away."""
    if broken := of_pages_alone(call.query):
        raise Invalid(broken)
    asked = call.query.columns
    names = chosen(lists.body, asked) if asked else None
    parts = _parts(lists, call, names, observe)
    try:
        return Document("text/csv", f"{name}.csv", await begun(parts))
    except _Refused as refused:
        return refused.refusal


async def _parts(lists: Lists, call: Call, names: list[str] | None, observe: Observe) -> AsyncGenerator[bytes]:
    ends_at = time.monotonic() + EXPORT_SECONDS
    async with turn_of(call), call.database.snapshot() as snapshot:
        table = await _table(lists, call, snapshot, names)
        text, done = table.begin(), 0
        query = structs.replace(call.query, limit=ROWS_AT_ONCE)
        while True:
            page = await lists.function(structs.replace(call, database=snapshot, query=query, is_export=True))
            if isinstance(page, Refusal):
                raise _Refused(page)
            await table.learn(page, snapshot)
            for start in range(0, len(page.data), ROWS_IN_A_ROW):
                text += table.rows(page.data[start : start + ROWS_IN_A_ROW])
                await asyncio.sleep(0)
            done += len(page.data)
            observe(done)
            yield text.encode()
            if page.next_cursor is None:
                return
            if time.monotonic() > ends_at:
                raise Unavailable(f"a list was not read to its end in {EXPORT_SECONDS:.0f} seconds")
            text, query = "", structs.replace(query, cursor=page.next_cursor)


async def _table(lists: Lists, call: Call, snapshot: Database, names: list[str] | None) -> "_Table":
    if names is None:
        of_metadata = has_metadata(lists.body) and lists.table
        keys = await store.list_metadata_keys(snapshot, call.tenant, lists.table) if of_metadata else []
        names = names_of(lists.body, keys)
    return _Table(lists.body, names, call)


class _Table:
    """Objects to lines."""

    def __init__(self, body: type[Struct], names: list[str], call: Call) -> None:
        self._call, self._names = call, names
        self._is_safe = getattr(call.query, "for") == "spreadsheet"
        self._references: dict[str, str] = {}
        self._ids = [member for member, noun in NOUNS.items() if noun in names and member in body.__struct_fields__]
        major = call.query.amounts == "major"
        self._read = reader(body, names, self._references, major=major, safe=self._is_safe)

    def begin(self) -> str:
        """The first line."""
        header = safe_header(self._names) if self._is_safe else self._names
        return (BYTE_ORDER_MARK if self._is_safe else "") + csv_lines([header])

    async def learn(self, page: PageBody, snapshot: Database) -> None:
        """Looks up what the objects of a page refer to."""
        if len(self._references) > REFERENCES_KEPT:
            self._references.clear()
        for member in self._ids:
            ids = {getattr(body, member) for body in page.data} - self._references.keys() - {None}
            if ids:
                found = await store.list_references(snapshot, self._call.tenant, NOUNS[member], ids)
                self._references.update(found)

    def rows(self, bodies: Any) -> str:
        """A line for each object."""
        return csv_lines(map(self._read, bodies))
