"""What a request says of an object that exists, what it claims, and what it is answered with."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from dues.work.work import Claim, Request

Changes = TypeVar("Changes")
New = TypeVar("New")


class Change(Struct, Generic[Changes], frozen=True):
    """What to do to the object that is called `name` (its id or reference), if it is still what the client saw."""

    name: str
    changes: Changes
    if_match: str | None = None


class Conditional(Struct, Generic[New], frozen=True):
    """What to make, if what it is about is still what the client saw."""

    new: New
    if_match: str | None = None


class Look(Struct, frozen=True):
    """Which object to show, and as it was when (None: now)."""

    name: str
    as_of: datetime | None = None


class Shown(Struct, frozen=True):
    """An object's id and its JSON: the same bytes go to the client, the event and the stored answer. A tenant's only
    one of a kind has no id.

    Its entity tag is that of `tagged`, where not all that is shown belongs to what may be compared.
    """

    id: str | None
    json: bytes
    tagged: bytes | None = None


def to_shown_json(body: Struct) -> bytes:
    """The JSON of a body. Metadata in one order, however it was sent or stored: the ETag is of these bytes."""
    return _ENCODER.encode(body)


_ENCODER = msgspec.json.Encoder(order="deterministic")


def claims_object(kind: str, request: Request[Change[Any]]) -> Iterable[Claim]:
    """The claim of a request on the object it names."""
    yield kind, request.tenant_id, request.body.name
