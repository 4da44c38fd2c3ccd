"""What was chosen on the page of a payment link becomes a checkout, if a payment of that would be taken."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, structs

from dues.commands.command import Command, Conditional, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.domain.checkouts import Charged, Choice, begin_checkout, payment_of
from dues.domain.entries import Cause
from dues.domain.new_payments import NewPayment
from dues.domain.payment_links import PaymentLink
from dues.domain.refusals import Refusal, not_found
from dues.resources.checkouts.store import CHECKOUT
from dues.resources.payment_links.store import PAYMENT_LINK
from dues.resources.payments.create import Wanted, cost, decide, questions
from dues.work.questions import Question
from dues.work.work import Request


class Begun(Struct, frozen=True):
    """What somebody chose, by which adapter they pay, and the reference of the form."""

    link: PaymentLink
    choice: Choice
    adapter: str
    press: str


def wanted_payment(begun: Begun) -> NewPayment:
    """The payment that it would be."""
    charged = Charged(begun.press, begun.choice.amount, begun.choice.currency)
    return payment_of(begun.link, begun.choice, charged, begun.adapter, begun.press)


def as_payment(request: Request[Begun]) -> Wanted:
    """The request as one for that payment."""
    same: Request[Any] = request
    return structs.replace(same, body=Conditional(wanted_payment(request.body)))


def _questions(request: Request[Begun]) -> Iterable[Question]:
    yield from questions(as_payment(request))
    yield Named(PAYMENT_LINK, request.body.link.id)
    yield Makes(CHECKOUT, request.body.press)


def _begin(request: Request[Begun], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    begun = request.body
    if taken := lookup.find_taken("checkout", begun.press):
        return Outcome(taken.record)
    record = lookup.find("payment_link", begun.link.id)
    if record is None or record.of.is_over(cause.now):
        return not_found("payment_link", begun.link.id)
    would_be = decide(as_payment(request), lookup, cause)
    if isinstance(would_be, Refusal):
        return would_be
    change = begin_checkout(record.of, begun.choice, begun.adapter, begun.press, cause)
    return Outcome(change.after, [change])


BEGIN_CHECKOUTS = Command("checkouts.begin", _questions, _begin, cost=lambda request: cost(as_payment(request)))
"""It answers with the checkout; with the one there is, where the same form was sent before."""
