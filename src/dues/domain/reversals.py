"""Reversals: a payment that bounced, or should never have been, is taken back, all of it and for good."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from dues.domain.entries import Cause, Chain
from dues.domain.fields import Note
from dues.domain.obligations import Owed
from dues.domain.paying import restore
from dues.domain.payments import Payment, Reversal, ReversalReason
from dues.domain.records import Change, Changing, Record, changed
from dues.domain.refusals import Refusal


class NewReversal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a payment is taken back."""

    reason: Annotated[ReversalReason, Meta(description="What happened to it.")]
    note: Note | None = None


def reverse_payment(
    record: Record[Payment], owed: Mapping[str, Owed], reversal: NewReversal, cause: Cause
) -> list[Change[Any]] | Refusal:
    """Takes a payment back: what is applied and what is held. `owed` is what it was applied to, by id.

    What cannot be taken back is noted at the application, and refuses nothing. Refuses `payment_reversed` alone.
    """
    payment = record.of
    if payment.status == "reversed":
        return Refusal("payment_reversed", f"The payment {payment.external_reference!r} was reversed already.")
    cause = structs.replace(cause, payment_id=payment.id)
    changing, applications = Changing(), []
    for application in payment.applications:
        if application.live:
            now = changing.now(owed[application.owner_id])
            step, lost = restore(now, application.live, payment.currency, reversal.reason, cause)
            changing.add(step)
            if lost:
                application = structs.replace(application, not_restored=lost.amount, not_restored_reason=lost.reason)
        applications.append(application)
    ledger = Chain(payment.id, record.head, cause)
    if payment.amount_unapplied:
        ledger.add("reversal", payment.currency, -payment.amount_unapplied, reversal.reason)
    after = structs.replace(
        payment,
        status="reversed",
        reversal=Reversal(reason=reversal.reason, note=reversal.note, reversed_at=cause.now),
        applications=applications,
        amount_unapplied=0,
    )
    return [*changing.all(), changed(record, after, ledger.entries)]
