"""GET …/statement as CSV: the same, a row for each movement, sent while it is read, however long it is."""

from collections.abc import AsyncIterator
from itertools import chain
from typing import Any, Final

from dues.db.database import Database
from dues.domain.money import in_major_units
from dues.domain.refusals import Refusal
from dues.domain.statements.figures import Position
from dues.resources.doing import Call, Document
from dues.resources.exports.columns import csv_lines, safe_cell
from dues.resources.exports.sending import send
from dues.resources.statements.query import Period, period_of
from dues.resources.statements.read import Running, find_owned
from dues.resources.statements.store import Noun, Owned
from dues.resources.statements.wire import MovementBody

COLUMNS: Final = (
    "date",
    "currency",
    "cause",
    "bill",
    "account",
    "customer",
    "payment",
    "method",
    "reason",
    "due_date",
    "amount",
    "balance",
    "held_amount",
    "held",
    "recorded_at",
    "id",
)


async def write_statement(call: Call, noun: Noun) -> Document | Refusal:
    """The file, its beginning made. Raises Unavailable where its turn does not come."""
    period, owned = period_of(call), await find_owned(call, noun)
    if isinstance(owned, Refusal):
        return owned

    def lines(snapshot: Database) -> AsyncIterator[str]:
        return _lines(snapshot, owned, period)

    return Document("text/csv", f"{file_name(noun, period)}.csv", await send(call, lines))


def file_name(noun: Noun, period: Period) -> str:
    """What the file of a statement is called, without its kind."""
    return f"statement-of-{noun}-{period.first}-{period.last}"


async def _lines(snapshot: Database, owned: Owned, period: Period) -> AsyncIterator[str]:
    opening = await owned.find_positions(snapshot.rows, period.begins)
    closing = await owned.find_positions(snapshot.rows, period.ends)
    silent, done = Position(), set[str]()
    text = csv_lines([COLUMNS])  # goes with what is read first, as in a journal
    running, currency = Running(silent, period.zone), ""
    async for row in owned.stream_movements(snapshot, period.begins, period.ends):
        if row["currency"] != currency:
            if currency:
                running.check(closing.get(currency, silent))
                text += csv_lines([_whole("closing", period.last, currency, running)])
            currency = row["currency"]
            done.add(currency)
            running = Running(opening.get(currency, silent), period.zone)
            text += csv_lines([_whole("opening", period.first, currency, running)])
        is_held, body = running.next(row)
        yield text + csv_lines([_cells(currency, is_held, body, running)])
        text = ""
    if currency:
        running.check(closing.get(currency, silent))
        text += csv_lines([_whole("closing", period.last, currency, running)])
    for quiet in sorted({*opening, *closing} - done):
        running = Running(opening.get(quiet, silent), period.zone)
        running.check(closing.get(quiet, silent))
        days = (("opening", period.first), ("closing", period.last))
        text += csv_lines(_whole(cause, day, quiet, running) for cause, day in days)
    yield text


def _whole(cause: str, day: Any, currency: str, running: Running) -> list[Any]:
    balance, held = (in_major_units(amount, currency) for amount in (running.owed, running.held))
    return [day, currency, cause, *[None] * 8, balance, None, held, None, None]


def _cells(currency: str, is_held: bool, body: MovementBody, running: Running) -> list[Any]:
    amount = in_major_units(body.amount, currency)
    names = (body.bill, body.account, body.customer, body.payment, body.method, body.reason)
    return list(
        chain(
            (body.date, currency, body.cause),
            map(safe_cell, names),
            (body.due_date, None if is_held else amount, in_major_units(running.owed, currency)),
            (amount if is_held else None, in_major_units(running.held, currency)),
            (body.recorded_at.isoformat().replace("+00:00", "Z"), body.id),
        )
    )
