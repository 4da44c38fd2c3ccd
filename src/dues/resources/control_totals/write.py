"""GET /billing/control_totals as CSV: a row for each line, with amounts as people write them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from typing import Any, Final

from dues.db.database import Database
from dues.domain.money import in_major_units
from dues.resources.control_totals.read import find_control_totals
from dues.resources.control_totals.wire import ControlledBody, ControlLineBody
from dues.resources.doing import Call, Document
from dues.resources.exports.columns import csv_lines
from dues.resources.exports.sending import send
from dues.resources.statements.query import period_of

COLUMNS: Final = ("from", "to", "currency", "line", "count", "owed", "held")
"""The rows of a currency add up, from `opening` to `closing`, in `owed` and in `held`."""


async def write_control_totals(call: Call) -> Document:
    """The file, its beginning made. Raises Unavailable where its turn does not come."""
    period = period_of(call)

    async def lines(snapshot: Database) -> AsyncIterator[str]:
        found = await find_control_totals(snapshot.rows, call.tenant, period.begins, period.ends)
        yield control_table(period.first, period.last, found)

    return Document("text/csv", f"control-totals-{period.first}-{period.last}.csv", await send(call, lines))


def control_table(first: date, last: date, currencies: Iterable[ControlledBody]) -> str:
    """The whole table of these days."""
    rows: list[Sequence[Any]] = [COLUMNS]
    for one in currencies:
        rows += ((first, last, one.currency, *cells) for cells in _of_currency(one))
    return csv_lines(rows)


def _of_currency(one: ControlledBody) -> Iterable[tuple[Any, ...]]:
    def amount(minor: int) -> str:
        return in_major_units(minor, one.currency)

    yield "opening", None, amount(one.opening.total), amount(one.opening.held)
    owed: dict[str, ControlLineBody] = {line.cause: line for line in one.movements}
    for line in owed.values():
        yield line.cause, line.count, amount(line.amount), None
    for line in one.held_movements:
        yield f"held: {line.cause}", line.count, None, amount(line.amount)
    yield "closing", None, amount(one.closing.total), amount(one.closing.held)
