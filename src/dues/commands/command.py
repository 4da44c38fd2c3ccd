"""What a command is: what it needs to know of a request, and what it decides; each is written for one request.

questions(request) ──► what is to be read ──► decide(request, lookup, cause) ──► an Outcome, or a Refusal
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from dues.commands.known import TenantLookup
from dues.domain.entries import Cause
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal
from dues.events.catalogue import EventType
from dues.tenants.secrets.keys import NO_KEYS, SecretKeys
from dues.work.questions import Question
from dues.work.work import Claim, Request, Work

Changes = TypeVar("Changes")
New = TypeVar("New")


class Look(Struct, frozen=True):
    """Which object to show, and as it was when (None: now)."""

    name: str
    as_of: datetime | None = None


class Modify(Struct, Generic[Changes], frozen=True):
    """What to do to the object that is called `name` (its id or reference), if it is still what the client saw."""

    name: str
    changes: Changes
    if_match: str | None = None
    below: str = ""
    """What belongs to it and is meant, where that has a name of its own."""


class Conditional(Struct, Generic[New], frozen=True):
    """What to make, if what it is about is still what the client saw."""

    new: New
    if_match: str | None = None


class Shown(Struct, frozen=True):
    """An object's id and its JSON: the same bytes go to the client, the event and the stored answer. A tenant's only
    one of a kind has no id.

    Its entity tag is that of `tagged`, where not all that is shown belongs to what may be compared. `warning` is what a
    client should know of what was done.
    """

    id: str | None
    json: bytes
    tagged: bytes | None = None
    warning: str | None = None


class ExtraEvent(Struct, frozen=True):
    """An event of an object, beside those that it was made or changed. `data` is JSON."""

    object_id: str
    type: EventType
    data: bytes


class Outcome(Struct, frozen=True):
    """What a request is answered with, what becomes of which objects, in the order in which it is told, and what the
    client is warned of."""

    answer: Record[Any] | Shown
    changes: Sequence[Change[Any] | ExtraEvent] = ()
    warning: str | None = None
    as_of: tuple[str, datetime] | None = None
    """Which object's entries are of an earlier time, and of which, where somebody says so."""


Decide = Callable[[Request[Any], TenantLookup, Cause], Outcome | Refusal]


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """Something that can be asked for. `decide` is a pure function: all that it may know was read before.

    `further` may ask for more once the answers to `questions` are there; what is read for it is not claimed.
    """

    name: str
    questions: Callable[[Request[Any]], Iterable[Question]]
    decide: Decide
    further: Callable[[Request[Any], TenantLookup], Iterable[Question]] | None = None
    cost: Callable[[Request[Any]], int] | None = None
    """How many ordinary requests it weighs in a group; None: one."""
    encrypted_by: SecretKeys = NO_KEYS
    """Where its answer shows a secret: what that is encrypted with for as long as it is kept to be given again."""


@dataclass(frozen=True, slots=True, eq=False)
class Procedure:
    """A command with statements of its own, which is in a transaction of its own."""

    name: str
    claims: Callable[[Request[Any]], Iterable[Claim]]
    run: Callable[[Work, Request[Any]], Awaitable[Shown | Refusal]]
    encrypted_by: SecretKeys = NO_KEYS
    """Where its answer shows a secret: what that is encrypted with for as long as it is kept to be given again."""


def to_shown_json(body: object) -> bytes:
    """The JSON of a body. Metadata in one order, however it was sent or stored: the ETag is of these bytes."""
    return _ENCODER.encode(body)


_ENCODER = msgspec.json.Encoder(order="deterministic")
