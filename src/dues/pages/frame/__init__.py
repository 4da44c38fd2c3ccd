"""What every page stands in: the head, the contents beside it, the style. A page is whole: it loads nothing."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from dues.pages.frame.markup import Html, element, join

_OWN: Final = ("frame.css", "frame.js")

_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%232f5fb3'/%3E"
    "%3Cpath d='M4 6h8M4 10h8' stroke='%23fff' stroke-width='1.6' stroke-linecap='round'/%3E%3C/svg%3E"
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading of the contents, and the links below it: (label, link)."""

    title: str
    links: Sequence[tuple[str | Html, str]] = field(default=())


def page(title: str, root: str, contents: Sequence[Chapter], *main: Html) -> bytes:
    """A whole HTML page. `root` is the relative way from it to the server's first path, such as `../`."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("title", f"{title} · dues"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy()),
        element("link", rel="icon", href=_ICON),
        element("style", _resource("frame.css")),
    )
    body = element(
        "body",
        element("a", "Skip to the text", class_="skip", href="#text"),
        _banner(root),
        element("div", _contents(contents), element("main", *main, id="text", tabindex="-1"), class_="columns"),
        element("script", _resource("frame.js")),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n".encode()


def _banner(root: str) -> Html:
    return element(
        "header",
        element("button", "Contents", type="button", class_="contents-button", popovertarget="contents"),
        element("a", "dues", class_="name", href=f"{root}docs"),
        element(
            "nav",
            element("a", "API", href=f"{root}docs"),
            element("a", "Errors", href=f"{root}docs/errors"),
            element("a", "OpenAPI", href=f"{root}openapi.json"),
            aria_label="Pages",
        ),
        class_="banner",
    )


def _contents(chapters: Sequence[Chapter]) -> Html:
    blocks = [
        join(
            element("p", chapter.title),
            element("ul", *(element("li", element("a", label, href=href)) for label, href in chapter.links)),
        )
        for chapter in chapters
    ]
    return element("nav", *blocks, id="contents", class_="contents", popover=True, aria_label="Contents")


@cache
def _policy() -> str:
    """Nothing is loaded, and no script or style runs but ours: what an escape forgotten somewhere could not undo."""
    own = {name: f"'sha256-{b64encode(sha256(_resource(name).encode()).digest()).decode()}'" for name in _OWN}
    return (
        f"default-src 'none'; img-src data:; style-src {own['frame.css']}; script-src {own['frame.js']}; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _resource(name: str) -> Html:
    return Html((files("dues.pages.frame") / name).read_text(encoding="utf-8"))
