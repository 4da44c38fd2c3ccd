"""One operation of the API as people are told of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from dues.http.queries import LIMIT_DEFAULT, LIMIT_MAX


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path. `problems` are the codes that it can answer with, beside those of every call."""

    id: str
    tag: str
    summary: str
    description: str
    status: int
    answer: type
    example: Mapping[str, Any]
    problems: Sequence[str] = ()
    request: type | None = None
    request_examples: Mapping[str, Mapping[str, Any]] = {}
    parameter: tuple[str, str] | None = None
    """(name, description) of the path's parameter"""
    query: list[dict[str, Any]] = []
    previews: tuple[type, Mapping[str, Any]] | None = None
    """What `?preview=true` is answered with, and an example of it."""
    conditional: bool = False
    """Whether it honours If-Match (writes) or If-None-Match (reads)."""
    tagged: bool = True
    """Whether what a write answers with has an ETag."""
    collectors: bool = False
    """Whether a collector's key opens it too."""


def query(name: str, description: str, schema: Mapping[str, Any], example: object = None) -> dict[str, Any]:
    """A parameter of the query string."""
    found = {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
    return found if example is None else found | {"example": example}


TEXT: Final = {"type": "string"}

PAGE: Final = [
    query(
        "limit",
        f"How many at most ({LIMIT_DEFAULT} where it is not said).",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX},
    ),
    query("cursor", "The `next_cursor` of the page before.", TEXT),
]
