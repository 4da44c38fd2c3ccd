"""What every page stands in: the head, the banner, the contents beside it; and all that pages load, which is ours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from typing import Final

from dues.pages.frame.markup import Html, element, join

ORIGIN: Final = "https://here.invalid"
"""Where the server is, in pages as they are made. What serves them puts in where it was asked."""

LANGUAGES: Final = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}
"""In which examples are shown."""


class Asset:
    """A file that pages load. Its name has its hash, so that it can be kept for ever."""

    def __init__(self, file: str, content_type: str, package: str = "dues.pages.frame") -> None:
        self.body = (files(package) / file).read_bytes()
        self.content_type = content_type
        stem, _, kind = file.partition(".")
        self.name = f"{stem}.{sha256(self.body).hexdigest()[:12]}.{kind}"

    def read(self) -> bytes:
        """What is in it."""
        return self.body


_SCRIPT: Final = "text/javascript; charset=utf-8"

ASSETS: Final = {
    "style": Asset("frame.css", "text/css; charset=utf-8"),
    "language": Asset("language.js", _SCRIPT),
    "script": Asset("frame.js", _SCRIPT),
    "search": Asset("search.js", _SCRIPT),
    "icon": Asset("icon.svg", "image/svg+xml"),
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading of the contents, and the links below it: (label, link)."""

    title: str
    links: Sequence[tuple[str | Html, str]] = field(default=())


def page(
    title: str, root: str, contents: Sequence[Chapter], *main: Html, languages: bool = False, searches: bool = False
) -> bytes:
    """A whole HTML page. `root` is the relative way from it to the server's first path, such as `../`.

    `languages`: its examples are in several. `searches`: it has the field for that.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("title", f"{title} · dues"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href=_asset(root, "icon"), type="image/svg+xml"),
        element("link", rel="stylesheet", href=_asset(root, "style")),
    )
    body = element(
        "body",
        element("a", "Skip to the text", class_="skip", href="#text"),
        _banner(root, languages),
        # At once, and not when all is read: nothing that was shown is to move.
        element("script", src=_asset(root, "language")) if languages else None,
        element("div", _contents(contents), element("main", *main, id="text", tabindex="-1"), class_="columns"),
        element("script", src=_asset(root, "script")),
        element("script", src=_asset(root, "search")) if searches else None,
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n".encode()


def _asset(root: str, name: str) -> str:
    return f"{root}docs/assets/{ASSETS[name].name}"


def _banner(root: str, languages: bool) -> Html:
    return element(
        "header",
        element("button", "Contents", type="button", class_="contents-button", popovertarget="contents"),
        element("a", "dues", class_="name", href=f"{root}docs"),
        _language_switch() if languages else None,
        element(
            "nav",
            element("a", "API", href=f"{root}docs"),
            element("a", "Guides", href=f"{root}docs/guides"),
            element("a", "Errors", href=f"{root}docs/errors"),
            element("a", "OpenAPI", href=f"{root}openapi.json"),
            aria_label="Pages",
        ),
        class_="banner",
    )


def _language_switch() -> Html:
    """Which examples are shown. It works by the style alone, which a script remembers."""
    choices = [
        element(
            "label",
            element("input", type="radio", name="language", id=f"in-{name}", checked=name == "curl"),
            element("span", label),
        )
        for name, label in LANGUAGES.items()
    ]
    legend = element("legend", "Examples in")
    return element("fieldset", legend, *choices, class_="languages")


def _contents(chapters: Sequence[Chapter]) -> Html:
    blocks = [
        join(
            element("p", chapter.title),
            element("ul", *(element("li", element("a", label, href=href)) for label, href in chapter.links)),
        )
        for chapter in chapters
    ]
    return element("nav", *blocks, id="contents", class_="contents", popover=True, aria_label="Contents")
