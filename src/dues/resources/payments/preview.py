"""POST /billing/payments?preview=true: what payments would do, by the code that would do it."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Struct

from dues.domain.fields import Currency, PaymentAmount, says
from dues.domain.paying import Paid
from dues.domain.payments import Application, MadePayment
from dues.domain.refusals import Refusal
from dues.resources.changes import Shown, to_shown_json
from dues.resources.payments.create import Wanted, decide
from dues.resources.payments.surroundings import find_surroundings
from dues.resources.payments.wire import owner_member
from dues.work.work import Claim, Command, Work


class PreviewedApplicationBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a payment would be applied to one thing: exactly one of the three ids is there."""

    amount: Annotated[int, says("How much, in the smallest unit.")]
    outstanding: Annotated[int, says("What is to be paid before it.")]
    outstanding_after: Annotated[int, says("What would be left to be paid.")]
    bill_id: Annotated[str, says("The bill of which so much would be paid.")] | None = None
    account_id: Annotated[str, says("The account whose balance would fall.")] | None = None
    customer_id: Annotated[str, says("The customer whose balance would fall.")] | None = None


class PaymentPreviewBody(Struct, frozen=True, kw_only=True):
    """What a payment would do. Nothing was done."""

    preview: Annotated[bool, says("Always true.")] = True
    amount: PaymentAmount
    currency: Currency
    applications: Annotated[list[PreviewedApplicationBody], says("What it would be applied to, in order.")]


async def preview_payments(work: Work, requests: Sequence[Wanted]) -> list[Shown | Refusal]:
    """One answer per request: what the payment would do, or why it would be refused. Nothing is done."""
    found = await find_surroundings(work, requests, hold=False)

    decided = [decide(work, request, around) for request, around in zip(requests, found, strict=True)]

    return [
        outcome if isinstance(outcome, Refusal) else Shown(outcome.payment.id, _preview_json(outcome))
        for outcome in decided
    ]


def _preview_json(made: MadePayment) -> bytes:
    return to_shown_json(
        PaymentPreviewBody(
            amount=made.payment.amount,
            currency=made.payment.currency,
            applications=_previewed(made.payment.applications, made.paid),
        )
    )


def _previewed(applications: Sequence[Application], paid: Sequence[Paid]) -> list[PreviewedApplicationBody]:
    return [
        PreviewedApplicationBody(
            amount=application.amount,
            outstanding=change.before.outstanding or 0,
            outstanding_after=change.after.outstanding or 0,
            **owner_member(application.owner_id),
        )
        for application, change in zip(applications, paid, strict=True)
    ]


def _claims(_request: Wanted) -> Iterable[Claim]:
    return ()


PREVIEW_PAYMENTS = Command("payments.preview", preview_payments, _claims)
