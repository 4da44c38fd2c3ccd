"""What a processor says of a checkout becomes a payment, once for each charge; or the checkout ends without one.

Whoever brings it (the processor's message, the page that somebody comes back to, the job that asks) goes this way. The
payment has the processor's reference, which is unique: the second to bring it finds it recorded.
"""

from collections.abc import Iterable
from typing import Any, cast

from msgspec import Struct, structs

from dues.commands.command import Command, Conditional, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.domain.checkouts import (
    Charged,
    Checkout,
    Ended,
    Told,
    choice_of,
    count_payment,
    end_checkout,
    orphan_checkout,
    pay_checkout,
    payment_of,
)
from dues.domain.entries import Cause
from dues.domain.payment_links import PaymentLink
from dues.domain.payment_requests import pay_request
from dues.domain.records import Record
from dues.domain.refusals import Refusal, not_found
from dues.resources.checkouts.store import CHECKOUT
from dues.resources.payment_links.store import PAYMENT_LINK
from dues.resources.payment_requests.store import PAYMENT_REQUEST
from dues.resources.payments.create import Wanted, cost, questions, take
from dues.tenants.closed.store import CLOSED_DAYS
from dues.work.questions import Question
from dues.work.work import Request


class Settled(Struct, frozen=True):
    """What is told of a checkout of a link."""

    link: PaymentLink
    checkout: Checkout
    told: Told


class End(Struct, frozen=True):
    """A checkout that ends without its money."""

    checkout_id: str
    state: Ended
    reason: str


def _as_payment(request: Request[Settled]) -> Wanted:
    # What was paid meanwhile, and what the rules do not take, is held: the money is there, whatever the bills are.
    settled, same = request.body, cast(Request[Any], request)
    assert isinstance(settled.told, Charged)
    new = payment_of(
        settled.link, choice_of(settled.checkout), settled.told, settled.checkout.adapter, settled.checkout.id
    )
    return structs.replace(same, body=Conditional(structs.replace(new, rest="hold")))


def _questions(request: Request[Settled]) -> Iterable[Question]:
    # Money that came is taken whatever is closed: it moves on the day on which it is recorded.
    yield from (question for question in questions(_as_payment(request)) if question != CLOSED_DAYS)
    yield Named(PAYMENT_LINK, request.body.link.id, changes=True)
    yield Named(CHECKOUT, request.body.checkout.id, changes=True)
    if request.body.link.request_id:
        yield Named(PAYMENT_REQUEST, request.body.link.request_id, changes=True)


def _settle(request: Request[Settled], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    checkout, link = (
        lookup.find("checkout", request.body.checkout.id),
        lookup.find("payment_link", request.body.link.id),
    )
    if checkout is None or link is None:
        return not_found("payment_link", request.body.link.id)
    taken = take(_as_payment(request), lookup, cause)
    if isinstance(taken, Refusal):
        # Whose reference is taken was told before. It is the same payment.
        there = taken.existing
        change = pay_checkout(checkout, there.id) if there else orphan_checkout(checkout, taken.code)
        return Outcome(change.after, [change])
    assert isinstance(taken.answer, Record)
    paid, counted = pay_checkout(checkout, taken.answer.of.id), count_payment(link)
    changes = [*taken.changes, counted, paid]
    asked = lookup.find("payment_request", link.of.request_id) if link.of.request_id else None
    if asked is not None and asked.of.status != "paid":
        changes.append(pay_request(asked, taken.answer.of.id, cause))
    return Outcome(paid.after, changes)


SETTLE_CHECKOUTS = Command("checkouts.settle", _questions, _settle, cost=lambda request: cost(_as_payment(request)))


def _end_questions(request: Request[End]) -> Iterable[Question]:
    yield Named(CHECKOUT, request.body.checkout_id, changes=True)


def _end(request: Request[End], lookup: TenantLookup, _cause: Cause) -> Outcome | Refusal:
    record = lookup.find("checkout", request.body.checkout_id)
    assert record is not None, "whoever ends one has found it"
    change = end_checkout(record, request.body.state, request.body.reason)
    return Outcome(change.after, [change])


END_CHECKOUTS = Command("checkouts.end", _end_questions, _end)
