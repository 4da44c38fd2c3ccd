"""GET /docs/search.json: what the guides' search looks in. A line for each section, call and error."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from dues.pages.errors import ProblemType
from dues.pages.guides import guides

TEXT_LENGTH_MAX: Final = 1_500
"""What a section says is found by its beginning; the rest is examples and tables."""


class Entry(Struct, frozen=True):
    """Something that is found: its title, the page it is on, where, and what it says."""

    title: str
    page: str
    path: str
    text: str


def search_index(openapi: Mapping[str, Any], problem_types: Mapping[str, ProblemType]) -> bytes:
    """All of it, as JSON."""
    return msgspec.json.encode([*_sections(), *_calls(openapi), *_errors(problem_types)])


def _sections() -> Iterator[Entry]:
    for guide in guides().values():
        for anchor, title, text in guide.text.sections:
            page = "" if title == guide.text.title else guide.text.title
            yield Entry(title, page, f"{guide.path[1:]}#{anchor}", text[:TEXT_LENGTH_MAX])


def _calls(openapi: Mapping[str, Any]) -> Iterator[Entry]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            text = operation["description"].replace("`", "")
            yield Entry(operation["summary"], f"{method.upper()} {path}", f"docs#{operation['operationId']}", text)


def _errors(problem_types: Mapping[str, ProblemType]) -> Iterator[Entry]:
    for code, kind in problem_types.items():
        yield Entry(code, f"{kind.status} {kind.title}", f"docs/errors#{code}", kind.meaning.replace("`", ""))
