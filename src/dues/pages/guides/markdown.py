"""From Markdown to markup: the headings can be linked to, code can be copied, links lead to pages."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from dues.pages.frame import ORIGIN
from dues.pages.frame.markup import Html, code_block, element

_WRITTEN_ORIGIN: Final = "http://127.0.0.1:8080"
"""Where the server is in documents: one that was started without settings."""

_CAPTIONS: Final = {"sh": "Shell", "http": "Call", "json": "JSON", "python": "Python", "js": "JavaScript"}

_TELL_ORIGIN: Final = frozenset({"", "sh", "http", "json", "python", "js"})
"""In code of other languages, which is configuration, the address is where a proxy finds the server."""

_COMMENT: Final = re.compile(r"\A<!--.*?-->\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """A document: its markup, its title, its first sentences, its headings, and what stands under each."""

    html: Html
    title: str
    summary: str
    headings: Sequence[tuple[int, str, str]]
    """(level, anchor, title)"""
    sections: Sequence[tuple[str, str, str]]
    """(anchor, title, plain text)"""


def rendered(source: str, address: Callable[[str], str | None]) -> Text:
    """The document. `address` gives what a link leads to; None: to nothing that there is, so it is only text."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(_COMMENT.sub("", source))
    headings = [
        (int(token.tag[1:]), anchor_of(tokens[n + 1].content), _plain(tokens[n + 1]))
        for n, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    for token in tokens:
        if token.type == "inline":
            token.content = token.content.replace(_WRITTEN_ORIGIN, ORIGIN)
            token.children = _with_addresses(token.children or [], address)
    anchors = iter(headings)
    rules: dict[str, Any] = markdown.renderer.rules  # type: ignore[attr-defined]
    rules["fence"] = lambda tokens, n, *_: _code(tokens[n])
    rules["heading_open"] = lambda tokens, n, *_: f'<{tokens[n].tag} id="{next(anchors)[1]}">'
    rules["heading_close"] = lambda tokens, n, *_: _heading_end(tokens, n)
    rules["table_open"] = lambda *_: '<div class="wide" tabindex="0"><table>'
    rules["table_close"] = lambda *_: "</table></div>"
    rules["image"] = lambda tokens, n, *_: element("img", src=tokens[n].attrs["src"], alt=tokens[n].content)
    html = Html(markdown.renderer.render(tokens, markdown.options, {}))
    summary = next((_plain(tokens[n + 1]) for n, token in enumerate(tokens) if token.type == "paragraph_open"), "")
    return Text(html, headings[0][2], summary, headings, _sections(tokens))


def anchor_of(title: str) -> str:
    """The anchor of a heading, as forges make it: links in documents name it so."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _heading_end(tokens: Sequence[Token], n: int) -> str:
    anchor = anchor_of(tokens[n - 1].content)
    link = element("a", "#", class_="anchor", href=f"#{anchor}", aria_label="Link to this section")
    return f" {link}</{tokens[n].tag}>"


def _code(token: Token) -> Html:
    language, _, status = token.info.strip().partition(" ")
    code = token.content.rstrip("\n")
    if language in _TELL_ORIGIN:
        code = code.replace(_WRITTEN_ORIGIN, ORIGIN)
    return code_block(code, f"Answer: {status}" if status else _CAPTIONS.get(language, language or "Shell"))


def _with_addresses(children: list[Token], address: Callable[[str], str | None]) -> list[Token]:
    """The parts of a line, with their links as they are from the page."""
    kept: list[Token] = []
    dropped = False
    for child in children:
        child.content = child.content.replace(_WRITTEN_ORIGIN, ORIGIN)
        if child.type == "image":
            child.attrs["src"] = address(str(child.attrs["src"])) or ""
        if child.type == "link_open":
            target = address(str(child.attrs["href"]))
            dropped = target is None
            child.attrs["href"] = (target or "").replace(_WRITTEN_ORIGIN, ORIGIN)
        if child.type in ("link_open", "link_close") and dropped:
            continue
        kept.append(child)
    return kept


def _sections(tokens: Sequence[Token]) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, list[str]]] = []
    for n, token in enumerate(tokens):
        if token.type == "heading_open":
            found.append((anchor_of(tokens[n + 1].content), _plain(tokens[n + 1]), []))
        elif token.type == "inline" and tokens[n - 1].type != "heading_open" and found:
            found[-1][2].append(_plain(token))
    return [(anchor, title, " ".join(texts)) for anchor, title, texts in found]


def _plain(inline: Token) -> str:
    parts = [" " if child.type == "softbreak" else child.content for child in inline.children or ()]
    return "".join(parts)
