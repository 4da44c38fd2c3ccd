"""Refunds as they are kept and found."""

from typing import Final

from dues.commands.kind import Kind
from dues.domain.refunds import Refund
from dues.resources.refunds.wire import refund_body

REFUND: Final = Kind(
    Refund,
    noun="refund",
    prefix="ref_",
    table="refunds",
    saved=(),
    computed={"metadata": "null", "created_at": "t.created_at"},
    show=lambda record: refund_body(record.of),
    event_types=lambda change: (),
    belongs_by="payment_id",
    has_balance=False,
    has_ledger=False,
    has_events=False,
)
