"""The JSON of a ledger entry."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from dues.domain.entries import Entry, EntryKind
from dues.domain.fields import ACTOR, Currency, says


class CausedBy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed the balance, and who."""

    request_id: Annotated[str, says("The `Request-Id` of the request.")]
    idempotency_key: Annotated[str, says("The key it came under.")] | None = None
    payment_id: Annotated[str, says("The payment, where it is one's or its reversal's.")] | None = None
    actor: Annotated[str, ACTOR] | None = None


class EntryBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One immutable change of a balance: by how much, and what it was afterwards."""

    id: Annotated[str, says("Its id, `ent_…`.")]
    kind: Annotated[EntryKind, says("How it came about: a balance begins, changes, is paid or no longer tracked.")]
    currency: Currency
    amount: Annotated[int, says("By how much the balance changed, in the smallest unit.")]
    balance_after: Annotated[int, says("The balance after it, in the smallest unit.")]
    caused_by: CausedBy
    created_at: Annotated[datetime, Meta(tz=True, description="When it was written.")]
    reason: Annotated[str, says("Why, as the request said.")] | None = None
    external_reference: Annotated[str, says("Your own name for it, where it has one.")] | None = None


def entry_body(entry: Entry) -> EntryBody:
    """The entry as clients see it."""
    return EntryBody(
        id=entry.id,
        kind=entry.kind,
        currency=entry.currency,
        amount=entry.amount,
        balance_after=entry.balance_after,
        caused_by=CausedBy(
            request_id=entry.request_id,
            idempotency_key=entry.idempotency_key,
            payment_id=entry.payment_id,
            actor=entry.actor,
        ),
        created_at=entry.created_at,
        reason=entry.reason,
        external_reference=entry.external_reference,
    )


def entry_json(entry: Entry) -> bytes:
    """The entry's JSON."""
    return msgspec.json.encode(entry_body(entry))
