"""GET /collect/payments/{payment}: a payment in the shape that Moment's clients resolve a `payment_id` by."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from dues.commands.kind import find_id
from dues.domain.fields import Currency, Metadata, says
from dues.domain.ids import time_of
from dues.domain.payments import Payment
from dues.domain.refusals import Refusal, not_found
from dues.resources.doing import Call
from dues.resources.payments.store import PAYMENT, find_payment
from dues.tenants.keys import Mode

Time = Annotated[datetime, Meta(tz=True)]


class PaymentMethodBody(Struct, frozen=True, kw_only=True):
    """How it was paid."""

    type: Annotated[str, says("As the payment's `method` says.")]


class CollectedPaymentBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment as Moment shows one; what has no value is left out."""

    id: Annotated[str, says("Its id, `pay_…`.")]
    status: Annotated[Literal["succeeded", "cancelled"], says("`cancelled`: it was reversed.")]
    amount: Annotated[int, says("How much, in the smallest unit.")]
    currency: Currency
    payment_method_details: Annotated[PaymentMethodBody, says("Where it is known.")] | None = None
    external_reference: Annotated[str, says("The bank's, processor's or till's own id of it.")]
    reconciliation_reference: Annotated[str, says("What it is called in the report of reconciliation.")]
    last_payment_error: Annotated[str, says("Why it was reversed.")] | None = None
    metadata: Metadata | None = None
    mode: Mode
    created_at: Annotated[Time, says("When it was recorded.")]
    updated_at: Annotated[Time, says("When it was reversed, or recorded.")]


_EXAMPLE: Final = {
    "id": "pay_0Ue8xSg4wY7pK2zRlCe9u",
    "status": "succeeded",
    "amount": 50000,
    "currency": "ZAR",
    "external_reference": "EFT-88213",
    "reconciliation_reference": "pay_0Ue8xSg4wY7pK2zRlCe9u",
    "mode": "test",
    "created_at": "2026-01-05T08:30:00Z",
    "updated_at": "2026-01-05T08:30:00Z",
}

COLLECTED: Final[dict[str, Any]] = {
    "names": "EFT-88213",
    "answer": CollectedPaymentBody,
    "example": _EXAMPLE,
    "problems": ("payment_not_found",),
}
"""What is said of it where it is offered."""


async def read_collected_payment(call: Call) -> bytes | Refusal:
    """One payment, by its id or reference."""
    payment_id = await find_id(call.database, PAYMENT, call.tenant, call.name)
    payment = await find_payment(call.database, call.tenant, payment_id) if payment_id else None
    if payment is None:
        return not_found("payment", call.name)
    return msgspec.json.encode(_body(payment, call.key.mode))


def _body(payment: Payment, mode: Mode) -> CollectedPaymentBody:
    back, made = payment.reversal, time_of(payment.id)
    return CollectedPaymentBody(
        id=payment.id,
        status="cancelled" if payment.status == "reversed" else "succeeded",
        amount=payment.amount,
        currency=payment.currency,
        payment_method_details=PaymentMethodBody(type=payment.method) if payment.method else None,
        external_reference=payment.external_reference,
        reconciliation_reference=payment.id,
        last_payment_error=back.reason if back else None,
        metadata=payment.metadata,
        mode=mode,
        created_at=made,
        updated_at=back.reversed_at if back else made,
    )
