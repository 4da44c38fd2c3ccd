"""The JSON of a payment, and of the event that some of it was applied."""

from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from dues.domain.fields import Currency, Metadata, PaymentAmount, PaymentMethod, says
from dues.domain.paying import NotRestoredReason
from dues.domain.payments import Application, Payment, PaymentStatus, Reversal, ReversalReason

Time = Annotated[datetime, Meta(tz=True)]

_MEMBERS: Final = {"bill_": "bill_id", "bacc_": "account_id", "bcus_": "customer_id"}


class ApplicationBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a payment was applied to one thing: exactly one of the three ids is there."""

    id: Annotated[str, says("Its id, `ob_…`.")]
    amount: Annotated[int, says("How much, in the smallest unit.")]
    bill_id: Annotated[str, says("The bill of which so much was paid.")] | None = None
    account_id: Annotated[str, says("The account whose balance fell.")] | None = None
    customer_id: Annotated[str, says("The customer whose balance fell.")] | None = None


class NotRestoredBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money that could not be taken back. Exactly one of the three ids is there, unless it was refunded."""

    amount: Annotated[int, says("How much, in the smallest unit.")]
    reason: Annotated[NotRestoredReason, says("What stood in the way.")]
    bill_id: Annotated[str, says("The bill that it stays with.")] | None = None
    account_id: Annotated[str, says("The account whose balance it stays in.")] | None = None
    customer_id: Annotated[str, says("The customer whose balance it stays in.")] | None = None


class ReversalBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a payment was taken back."""

    reason: Annotated[ReversalReason, says("What happened to it.")]
    reversed_at: Annotated[Time, says("When it was taken back.")]
    note: Annotated[str, says("More about it.")] | None = None
    not_restored: (
        Annotated[list[NotRestoredBody], says("What could not be taken back: it is to be settled by hand.")] | None
    ) = None


class PaymentBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `pay_…`; time-ordered.")]
    external_reference: Annotated[str, says("The bank's, processor's or till's own id of it.")]
    amount: PaymentAmount
    currency: Currency
    status: Annotated[PaymentStatus, says("`reversed` is for good.")]
    customer_id: Annotated[str, says("The id of the customer whose payment it is.")]
    applications: Annotated[list[ApplicationBody], says("What it is applied to, or was when it was reversed.")]
    paid_at: Annotated[Time, says("When it was paid.")]
    bill_id: Annotated[str, says("The bill, where one bill was paid.")] | None = None
    account_id: Annotated[str, says("The account, where it or a bill of it was paid.")] | None = None
    amount_unapplied: Annotated[int, says("What of it is held: applied to nothing, and not refunded.")] | None = None
    amount_refunded: Annotated[int, says("What of it went out again.")] | None = None
    represents: Annotated[str, says("The reversed payment that came again with it.")] | None = None
    represented_by: Annotated[str, says("The payment as which it came again.")] | None = None
    method: PaymentMethod | None = None
    collector_id: Annotated[str, says("The id of the collector's key that brought it.")] | None = None
    reversal: ReversalBody | None = None
    metadata: Metadata | None = None


class AmountAppliedBody(ApplicationBody, frozen=True, kw_only=True, omit_defaults=True):
    """The `data` of `obligation.amount_applied`."""

    currency: Currency
    payment_id: Annotated[str, says("The payment that it is a part of.")]
    metadata: Annotated[dict[str, str], says("The payment's; `{}` where it has none.")]
    created_at: Annotated[Time, says("When it was applied.")]
    updated_at: Annotated[Time, says("The same.")]


def owner_member(owner_id: str) -> dict[str, Any]:
    """The one of the three ids that says what it was applied to."""
    return {_MEMBERS[owner_id[:5]]: owner_id}


def payment_body(payment: Payment) -> PaymentBody:
    """The payment as clients see it."""
    return PaymentBody(
        id=payment.id,
        external_reference=payment.external_reference,
        amount=payment.amount,
        currency=payment.currency,
        status=payment.status,
        customer_id=payment.customer_id,
        account_id=payment.account_id,
        bill_id=payment.bill_id,
        applications=[
            ApplicationBody(id=one.id, amount=one.live, **owner_member(one.owner_id))
            for one in payment.applications
            if one.live
        ],
        amount_unapplied=payment.amount_unapplied or None,
        amount_refunded=payment.amount_refunded or None,
        represents=payment.represents,
        represented_by=payment.represented_by,
        method=payment.method,
        paid_at=payment.paid_at,
        collector_id=payment.collector_id,
        reversal=_reversal_body(payment, payment.reversal) if payment.reversal else None,
        metadata=payment.metadata,
    )


def _reversal_body(payment: Payment, back: Reversal) -> ReversalBody:
    lost = [
        NotRestoredBody(amount=one.not_restored, reason=one.not_restored_reason, **owner_member(one.owner_id))
        for one in payment.applications
        if one.not_restored_reason
    ]
    if payment.amount_refunded:
        lost.append(NotRestoredBody(amount=payment.amount_refunded, reason="refunded"))
    return ReversalBody(reason=back.reason, note=back.note, reversed_at=back.reversed_at, not_restored=lost or None)


def amount_applied_body(payment: Payment, application: Application, now: datetime) -> AmountAppliedBody:
    """The `data` of the event of one application. Its metadata are the payment's."""
    return AmountAppliedBody(
        id=application.id,
        amount=application.amount,
        currency=payment.currency,
        payment_id=payment.id,
        metadata=payment.metadata or {},
        created_at=now,
        updated_at=now,
        **owner_member(application.owner_id),
    )
