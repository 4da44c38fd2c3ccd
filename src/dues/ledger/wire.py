"""The JSON of a ledger entry."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from dues.domain.entries import Entry, EntryKind
from dues.domain.fields import Amount, Currency


class CausedBy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changed the balance."""

    request_id: str
    idempotency_key: str | None = None


class EntryBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One immutable change of a balance: by how much, and what it was afterwards."""

    id: str
    kind: EntryKind
    currency: Currency
    amount: Amount
    balance_after: Amount
    caused_by: CausedBy
    created_at: Annotated[datetime, Meta(tz=True)]
    reason: str | None = None


def entry_body(entry: Entry) -> EntryBody:
    """The entry as clients see it."""
    return EntryBody(
        id=entry.id,
        kind=entry.kind,
        currency=entry.currency,
        amount=entry.amount,
        balance_after=entry.balance_after,
        caused_by=CausedBy(request_id=entry.request_id, idempotency_key=entry.idempotency_key),
        created_at=entry.created_at,
        reason=entry.reason,
    )


def entry_json(entry: Entry) -> bytes:
    """The entry's JSON."""
    return msgspec.json.encode(entry_body(entry))
