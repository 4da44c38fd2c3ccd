"""An operation of the API, declared once: what it takes, what carries it out, what it answers, what people are told.

Routes, the checks of bodies and query strings, the OpenAPI document and the pages are made from it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Struct

from dues.domain.fields import says
from dues.resources.doing import (
    Answers,
    Batches,
    Changes,
    Creates,
    Exports,
    Lists,
    Pays,
    Presents,
    Receives,
    Shows,
    Streams,
)

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
    "Payment links",
    "Payment requests",
    "Mails",
    "Events",
    "Webhook endpoints",
    "Test clock",
    "Batches",
    "Closings",
    "Files",
    "Idempotency keys",
]
"""The chapters of the documentation, in their order."""


class Operation(Struct, frozen=True, kw_only=True, eq=False):
    """One method of one path. `problems` are the codes that it can answer with, beside those of every call."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    does: Creates | Changes | Pays | Shows | Answers | Lists | Streams | Presents | Receives | Exports | Batches
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

    scoped: str = ""
    """Of what noun its scope is, where that is not the path's."""

    @property
    def scope(self) -> str:
        """What a restricted key is allowed it by: noun and verb, `accounts:read` for every look; empty for a batch."""
        if isinstance(self.does, Batches):
            return ""
        verb = "read" if self.method == "GET" else self.id.partition("_")[0]
        return f"{self.scoped or self.path.split('/')[2]}:{verb}"

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
        return isinstance(self.does, Creates | Changes | Pays | Receives | Exports)

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
