"""An operation of the API, declared once: what it takes, what carries it out, what it answers, what people are told.

Routes, the checks of bodies and query strings, the OpenAPI document and the pages are made from it.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Struct

from dues.commands.command import Command, Procedure
from dues.db.database import Database
from dues.domain.fields import says
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.events.feed import Feed
from dues.jobs.retention import KEPT
from dues.lists.paging import PageBody
from dues.lists.turns import Turns
from dues.tenants.keys import ApiKey
from dues.webhooks.outgoing import Outgoing

AnyCommand = Command | Procedure

Doing = AnyCommand | Callable[[Outgoing], AnyCommand]
"""A command; or what makes it for a server of which webhooks go out so."""


# What carries an operation out ------------------------------------------------------------------------------------


class Creates(Struct, frozen=True):
    """A command that makes something new of the body, once per Idempotency-Key.

    `moves_clock`: what time it is for the tenant is to be found out anew after it.
    """

    command: Doing
    moves_clock: bool = False


class Changes(Struct, frozen=True):
    """A command that does something to the object that the path names, once per Idempotency-Key.

    `conditional`: only if If-Match holds, where it is sent.
    """

    command: Doing
    conditional: bool = True


class Pays(Struct, frozen=True):
    """A command as for Creates, but on the condition that If-Match holds for what is paid; with `?preview=true`, one
    that tells what the other would do."""

    command: AnyCommand
    preview: AnyCommand


class Shows(Struct, frozen=True):
    """A command that shows what the path names, as it is or as it was."""

    command: AnyCommand


class Call(Struct, frozen=True, kw_only=True):
    """One call of an operation that no command carries out: whose it is, and what was asked."""

    key: ApiKey
    name: str
    """What the path names; empty where it names nothing."""
    query: Any
    idempotency_key: str | None
    """Where it receives something."""
    database: Database
    """For lists, reports and feeds: what commits need is not theirs."""
    feed: Feed
    files_kept: timedelta = KEPT
    """How long a file that it sends is kept, with what became of its rows."""
    is_export: bool = False
    """Whether a list is had whole, for a file that may be imported: objects have their own rules there, no defaults."""
    turns: Turns | None = None
    """In which lists are had whole, and whatever else looks through all of a tenant; None: nobody else is there."""

    @property
    def tenant(self) -> Tenant:
        """Whose data it is about."""
        return self.key.tenant


class Answers(Struct, frozen=True):
    """A function: for what is like nothing else. It gives a page, or JSON, or refuses."""

    function: Callable[[Call], Awaitable[PageBody | bytes | Refusal]]


class Lists(Struct, frozen=True):
    """A function that gives a page of a list, or refuses. The list can be had whole too, as CSV: then it is asked for
    one page after the other, of one instant.

    `body` is what is shown of an object; `table` has their metadata, where they may have any.
    """

    function: Callable[[Call], Awaitable[PageBody | Refusal]]
    body: type[Struct]
    table: str = ""


class Document(Struct, frozen=True):
    """What is sent while it is made: its media type, the name of the file that it is, its bytes."""

    content_type: str
    file_name: str
    parts: AsyncIterator[bytes]


class Streams(Struct, frozen=True):
    """A function that gives a document, or refuses."""

    function: Callable[[Call], Awaitable[Document | Refusal]]
    content_types: Sequence[str] = ("text/csv",)


class Accepted(Struct, frozen=True):
    """What was taken in. `replayed`: it was before, under the same key."""

    body: bytes
    replayed: bool = False


class Receives(Struct, frozen=True):
    """A function that reads a body of a media type while it arrives, once per Idempotency-Key."""

    function: Callable[[Call, AsyncIterator[bytes]], Awaitable[Accepted | Document | Refusal]]
    content_type: str = "text/csv"


class Batches(Struct, frozen=True):
    """Lines, each of which is a call of another operation that writes, with an Idempotency-Key of its own. What a key
    may send together is what it may send alone."""

    content_type: str = "application/jsonl"


# What is said in query strings ------------------------------------------------------------------------------------


class NoQuery(Struct, frozen=True):
    """Nothing."""


class AsOfQuery(Struct, frozen=True):
    """Now, or at a time."""

    as_of: Annotated[datetime, says("Show the balance that it had at this time, by the ledger.")] | None = None


class PreviewQuery(Struct, frozen=True):
    """For good, or only to see."""

    preview: Annotated[bool, says("`true`: only tell what the payment would do.")] = False


# The operation ----------------------------------------------------------------------------------------------------

Tag = Literal[
    "Customers",
    "Accounts",
    "Bills",
    "Ledger",
    "Payments",
    "Events",
    "Webhook endpoints",
    "Test clock",
    "Batches",
    "Files",
    "Idempotency keys",
]
"""The chapters of the documentation, in their order."""


class Operation(Struct, frozen=True, kw_only=True, eq=False):
    """One method of one path. `problems` are the codes that it can answer with, beside those of every call."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    does: Creates | Changes | Pays | Shows | Answers | Lists | Streams | Receives | Batches
    id: str
    tag: Tag
    summary: str
    description: str
    body: type[Struct] | None = None
    """What is sent; None: nothing is."""
    bodies: Mapping[str, Mapping[str, Any]] = {}
    """Examples of that, by what each is of."""
    query: type[Struct] = NoQuery
    status: int = 200
    answer: type[Struct]
    example: Mapping[str, Any]
    """Of the answer; of a document, by media type."""
    previews: tuple[type[Struct], Mapping[str, Any]] | None = None
    """What Pays answers to `?preview=true`, and an example of it."""
    problems: Sequence[str] = ()
    named: str = ""
    """What the path's parameter is."""
    within: tuple[str, str] | None = None
    """What the path's second parameter is, where it has one, and what that is in examples."""
    names: str = ""
    """What it is in examples: a reference that those before it have made. Empty: only an answer tells the id."""
    tagged: bool = True
    """Whether what Shows or a write answers with is an object, which has an ETag."""
    collectors: bool = False
    """Whether a collector's key opens it too."""
    test_mode: bool = False
    """Whether it is for test keys alone."""
    moves_money: bool = False
    """Whether it counts against what a key may move: by the `amount` of its body or, where that has none, by what the
    entries come to that it writes."""

    warns: bool = False
    """Whether it may answer with a Dues-Warning."""

    @property
    def scope(self) -> str:
        """What a restricted key is allowed it by: noun and verb, `accounts:read` for every look; empty for a batch."""
        if isinstance(self.does, Batches):
            return ""
        verb = "read" if self.method == "GET" else self.id.partition("_")[0]
        return f"{self.path.split('/')[2]}:{verb}"

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters: what it is about, and what below that."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def parameter(self) -> str | None:
        """The name of the path's first parameter."""
        return next(iter(self.parameters), None)

    @property
    def writes(self) -> bool:
        """Whether it is carried out once per Idempotency-Key."""
        return isinstance(self.does, Creates | Changes | Pays | Receives)

    @property
    def conditional(self) -> bool:
        """Whether it honours If-Match (writes) or If-None-Match (reads)."""
        match self.does:
            case Changes(conditional=conditional):
                return conditional
            case Shows():
                return self.tagged
            case does:
                return isinstance(does, Pays)
