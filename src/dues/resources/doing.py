"""What carries an operation out: a command, or a function that answers, lists, sends or receives."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from dues.commands.command import Command, Procedure
from dues.db.database import Database
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.events.feed import Feed
from dues.jobs.retention import KEPT
from dues.lists.paging import PageBody
from dues.lists.turns import Turns
from dues.tenants.keys import ApiKey
from dues.webhooks.destinations import Destinations
from dues.webhooks.outgoing import Outgoing

AnyCommand = Command | Procedure

Doing = AnyCommand | Callable[[Outgoing], AnyCommand]
"""A command; or what makes it for a server of which webhooks go out so."""


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
    outgoing: Outgoing = Outgoing(Destinations())
    """What secrets are encrypted with, and where the server is to people."""
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


class Presents(Struct, frozen=True):
    """A function that gives what is shown in whichever form is wanted, JSON, a page or a document of paper, or refuses;
    and one that gives it as a table, which may be longer, where it is one."""

    function: Callable[[Call], Awaitable[Struct | Refusal]]
    table: Callable[[Call], Awaitable[Document | Refusal]] | None = None
    page: Callable[[Call], Awaitable[Struct | Refusal]] | None = None
    """What a page is made of, where that is more than what `function` gives."""
    is_on_paper: bool = True
    """Whether it is to be had as a document of paper."""
    is_a_page: bool = True
    """Whether it is to be had as a page; what is not, is not on paper either."""


class Accepted(Struct, frozen=True):
    """What was taken in. `replayed`: it was before, under the same key."""

    body: bytes
    replayed: bool = False


class Receives(Struct, frozen=True):
    """A function that reads a body of a media type while it arrives, once per Idempotency-Key."""

    function: Callable[[Call, AsyncIterator[bytes]], Awaitable[Accepted | Document | Refusal]]
    content_type: str = "text/csv"


class Exports(Struct, frozen=True):
    """A function that has a list written whole to a file that is kept. The query string says which, and how."""

    function: Callable[..., Awaitable[Accepted | Refusal]]


class Batches(Struct, frozen=True):
    """Lines, each of which is a call of another operation that writes, with an Idempotency-Key of its own. What a key
    may send together is what it may send alone."""

    content_type: str = "application/jsonl"
