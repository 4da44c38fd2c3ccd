"""POST /billing/payment_links: make a page that shows somebody what they owe."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any, Final

from msgspec import structs

from dues.commands.command import Command, Outcome, Shown, to_shown_json
from dues.commands.kind import Kind
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.domain.entries import Cause
from dues.domain.payment_links import NewPaymentLink, issue_link, link_id, new_token
from dues.domain.refusals import Refusal
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.store import BILL
from dues.resources.customers.store import CUSTOMER
from dues.resources.payment_links.address import url_of
from dues.resources.payment_links.store import PAYMENT_LINK
from dues.resources.payment_links.wire import payment_link_body
from dues.webhooks.outgoing import Outgoing
from dues.work.questions import Question
from dues.work.work import Request

OWNERS: Final[dict[str, Kind[Any]]] = {"customer": CUSTOMER, "account": ACCOUNT, "bills": BILL}


def create_payment_links(outgoing: Outgoing) -> Command:
    """The command, for a server whose links are encrypted so."""

    def questions(request: Request[NewPaymentLink]) -> Iterable[Question]:
        new = request.body
        target, name = new.target
        if new.external_reference is not None:
            yield Makes(PAYMENT_LINK, new.external_reference)
        for each in new.bills or [name]:
            yield Named(OWNERS[target], each)

    def create(request: Request[NewPaymentLink], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
        new = request.body
        target, name = new.target
        owed = [lookup.find(OWNERS[target].noun, each) for each in new.bills or [name]]
        made_id, token = link_id(cause.now), new_token(request.tenant)
        if new.expires_at is not None:
            new = structs.replace(new, expires_at=new.expires_at.astimezone(UTC))  # as it is read again
        issued = issue_link(new, owed, made_id, token, outgoing.secret_keys.encrypt(made_id, token), lookup, cause)
        if isinstance(issued, Refusal):
            return issued
        link = issued.after.of
        return Outcome(Shown(link.id, to_shown_json(payment_link_body(link, url_of(outgoing, link)))), [issued])

    return Command("payment_links.create", questions, create, encrypted_by=outgoing.secret_keys)
