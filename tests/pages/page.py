"""A page as a browser would see it: its elements, ids, links and pieces of code. Refuses what does not fit together."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "wbr", "input", "img"}


@dataclass
class Page(HTMLParser):
    """What `read_page` found."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    attributes: set[tuple[str, str]] = field(default_factory=set)
    figures: list[tuple[str, str, str]] = field(default_factory=list)
    """(caption, code, language) of every figure; the language is empty where it is always shown"""
    text: str = ""

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self._open: list[str] = []
        self._figure: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the element."""
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name in given}
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.loaded += [given["href"]] if tag == "link" else [given["src"]] if "src" in given else []
        if tag == "figure":
            self._figure = {"language": given["class"].removeprefix("code").strip().removeprefix("in-")}
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Sees to it that it ends what was begun last."""
        assert self._open.pop() == tag, f"</{tag}> ends nothing that is open"
        if tag == "figure":
            self.figures.append((self._figure["figcaption"], self._figure["pre"], self._figure["language"]))
            self._figure = {}

    def handle_data(self, data: str) -> None:
        """Notes the text, of captions and code apart."""
        if not {"style", "script"} & set(self._open):
            self.text += data
        for part in ("figcaption", "pre"):
            if part in self._open:
                self._figure[part] = self._figure.get(part, "") + data


def read_page(html: bytes) -> Page:
    """Reads a whole page."""
    page = Page()
    page.feed(html.decode())
    page.close()
    assert page._open == []
    return page
