"""HTML that is safe by construction: every text is escaped, unless it is Html already."""

import re
from html import escape
from typing import Final

_VOID: Final = frozenset({"br", "img", "input", "link", "meta"})

_CODE: Final = re.compile(r"`([^`]+)`")


class Html(str):
    """Markup. Whatever is not Html is text, and is escaped where it is put into markup."""

    __slots__ = ()


def element(name: str, /, *children: str | None, **attributes: str | bool | None) -> Html:
    """`<name attributes>children</name>`. In attributes `class_` is class and `aria_label` is aria-label.

    An attribute that is True stands without a value; one that is None or False is left out, as is a child None.
    """
    inner = "".join(_attribute(key, value) for key, value in attributes.items() if value not in (None, False))
    if name in _VOID:
        return Html(f"<{name}{inner}>")
    return Html(f"<{name}{inner}>{join(*children)}</{name}>")


def _attribute(key: str, value: str | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def join(*parts: str | None) -> Html:
    """The parts, one after the other."""
    return Html("".join(part if isinstance(part, Html) else escape(part, quote=False) for part in parts if part))


def prose(text: str) -> Html:
    """A sentence in which `backticks` mean code. White space is one space, as in HTML."""
    plain, code = 0, 1
    parts = _CODE.split(" ".join(text.split()))
    return join(*(element("code", part) if n % 2 == code else part for n, part in enumerate(parts, plain)))


def heading(level: int, anchor: str, *children: str) -> Html:
    """A heading that can be linked to, with the link beside it."""
    link = element("a", "#", class_="anchor", href=f"#{anchor}", aria_label="Link to this section")
    return element(f"h{level}", *children, Html(" "), link)


def code_block(code: str, caption: str, language: str | None = None) -> Html:
    """Code under a caption, to be copied as it stands; in one of several languages, shown while that is chosen."""
    return element(
        "figure",
        element("figcaption", caption),
        element("pre", element("code", code), tabindex="0"),
        class_=f"code in-{language}" if language else "code",
    )
