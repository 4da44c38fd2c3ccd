"""GET /docs/guides: what docs/ has, as pages. `texts` has links to it, which a wheel makes files of: one source."""

import posixpath
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from dues.pages.frame import Chapter, page
from dues.pages.frame.markup import Html, element, heading
from dues.pages.guides.markdown import Text, rendered

CHAPTERS: Final = {"start": "Start", "guides": "Guides", "reference": "Reference"}
"""The folders whose documents are pages."""

ELSEWHERE: Final = {"reference/api.md": "/docs", "reference/errors.md": "/docs/errors"}
"""Documents that a server has as pages of another make."""

FOR_DEVELOPERS_OF_DUES: Final = frozenset(
    {"reference/measures.md", "reference/schema.md", "reference/statements.md"},
)
"""Documents that are of no use to whoever calls or runs a server."""

_TEXTS: Final = files("dues.pages.guides") / "texts"

_LINK: Final = re.compile(r"\]\(((?:start|guides|reference)/[\w/-]+\.md)\)")


@dataclass(frozen=True, slots=True)
class Guide:
    """A document that is a page: its file in docs/, and where it is served."""

    file: str
    path: str

    @property
    def root(self) -> str:
        """The relative way from its page to the server's first path."""
        return "../" * (self.path.count("/") - 1)

    @property
    def chapter(self) -> str:
        """To which of CHAPTERS it belongs."""
        return self.file.partition("/")[0]

    @property
    def text(self) -> Text:
        """What is in it."""
        return _text(self.file)


@cache
def guides() -> dict[str, Guide]:
    """All of them by their files, in the order of docs/README.md."""
    listed = dict.fromkeys(_LINK.findall(_read("README.md")))
    return {
        file: Guide(file, _path(file))
        for file in listed
        if file not in ELSEWHERE and file not in FOR_DEVELOPERS_OF_DUES
    }


@cache
def pictures() -> dict[str, bytes]:
    """What guides show, as PNG, by its file."""
    return {f"pictures/{one.name}": one.read_bytes() for one in (_TEXTS / "pictures").iterdir()}


def _path(file: str) -> str:
    return "/docs/" + file.removesuffix(".md").replace("start/", "guides/")


def _read(file: str) -> str:
    return (_TEXTS / file).read_text(encoding="utf-8")


@cache
def _text(file: str) -> Text:
    def address(target: str) -> str | None:
        """What a link of the document leads to, as seen from its page; None where no server has that."""
        there, mark, anchor = target.partition("#")
        if not there or "://" in target:
            return target
        document = posixpath.normpath(posixpath.join(posixpath.dirname(file), there))
        if document in pictures():
            return f"{guides()[file].root}docs/{document}"
        known = guides().get(document)
        path = known.path if known else ELSEWHERE.get(document)
        return path and f"{guides()[file].root}{path[1:]}{mark}{anchor}"

    return rendered(_read(file), address)


def guide_page(guide: Guide) -> bytes:
    """The page of one."""
    text = guide.text
    here = Chapter(text.title, [(title, f"#{anchor}") for level, anchor, title in text.headings if level == 2])
    contents = [here, *_contents(guide.root, but=guide)] if here.links else _contents(guide.root, but=guide)
    return page(text.title, guide.root, contents, element("article", text.html, class_="guide"))


def contents_page() -> bytes:
    """The page that lists them, and searches them."""
    by_chapter = {
        title: [one for one in guides().values() if one.chapter == chapter] for chapter, title in CHAPTERS.items()
    }
    lists = [
        element(
            "section",
            heading(2, title.lower(), title),
            element("ul", *map(_line, listed), class_="guides"),
            id=title.lower(),
            class_="plain",
        )
        for title, listed in by_chapter.items()
    ]
    return page("Guides", "../", _contents("../"), _welcome(), *lists, searches=True)


def _welcome() -> Html:
    field = element("input", type="search", id="search", data_root="../", autocomplete="off", spellcheck="false")
    return element(
        "div",
        element("h1", "Guides"),
        element("p", "How a program works with this server, and how the server is run.", class_="lead"),
        element(
            "div",
            element("label", "Search guides, calls and errors", for_="search"),
            field,
            element("ul", id="found", class_="found", aria_live="polite"),
            id="search-box",
            class_="search",
            hidden=True,
        ),
        class_="welcome",
    )


def _line(guide: Guide) -> Html:
    link = element("a", guide.text.title, href=f"../{guide.path[1:]}")
    return element("li", link, element("p", guide.text.summary))


def _contents(root: str, but: Guide | None = None) -> list[Chapter]:
    return [
        Chapter(
            title,
            [
                (one.text.title, f"{root}{one.path[1:]}")
                for one in guides().values()
                if one.chapter == chapter and one is not but
            ],
        )
        for chapter, title in CHAPTERS.items()
    ]
