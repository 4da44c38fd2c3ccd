"""POST /collect/payment_requests: ask for one payment of so much."""

from collections.abc import Iterable
from datetime import UTC

from msgspec import structs

from dues.commands.command import Command, Outcome, Shown, to_shown_json
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.domain.entries import Cause
from dues.domain.payment_links import link_id, new_token
from dues.domain.payment_requests import NewPaymentRequest, make_request
from dues.domain.refusals import Refusal
from dues.resources.payment_links.address import url_of
from dues.resources.payment_links.create import OWNERS
from dues.resources.payment_requests.store import PAYMENT_REQUEST
from dues.resources.payment_requests.wire import payment_request_body
from dues.webhooks.outgoing import Outgoing
from dues.work.questions import Question
from dues.work.work import Request


def create_payment_requests(outgoing: Outgoing) -> Command:
    """The command, for a server whose links are encrypted so."""

    def questions(request: Request[NewPaymentRequest]) -> Iterable[Question]:
        new = request.body
        if new.external_reference is not None:
            yield Makes(PAYMENT_REQUEST, new.external_reference)
        if new.is_of_something:
            target, name = new.link.target
            for each in new.link.bills or [name]:
                yield Named(OWNERS[target], each)

    def create(request: Request[NewPaymentRequest], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
        new = request.body
        target, name = new.link.target
        owed = [lookup.find(OWNERS[target].noun, each) for each in new.link.bills or [name]] if name else []
        if new.expires_at is not None:
            new = structs.replace(new, expires_at=new.expires_at.astimezone(UTC))  # as it is read again
        made_id, token = link_id(cause.now), new_token(request.tenant)
        link = (made_id, token, outgoing.secret_keys.encrypt(made_id, token))
        made = make_request(new, owed, link, lookup, cause)
        if isinstance(made, Refusal):
            return made
        asked, issued = made
        url = url_of(outgoing, issued.after.of)
        shown = to_shown_json(payment_request_body(asked.after.of, cause.now, url))
        return Outcome(Shown(asked.after.of.id, shown), [issued, asked])

    return Command("payment_requests.create", questions, create, encrypted_by=outgoing.secret_keys)
