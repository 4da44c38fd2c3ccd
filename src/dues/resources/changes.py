"""What a request says of an object that exists, what it claims, and what it is answered with."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from dues.work.work import Claim, Request

Changes = TypeVar("Changes")


class Change(Struct, Generic[Changes], frozen=True):
    """What to do to the object that is called `name` (its id or reference), if it is still what the client saw."""

    name: str
    changes: Changes
    if_match: str | None = None


class Look(Struct, frozen=True):
    """Which object to show, and as it was when (None: now)."""

    name: str
    as_of: datetime | None = None


class Shown(Struct, frozen=True):
    """An object's id and its JSON: the same bytes go to the client, the event and the stored answer."""

    id: str
    json: bytes


def to_shown_json(body: Struct) -> bytes:
    """The JSON of a body. Metadata in one order, however it was sent or stored: the ETag is of these bytes."""
    return _ENCODER.encode(body)


_ENCODER = msgspec.json.Encoder(order="deterministic")


def claims_object(kind: str, request: Request[Change[Any]]) -> Iterable[Claim]:
    """The claim of a request on the object it names."""
    yield kind, request.tenant_id, request.body.name
