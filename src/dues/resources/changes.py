"""Changes to objects that exist: what a request for one says, and how a group keeps them apart."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

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


class SameObject(Exception):
    """Two requests of a group named one object in two ways, so no claim kept them apart. One by one, they will do."""


def refuse_twins(keys: Sequence[object | None]) -> None:
    """Raises SameObject where a key stands twice."""
    known = [key for key in keys if key]
    if len(set(known)) < len(known):
        raise SameObject


def claims_object(kind: str, request: Request[Change[Any]]) -> Iterable[Claim]:
    """The claim of a request on the object it names."""
    yield kind, request.tenant_id, request.body.name
