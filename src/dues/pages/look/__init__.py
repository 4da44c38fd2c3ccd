"""What pages for people are made of: the page itself, tables, fields, amounts, states. `/docs/components` shows each.

All of it works without a script, in both directions of writing, on a phone and on paper.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final, Literal

from dues.pages.frame import Asset
from dues.pages.frame.markup import Html, element, join
from dues.pages.words import Language

STYLE: Final = Asset("look.css", "text/css; charset=utf-8", "dues.pages.look")

_TAG: Final = re.compile("<[^>]*>")

_LONG: Final = 22
"""Characters of an answer that fit on a phone in one line, at its usual size."""

POLICY_OF_FILES: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.body).digest()).decode()}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
).encode()
"""Of pages that have their style in them: that one alone, and nothing is loaded or runs."""

State = Literal["overdue", "due", "paid", "credit", "test"]


@dataclass(frozen=True)
class Column:
    """A column of a table. `is_number`: its cells are amounts; `is_second`: on a phone they go below the row."""

    title: str
    is_number: bool = False
    is_second: bool = False


@dataclass(frozen=True)
class Surroundings:
    """Where a page stands: in which language, whose it is, and the way from it to the server's first path; None: it
    has its style in it, since it is kept as a file and sent on.

    `says_test`: the band over what is only a test; None: it is not. `styles`: a brand's. `logo`: in the place of the
    merchant's name. `goes_to`: where the browser goes by itself. `menu`: of pages that are as wide as a desk.
    """

    language: Language
    merchant: str
    root: str | None
    says_test: str | None = None
    styles: Sequence[str] = ()
    logo: Html | None = None
    goes_to: str | None = None
    menu: Html | None = None


def page(title: str, surroundings: Surroundings, *main: Html | None, footer: Html | None = None) -> bytes:
    """A whole HTML page, of which `main` answers one question, at its top."""
    language, test, onward = surroundings.language, surroundings.says_test, surroundings.goes_to
    at_home = surroundings.root is not None
    styles = (*([f"{surroundings.root}docs/assets/{STYLE.name}"] if at_home else []), *surroundings.styles)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("title", " · ".join(part for part in (test, title, surroundings.merchant) if part)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="robots", content="noindex"),
        element("meta", http_equiv="refresh", content=f"0; url={onward}") if onward else None,
        None if at_home else element("style", Html(STYLE.body.decode())),
        *(element("link", rel="stylesheet", href=style) for style in styles),
    )
    body = element(
        "body",
        element("p", test, class_="test", role="region", aria_label=test) if test else None,
        element(
            "header",
            element("p", surroundings.logo or surroundings.merchant, class_="merchant", dir="auto"),
            surroundings.menu,
        ),
        element("main", *main),
        element("footer", footer) if footer else None,
        class_="desk" if surroundings.menu else None,
    )
    return f"<!doctype html>\n{element('html', head, body, lang=language.code, dir=language.direction)}\n".encode()


def amount(language: Language, minor: int, currency: str, *, named: bool = True) -> Html:
    """An amount, with the name of its currency before it unless the column has it."""
    text = language.amount(minor, currency)
    name = join(element("abbr", currency), Html("\N{NO-BREAK SPACE}")) if named else None
    return element("bdi", element("span", name, text, class_="amount"), dir="ltr")


def day(language: Language, when: date, *, weekday: bool = False, is_short: bool = False) -> Html:
    """A day."""
    text = language.short_day(when) if is_short else language.day(when, weekday=weekday)
    return element("time", text, datetime=str(when))


def state(kind: State, text: str) -> Html:
    """What something is, in a word that has a colour too."""
    return element("span", text, class_=f"state {kind}")


def person(name: str) -> Html:
    """A name or a reference, in whatever script it is."""
    return element("bdi", name, class_="name")


def headline(question: str, answer: Html | str, *more: Html | None) -> Html:
    """What the page is about, and the answer, large."""
    shown = element("p", answer, class_="answer long" if len(_TAG.sub("", answer)) > _LONG else "answer")
    return element("section", element("h1", question), shown, *more, class_="headline")


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Html | str | None]],
    foot: Sequence[Sequence[Html | str | None]] = (),
    empty: str | None = None,
) -> Html:
    """A table with its header in sight. `foot`: totals, below a rule. `empty`: what is said where it has no rows."""
    if not rows and empty:
        return element("p", empty, class_="empty")
    titles = element("tr", *(element("th", one.title, scope="col", class_=_class(one)) for one in columns))
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", titles),
            element("tbody", *(_row(columns, row) for row in rows)),
            element("tfoot", *(_row(columns, row, is_total=True) for row in foot)) if foot else None,
        ),
        class_="table",
        role="region",
        aria_label=caption,
        tabindex="0",
    )


def _row(columns: Sequence[Column], cells: Sequence[Html | str | None], *, is_total: bool = False) -> Html:
    made = []
    for number, (column, cell) in enumerate(zip(columns, cells, strict=True)):
        is_head = number == 0 and is_total
        made.append(element("th" if is_head else "td", cell, class_=_class(column), scope="row" if is_head else None))
    return element("tr", *made)


def _class(column: Column) -> str | None:
    names = [name for name, holds in (("number", column.is_number), ("second", column.is_second)) if holds]
    return " ".join(names) or None


def terms(pairs: Mapping[str, Html | str]) -> Html:
    """Names and what they stand for, one below the other."""
    return element("dl", *(element("div", element("dt", name), element("dd", text)) for name, text in pairs.items()))


def field(
    label: str, name: str, value: str = "", hint: str | None = None, error: str | None = None, **attributes: str | None
) -> Html:
    """A field of a form, with what it is for, and what is wrong with what was typed."""
    described = " ".join(f"{name}-{part}" for part, text in (("hint", hint), ("error", error)) if text) or None
    return element(
        "div",
        element("label", label, for_=name),
        element("p", hint, class_="hint", id=f"{name}-hint") if hint else None,
        element("p", error, class_="error", id=f"{name}-error") if error else None,
        element(
            "input",
            id=name,
            name=name,
            value=value,
            aria_describedby=described,
            aria_invalid="true" if error else None,
            **attributes,
        ),
        class_="field wrong" if error else "field",
    )


def wrongs(title: str, faults: Mapping[str, str]) -> Html | None:
    """What is wrong with a form, on top of it, with links to the fields: name to sentence."""
    if not faults:
        return None
    links = [element("li", element("a", text, href=f"#{name}")) for name, text in faults.items()]
    return element("section", element("h2", title), element("ul", *links), class_="wrongs", role="alert", tabindex="-1")


def choice(label: Html | str, name: str, value: str, kind: Literal["checkbox", "radio"], **more: bool | str) -> Html:
    """One of several things to choose, as large as a finger."""
    return element(
        "label", element("input", type=kind, name=name, value=value, **more), element("span", label), class_="choice"
    )


def select(label: str, name: str, options: Mapping[str, str], value: str = "", error: str | None = None) -> Html:
    """A field of which one of few values is chosen: value to what is said of it."""
    chosen = [element("option", text, value=one, selected=one == value) for one, text in options.items()]
    described = f"{name}-error" if error else None
    return element(
        "div",
        element("label", label, for_=name),
        element("p", error, class_="error", id=described) if error else None,
        element("select", *chosen, id=name, name=name, aria_describedby=described),
        class_="field wrong" if error else "field",
    )


def button(text: str, name: str | None = None, value: str | None = None, *, is_quiet: bool = False) -> Html:
    """A button that says what will happen."""
    return element("button", text, type="submit", name=name, value=value, class_="quiet" if is_quiet else None)


def bars(title: str, parts: Sequence[tuple[str, int, str]]) -> Html:
    """Few bars, labelled: name, value and the value as people write it. Drawn as SVG, and readable in grey."""
    most = max((value for _, value, _ in parts), default=0) or 1
    drawn = [
        element(
            "g",
            element("text", name, x="0", y=str(number * _BAR + 16)),
            element("text", text, x="100%", y=str(number * _BAR + 16), class_="figure"),
            element(
                "rect",
                x="0",
                y=str(number * _BAR + 23),
                height="10",
                width=f"{100 * max(0, value) / most:.2f}%",
            ),
        )
        for number, (name, value, text) in enumerate(parts)
    ]
    height = str(len(parts) * _BAR)
    return element("svg", element("title", title), *drawn, width="100%", height=height, role="img", class_="bars")


_BAR: Final = 48
"""Pixels from one bar to the next. It is as wide as the page: letters are never scaled."""
