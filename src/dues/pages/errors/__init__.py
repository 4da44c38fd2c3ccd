"""GET /docs/errors: every error there is, what it means and what to do."""

from collections.abc import Mapping
from itertools import groupby
from typing import Protocol

from dues.pages.errors.remedies import remedy
from dues.pages.frame import Chapter, page
from dues.pages.frame.markup import Html, element, heading, join, prose


class ProblemType(Protocol):
    """What is told of a code: its HTTP status, the section it belongs to, that section's title, its meaning."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def slug(self) -> str:
        """The last part of the problem's `type`."""
        ...

    @property
    def title(self) -> str:
        """The problem's `title`."""
        ...

    @property
    def meaning(self) -> str:
        """A sentence or two, code in backticks."""
        ...


def errors_page(problem_types: Mapping[str, ProblemType]) -> bytes:
    """The page's HTML. Its anchors are the slugs, which the `type` of each problem ends with, and the codes."""
    # A stable sort: within a status, slugs and codes keep the order of the table.
    order = list(dict.fromkeys(kind.slug for kind in problem_types.values()))
    codes = sorted(problem_types, key=lambda c: (problem_types[c].status, order.index(problem_types[c].slug)))
    sections = [(slug, list(of)) for slug, of in groupby(codes, key=lambda code: problem_types[code].slug)]
    contents = Chapter(
        "Errors",
        [
            (
                join(element("span", str(problem_types[of[0]].status), class_="number"), problem_types[of[0]].title),
                f"#{slug}",
            )
            for slug, of in sections
        ],
    )
    return page("Errors", "../", [contents], _welcome(), *(_section(slug, of, problem_types) for slug, of in sections))


def _welcome() -> Html:
    return element(
        "div",
        element("h1", "Errors"),
        element("p", "What can go wrong, what it means, and what to do.", class_="lead"),
        element(
            "p",
            prose(
                "Each error has a `type`, whose last part is a section of this page, and a `code`, which programs "
                "match on and which never changes. `detail` says what was wrong this time, and `request_id` names the "
                "call in the server's log."
            ),
        ),
        class_="welcome",
    )


def _section(slug: str, codes: list[str], problem_types: Mapping[str, ProblemType]) -> Html:
    kind = problem_types[codes[0]]
    return element(
        "section",
        heading(2, slug, element("span", str(kind.status), class_="number"), Html(" "), kind.title),
        *(_code(code, problem_types[code]) for code in codes),
        id=slug,
        class_="chapter error",
    )


def _code(code: str, kind: ProblemType) -> Html:
    return element(
        "section",
        heading(3, code, element("code", code)),
        element("p", prose(kind.meaning)),
        element("h4", "What to do"),
        element("p", prose(remedy(code, kind.status))),
        # `unauthorized` is a slug and a code: the section, which begins with the code, has the name.
        id=None if code == kind.slug else code,
        class_="plain",
    )
