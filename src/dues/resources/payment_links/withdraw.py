"""POST /billing/payment_links/{payment_link}/withdraw: from now on it leads nowhere."""

from collections.abc import Iterable

from dues.commands.command import Command, Modify, Outcome, Shown, to_shown_json
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.domain.entries import Cause
from dues.domain.payment_links import withdraw_link
from dues.domain.refusals import Refusal, not_found
from dues.resources.payment_links.store import PAYMENT_LINK
from dues.resources.payment_links.wire import payment_link_body
from dues.work.questions import Question
from dues.work.work import Request


def _questions(request: Request[Modify[None]]) -> Iterable[Question]:
    yield Named(PAYMENT_LINK, request.body.name, changes=True)


def _withdraw(request: Request[Modify[None]], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    record = lookup.find("payment_link", request.body.name)
    if record is None:
        return not_found("payment_link", request.body.name)
    change = withdraw_link(record, cause)
    shown = Shown(record.of.id, to_shown_json(payment_link_body(change.after.of)))
    return Outcome(shown, [change])


WITHDRAW_PAYMENT_LINKS = Command("payment_links.withdraw", _questions, _withdraw)
"""Its answer has no URL: there is none any more."""
