"""Reversals: a payment that bounced, or should never have been, is taken back, all of it and for good."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct, structs

from dues.domain.entries import Cause
from dues.domain.fields import Note
from dues.domain.obligations import Obligation, Owed
from dues.domain.paying import take_back
from dues.domain.payments import MadePayment, Payment, Reversal, ReversalReason
from dues.domain.records import Change, Record, changed
from dues.domain.refusals import Refusal


class NewReversal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a payment is taken back."""

    reason: Annotated[ReversalReason, Meta(description="What happened to it.")]
    note: Note | None = None


def reverse_payment(
    record: Record[Payment], owed: Sequence[Owed], reversal: NewReversal, cause: Cause
) -> MadePayment | Refusal:
    """Takes a payment back, all of it; `owed` is what each of its applications went to, in order.

    Refuses `payment_reversed`, and what `take_back` refuses.
    """
    payment = record.of
    if payment.status == "reversed":
        return Refusal("payment_reversed", f"The payment {payment.external_reference!r} was reversed already.")
    cause = structs.replace(cause, payment_id=payment.id)
    undone: list[Change[Obligation]] = []
    for application, one in zip(payment.applications, owed, strict=True):
        outcome = take_back(one, application.amount, payment.currency, reversal.reason, cause)
        if isinstance(outcome, Refusal):
            return outcome
        undone.append(outcome)
    done = Reversal(reason=reversal.reason, note=reversal.note, reversed_at=cause.now)
    return MadePayment(changed(record, structs.replace(payment, status="reversed", reversal=done)), undone)
