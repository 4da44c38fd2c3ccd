"""PATCH and DELETE /collect/payment_requests/{payment_request}: another amount or time, or nothing at all."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from msgspec import UnsetType, structs

from dues.commands.command import Command, Modify, Outcome, Shown, to_shown_json
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.domain.entries import Cause
from dues.domain.payment_requests import PaymentRequestChanges, change_request, end_request
from dues.domain.refusals import Refusal, not_found
from dues.resources.payment_links.address import url_of
from dues.resources.payment_links.store import PAYMENT_LINK
from dues.resources.payment_requests.store import PAYMENT_REQUEST
from dues.resources.payment_requests.wire import payment_request_body
from dues.webhooks.outgoing import Outgoing
from dues.work.questions import Question
from dues.work.work import Request

_Wanted = Request[Modify[PaymentRequestChanges | None]]


def _command(verb: str, outgoing: Outgoing) -> Command:
    def questions(request: _Wanted) -> Iterable[Question]:
        yield Named(PAYMENT_REQUEST, request.body.name, changes=True)

    def further(request: _Wanted, lookup: TenantLookup) -> Iterable[Question]:
        if record := lookup.find("payment_request", request.body.name):
            yield Named(PAYMENT_LINK, record.of.payment_link_id, changes=True)

    def decide(request: _Wanted, lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
        wanted = request.body
        record = lookup.find("payment_request", wanted.name)
        link = lookup.find("payment_link", record.of.payment_link_id) if record else None
        if record is None or link is None:
            return not_found("payment_request", wanted.name)
        if wanted.changes is None:
            outcome: Any = end_request(record, link, cause)
        else:
            outcome = change_request(record, link, _in_utc(wanted.changes), cause)
        if isinstance(outcome, Refusal):
            return outcome
        asked, issued = outcome
        shown = payment_request_body(asked.after.of, cause.now, url_of(outgoing, issued.after.of))
        return Outcome(Shown(asked.after.of.id, to_shown_json(shown)), [issued, asked])

    return Command(f"payment_requests.{verb}", questions, decide, further, encrypted_by=outgoing.secret_keys)


def _in_utc(changes: PaymentRequestChanges) -> PaymentRequestChanges:
    until = changes.expires_at
    return changes if isinstance(until, UnsetType) else structs.replace(changes, expires_at=until.astimezone(UTC))


def update_payment_requests(outgoing: Outgoing) -> Command:
    """PATCH, for a server whose links are encrypted so."""
    return _command("update", outgoing)


def delete_payment_requests(outgoing: Outgoing) -> Command:
    """DELETE, for such a server."""
    return _command("delete", outgoing)
