"""POST /billing/payments?preview=true: what payments would do, by the code that would do it."""

from typing import Annotated

from msgspec import Struct

from dues.commands.command import Command, Outcome, Shown, to_shown_json
from dues.commands.known import TenantLookup
from dues.domain.closings import Closed, Dating, enter_late
from dues.domain.entries import Cause
from dues.domain.fields import Currency, PaymentAmount, says
from dues.domain.refusals import Refusal
from dues.resources.payments.create import Wanted, cost, decide, questions
from dues.resources.payments.wire import owner_member
from dues.tenants.closed.store import CLOSED_DAYS


class PreviewedApplicationBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a payment would be applied to one thing: exactly one of the three ids is there."""

    amount: Annotated[int, says("How much, in the smallest unit.")]
    outstanding: Annotated[int, says("What is to be paid before it.")]
    outstanding_after: Annotated[int, says("What would be left to be paid.")]
    bill_id: Annotated[str, says("The bill of which so much would be paid.")] | None = None
    account_id: Annotated[str, says("The account whose balance would fall.")] | None = None
    customer_id: Annotated[str, says("The customer whose balance would fall.")] | None = None


class PaymentPreviewBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a payment would do. Nothing was done."""

    preview: Annotated[bool, says("Always true.")]
    amount: PaymentAmount
    currency: Currency
    applications: Annotated[list[PreviewedApplicationBody], says("What it would be applied to, in order.")]
    amount_unapplied: Annotated[int, says("What of it would be held.")] | None = None


def _preview(request: Wanted, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    made = decide(request, lookup, cause)
    if isinstance(made, Refusal):
        return made
    payment = made.payment.after.of
    if request.body.new.paid_at is not None:
        closed: Closed | None = lookup.answer(CLOSED_DAYS)
        late = enter_late([Dating(payment.id, payment.paid_at, "/paid_at")], closed, request.permit, cause)
        if isinstance(late, Refusal):
            return late
    previewed = PaymentPreviewBody(
        preview=True,
        amount=payment.amount,
        currency=payment.currency,
        amount_unapplied=payment.amount_unapplied or None,
        applications=[
            PreviewedApplicationBody(
                amount=application.amount,
                outstanding=change.before.of.outstanding or 0 if change.before else 0,
                outstanding_after=change.after.of.outstanding or 0,
                **owner_member(application.owner_id),
            )
            for application, change in zip(payment.applications, made.paid, strict=True)
        ],
    )
    return Outcome(Shown(payment.id, to_shown_json(previewed)))


PREVIEW_PAYMENTS = Command("payments.preview", questions, _preview, cost=cost)
