"""GET /billing/reports/reconciliation: what came in and went out on one of the merchant's days, as Moment tells it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.days import beginning_of, day_at
from dues.domain.files.rows import FileSettings
from dues.domain.money import in_major_units
from dues.resources.doing import Call, Document
from dues.resources.exports.columns import csv_lines, safe_cell
from dues.resources.exports.sending import send
from dues.resources.reports.store import list_money
from dues.tenants.file_context.store import find_file_context

HEAD: Final = ("title", "version", "merchant", "from", "to")

VERSION: Final = "1"

COLUMNS: Final = (
    "transaction_type",
    "transaction_timestamp",
    "reconciliation_id",
    "merchant_reference_id",
    "payment_method",
    "payment_method_tender",
    "customer_reference",
    "country",
    "presentment_currency",
    "amount",
    "payment_id",
    "payment_reference",
    "paid_at",
    "status",
    "amount_applied",
    "applied_to",
    "amount_unapplied",
    "amount_refunded",
    "collector_id",
)
"""Those until the currency are Moment's, the others ours."""


async def reconcile(call: Call) -> Document:
    """The file of a day, its beginning made. Raises Unavailable where its turn does not come."""
    zone, now = call.key.time_zone, call.key.now()
    day: date = call.query.date or day_at(now, zone) - timedelta(days=1)
    begins, ends = beginning_of(day, zone), beginning_of(day + timedelta(days=1), zone)
    head = ["Reconciliation report", VERSION, call.key.merchant_id, _time(begins, zone), _time(ends, zone)]

    async def lines(snapshot: Database) -> AsyncIterator[str]:
        context = await find_file_context(snapshot, call.tenant)
        country = msgspec.json.decode(context["file_settings"] or b"{}", type=FileSettings).country
        text = csv_lines([HEAD, head, COLUMNS])  # goes with what is read first, as in a journal
        async for row in list_money(snapshot, call.tenant, begins, ends):
            yield text + csv_lines([_cells(row, zone, country)])
            text = ""
        yield text

    return Document("text/csv", f"reconciliation-{day}.csv", await send(call, lines))


def _cells(row: Row, zone: str, country: str) -> list[Any]:
    def amount(of: str) -> str:
        return in_major_units(row[of], row["currency"])

    return [
        row["type"],
        _time(row["at"], zone),
        row["id"],
        safe_cell(row["reference"]),
        safe_cell(row["method"]),
        None,
        safe_cell(row["customer"]),
        country,
        row["currency"],
        amount("amount"),
        row["payment_id"],
        safe_cell(row["payment_reference"]),
        row["paid_at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        row["status"],
        amount("amount_applied"),
        safe_cell("; ".join(row["places"] or [])),
        amount("amount_unapplied"),
        amount("amount_refunded"),
        row["collector_id"],
    ]


def _time(time: datetime, zone: str) -> str:
    """As clocks show it there."""
    return time.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
