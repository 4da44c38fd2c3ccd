"""Writes the folder of a closing: from one instant, and with the same bytes again as long as nothing of it changes."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import IO, Any, Final

import msgspec
from msgspec import structs

from dues.domain.days import FIRST_DAY
from dues.domain.money import in_major_units
from dues.resources.ageing.query import AgeingQuery
from dues.resources.ageing.store import allow_hashes
from dues.resources.ageing.whole import ageing_file
from dues.resources.closings.folder.archive import Archive
from dues.resources.closings.folder.store import stream_customers, stream_heads, stream_late_entries
from dues.resources.closings.store import Closing, closing_body
from dues.resources.control_totals.read import find_control_totals
from dues.resources.control_totals.write import control_table
from dues.resources.doing import Call
from dues.resources.exports.columns import csv_lines, safe_cell
from dues.resources.journal.formats import writer_of
from dues.resources.journal.query import JournalQuery
from dues.resources.journal.write import journal_lines
from dues.resources.statements.read import DoesNotTieOutError
from dues.resources.statements.store import FIND_MERCHANT

README: Final = """\
What was closed: {through} and all days before it{since}, of {merchant} ({mode} data, days of {zone}).

To see that nothing of it was changed, in this folder:   sha256sum -c SHA256SUMS

control_totals       what all customers owed at both ends of these days, and what moved between
statements           the same for each customer
ageing               what was owed when the last day ended, by how long it had been due; by customer in the other file
journal              what moved, as double entries, for hledger and as a table
late_entries         what was entered of these days when they were closed already, and why
ledger_heads         the last entry of each ledger: how many there are, what they come to, the hash over all of them
verify               whether everything that is stored agrees, when this folder was made
manifest             what is here
"""

Verify = Callable[[], Awaitable[Sequence[Any]]]
"""What is wrong with the books of the tenant."""


class ClosingDiffersError(Exception):
    """The days that were closed come to something else by now: `dues verify` says what is wrong."""


async def write_folder(call: Call, closing: Closing, to: IO[bytes], verify: Verify) -> str:
    """Writes it; what it is called. `call` is of the tenant whose closing it is. Raises ClosingDiffersError, and
    DoesNotTieOutError."""
    # First: the snapshot must not wait for it, which looks at every entry.
    found = await verify()
    name = f"closing-{closing.through_on}"
    call = structs.replace(call, key=replace(call.key, time_zone=closing.time_zone))  # days are those of then
    async with call.database.snapshot() as snapshot:
        still = structs.replace(call, database=snapshot)
        [row] = await snapshot.rows(FIND_MERCHANT, *call.tenant)
        await _refuse_another(still, closing)
        with Archive(to, name, closing.created_at) as archive:
            await _write_all(archive, still, closing, row["name"], found)
    return f"{name}.zip"


async def _write_all(archive: Archive, call: Call, closing: Closing, merchant: str, found: Sequence[Any]) -> None:
    await archive.add_text("README.txt", _readme(call, closing, merchant))
    await _write_totals(archive, closing)
    await archive.add("statements.csv", _lines(_statements(call, closing)))
    await _write_ageing(archive, call, closing)
    for form in ("hledger", "csv"):
        await archive.add(f"journal.{form}", _journal(call, closing, form))
    await archive.add("late_entries.csv", _lines(_late_entries(call, closing)))
    ledgers: Counter[str] = Counter()
    await archive.add("ledger_heads.csv", _lines(_heads(call, closing, ledgers)))
    await archive.add_text("verify.json", _json(_report(found, ledgers)))
    await archive.end(_manifest(call, closing, merchant))


async def _refuse_another(call: Call, closing: Closing) -> None:
    now = await find_control_totals(call.database.rows, call.tenant, closing.begins_at, closing.ends_at)
    if list(now) != list(closing.totals):
        raise ClosingDiffersError(
            f"the days up to {closing.through_on} come to something else than when they were closed"
        )


async def _write_totals(archive: Archive, closing: Closing) -> None:
    body = closing_body(structs.replace(closing, reopened_at=None, reopened_reason=None, reopened_actor=None))
    await archive.add_text("control_totals.json", _json(body))
    table = control_table(closing.from_on or FIRST_DAY, closing.through_on, closing.totals)
    await archive.add_text("control_totals.csv", table)


async def _write_ageing(archive: Archive, call: Call, closing: Closing) -> None:
    await archive.add("ageing.csv", await _ageing(call, AgeingQuery(as_of=closing.through_on, by="total")))

    async def by_customer() -> AsyncIterator[bytes]:
        for one in closing.totals:
            query = AgeingQuery(as_of=closing.through_on, by="customer", currency=one.currency)
            async for part in await _ageing(call, query):
                yield part

    await archive.add("ageing_by_customer.csv", by_customer())


async def _ageing(call: Call, query: AgeingQuery) -> AsyncIterator[bytes]:
    return (await ageing_file(structs.replace(call, query=query))).parts


async def _statements(call: Call, closing: Closing) -> AsyncIterator[Sequence[Any]]:
    yield (
        *("customer_id", "customer", "customer_name", "currency", "opening", "charged", "credited", "closing"),
        *("opening_held", "closing_held"),
    )
    await allow_hashes(call.database.rows)
    sums: Counter[tuple[str, str]] = Counter()
    async for row in stream_customers(call.database, call.tenant, closing.begins_at, closing.ends_at):
        currency, figures = row["currency"], [int(row[name]) for name in _FIGURES]
        opening, charged, credited, ends, *_ = figures
        if opening + charged - credited != ends:
            raise DoesNotTieOutError(f"the statement of {row['id']} in {currency} does not tie out")
        sums.update({(currency, name): amount for name, amount in zip(_FIGURES, figures, strict=True)})
        named = row["id"], safe_cell(row["external_reference"]), safe_cell(row["name"])
        yield (*named, currency, *(in_major_units(amount, currency) for amount in figures))
    for one in closing.totals:
        told = [one.opening.total, one.closing.total, one.opening.held, one.closing.held]
        if [sums[one.currency, name] for name in ("opening", "closing", "opening_held", "closing_held")] != told:
            raise DoesNotTieOutError(f"the statements of all customers in {one.currency} do not come to the totals")


_FIGURES: Final = ("opening", "charged", "credited", "closing", "opening_held", "closing_held")


async def _journal(call: Call, closing: Closing, form: Any) -> AsyncIterator[bytes]:
    asked = structs.replace(call, query=JournalQuery(format=form))
    writer = writer_of(form, {}, is_summary=False)
    says = f"dues journal of {closing.from_on or 'the beginning'} to {closing.through_on} ({closing.time_zone})"
    between = closing.begins_at, closing.ends_at
    async for text in journal_lines(asked, call.database, writer, writer.begin(says), between):
        yield text.encode()


async def _late_entries(call: Call, closing: Closing) -> AsyncIterator[Sequence[Any]]:
    yield "id", "object", "date", "closed_through", "reason", "request_id", "actor", "created_at"
    async for row in stream_late_entries(call.database, call.tenant, closing.through_on, closing.from_on):
        at = row["created_at"].astimezone(UTC).isoformat().replace("+00:00", "Z")
        told = row["dated_on"], row["closed_through"], safe_cell(row["reason"])
        yield row["id"], row["object_id"], *told, row["request_id"], row["actor"], at


async def _heads(call: Call, closing: Closing, ledgers: Counter[str]) -> AsyncIterator[Sequence[Any]]:
    yield "ledger", "entries", "currency", "balance", "hash"
    async for row in stream_heads(call.database, call.tenant, closing.ends_at):
        ledgers.update(ledgers=1, entries=row["number"])
        balance = in_major_units(row["balance_after"], row["currency"])
        yield row["owner_id"], row["number"], row["currency"], balance, row["hash"]


async def _lines(rows: AsyncIterator[Sequence[Any]]) -> AsyncIterator[bytes]:
    some: list[Sequence[Any]] = []
    async for row in rows:
        some.append(row)
        if len(some) == _ROWS_AT_ONCE:
            yield csv_lines(some).encode()
            some = []
    yield csv_lines(some).encode()


_ROWS_AT_ONCE: Final = 500


def _report(found: Sequence[Any], ledgers: Counter[str]) -> dict[str, object]:
    """Of what was closed alone: what has come since would make each folder another."""
    wrong = [{"object": one.object_id, "detail": one.detail} for one in found]
    return {
        "ledgers": ledgers["ledgers"],
        "entries": ledgers["entries"],
        "wrong": len(wrong),
        "findings": wrong[:1_000],
    }


def _readme(call: Call, closing: Closing, merchant: str) -> str:
    since = f" since {closing.from_on}" if closing.from_on else ""
    return README.format(
        through=closing.through_on, since=since, merchant=merchant, mode=call.key.mode, zone=closing.time_zone
    )


def _manifest(call: Call, closing: Closing, merchant: str) -> dict[str, object]:
    told: dict[str, date | datetime | str | None] = {
        "closing": closing.id,
        "merchant": merchant,
        "merchant_id": call.key.merchant_id,
        "mode": call.key.mode,
        "from": closing.from_on,
        "through": closing.through_on,
        "time_zone": closing.time_zone,
        "ends_at": closing.ends_at,
        "closed_at": closing.created_at,
        "closed_by": closing.actor,
    }
    return {name: value for name, value in told.items() if value is not None}


def _json(told: object) -> str:
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"
