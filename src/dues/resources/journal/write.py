"""GET /billing/journal: everything that moved on some days, as double entries, from one instant."""

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from typing import Final

from dues.db.database import Database
from dues.domain.days import FIRST_DAY, beginning_of, day_at
from dues.domain.journal.movements import Moved
from dues.domain.journal.transactions import Summary, Transaction, transaction_of
from dues.domain.violations import Invalid, Violation
from dues.resources.doing import Call, Document
from dues.resources.exports.sending import send
from dues.resources.journal.formats import Writer, writer_of
from dues.resources.journal.store import list_movements

OBSERVED_EVERY: Final = 1_000

Observe = Callable[[int], None]
"""Is called with how many movements there are so far."""


async def read_journal(call: Call, observe: Observe = lambda movements: None) -> Document:
    """The file, its beginning made. Raises Invalid for a last day before the first, and Unavailable where its turn does
    not come or the database is away."""
    query, zone = call.query, call.key.time_zone
    today = day_at(call.key.now(), zone)
    first, last = getattr(query, "from") or FIRST_DAY, query.to or today
    if last < first:
        raise Invalid([Violation("/from", "after_to", f"must not be after the last day, {last}.")])
    writer = writer_of(query.format, query.accounts or {}, is_summary=query.summary)
    says = f"dues journal of {first if first != FIRST_DAY else 'the beginning'} to {last} ({zone})"
    name = "-".join(["journal", *([str(first)] if first != FIRST_DAY else []), str(last)])

    begins, ends = beginning_of(first, zone), beginning_of(last + timedelta(days=1), zone)

    def lines(snapshot: Database) -> AsyncIterator[str]:
        return journal_lines(call, snapshot, writer, writer.begin(says), (begins, ends), observe)

    return Document(writer.content_type, f"{name}.{query.format}", await send(call, lines))


async def journal_lines(
    call: Call,
    snapshot: Database,
    writer: Writer,
    begin: str,
    between: tuple[datetime, datetime],
    observe: Observe = lambda movements: None,
) -> AsyncIterator[str]:
    """What moved from one instant until before another, as `writer` writes it, after what the file begins with."""
    done = 0
    days = _Days(call.key.time_zone, summary=call.query.summary)
    text = begin  # goes with what is read first: so that is read before the answer begins
    async for moved in list_movements(snapshot, call.tenant, *between):
        yield text + "".join(map(writer.write, days.next(moved)))
        text, done = "", done + 1
        if done % OBSERVED_EVERY == 0:
            observe(done)
    observe(done)
    yield text + "".join(map(writer.write, days.end()))


class _Days:
    """Movements in the order of time to transactions: one each, or those of a day when it is over."""

    def __init__(self, zone: str, *, summary: bool) -> None:
        self._zone = zone
        self._is_summary = summary
        self._day: date | None = None
        self._ends: datetime | None = None
        self._summary: Summary | None = None

    def next(self, moved: Moved) -> list[Transaction]:
        """What is to be written now that this has moved."""
        over: list[Transaction] = []
        if self._ends is None or moved.at >= self._ends:
            over = self.end()
            self._day = day_at(moved.at, self._zone)
            self._ends = beginning_of(self._day + timedelta(days=1), self._zone)
            self._summary = Summary(self._day) if self._is_summary else None
        assert self._day
        if self._summary is None:
            return [*over, transaction_of(moved, self._day)]
        self._summary.add(moved)
        return over

    def end(self) -> list[Transaction]:
        """What is left to be written."""
        return list(self._summary.transactions()) if self._summary else []
