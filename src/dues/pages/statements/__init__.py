"""A statement of account as a page: what is owed at its top, and how it came to that below."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Column, Surroundings, headline, page, person, state, table, terms
from dues.pages.statements.told import Figure, InCurrency, Line, Told, headings, tell
from dues.pages.words import Language, Words
from dues.resources.statements.wire import StatementBody

_CAPTIONS: Final = ("summary", "movements", "made_of", "ages", "open_bills", "held")


def statement_page(body: StatementBody, language: Language) -> bytes:
    """The whole page, in that language. Raises TooLongError."""
    words = Words(language, __name__)
    told = tell(body, words)
    facts = {label: join(*_apart(names)) for label, names in told.facts}
    return page(
        told.title,
        Surroundings(language, told.merchant, None, told.test or None),
        *_headlines(told),
        terms(facts),
        *(part for one in told.currencies for part in _in_currency(told, one, words)),
        _how_to_pay(told),
    )


def _how_to_pay(told: Told) -> Html:
    """The slip at its foot: how much, what to say, and where."""
    owed = [
        join(" · " if at else None, element("abbr", currency), Html("\N{NO-BREAK SPACE}"), _amount(amount))
        for at, (currency, amount) in enumerate(told.to_pay)
    ]
    slip = {told.says["to_pay"]: join(*owed)} if owed else {}
    slip[told.payment[0]] = person(told.payment[1])
    parts = [terms(slip)]
    if told.pay_at:
        label, url, code = told.pay_at
        address = element("a", element("bdi", url, dir="ltr"), href=url, rel="nofollow noreferrer")
        parts.append(element("p", label, element("br"), address))
        parts.append(element("div", Html(code), class_="qr", role="img", aria_label=label))
    return element("section", element("h2", told.says["how_to_pay"]), *parts)


def _headlines(told: Told) -> list[Html]:
    """One question: what was owed at the end. In several currencies it has as many answers."""
    about = element("p", f"{told.title}, {told.period}")
    if not told.currencies:
        return [headline(told.says["nothing_owed"], _amount("0"), about)]
    return [
        headline(
            one.question,
            join(element("abbr", one.currency), Html("\N{NO-BREAK SPACE}"), _amount(one.answer)),
            element("p", state("credit", one.credit)) if one.credit else None,
            about if one is told.currencies[-1] else None,
        )
        for one in told.currencies
    ]


def _in_currency(told: Told, one: InCurrency, words: Words) -> list[Html]:
    says = told.says | headings(words, one.currency)
    if one.heading:  # no two tables of a page are called alike
        says |= {key: f"{says[key]}, {one.currency}" for key in _CAPTIONS}
    parts = [element("h2", one.heading) if one.heading else None, _figures(says["summary"], one.summary, says)]
    parts.append(_lines(says["movements"], one.lines, says, says["balance"], (one.opening, one.closing)))
    if not one.lines:
        parts.append(element("p", says["no_movements"], class_="empty"))
    if one.made_of:
        parts.append(_figures(says["made_of"], [*one.made_of, one.closing], says))
    if one.open_bills:
        columns = [Column(says["age"]), Column(says["count"], is_number=True, is_second=True)]
        columns.append(Column(says["remaining"], is_number=True))
        parts.append(
            table(says["ages"], columns, [[label, count, _amount(amount)] for label, count, amount in one.ages])
        )
        parts.append(_open_bills(one, says))
        parts.append(element("p", one.further) if one.further else None)
    if one.held:
        parts.append(_lines(says["held"], one.held, says, says["held_after"]))
    if one.held_total:
        parts.append(_figures(says["held"], [Figure(says["held_after"], one.held_total)], says))
    if one.held or one.held_total:
        parts.append(element("p", says["held_hint"], class_="hint"))
    return [part for part in parts if part]


def _figures(caption: str, figures: Sequence[Figure], says: dict[str, str]) -> Html:
    """Figures, the last of which is what the others come to."""
    *rows, total = ([figure.label, _amount(figure.amount)] for figure in figures)
    return table(caption, [Column(says["what"]), Column(says["amount"], is_number=True)], rows, [total])


def _lines(
    caption: str,
    lines: Sequence[Line],
    says: dict[str, str],
    balance: str,
    ends: tuple[Figure, Figure] | None = None,
) -> Html:
    """Movements, between what there was before and after."""
    columns = [
        Column(says["what"]),
        Column(says["date"], is_second=True),
        Column(says["amount"], is_number=True),
        Column(balance, is_number=True, is_second=True),
    ]
    rows: list[list[Html | str | None]] = [
        [_what(line), _day(line.day, line.on), _amount(line.amount), _amount(line.balance)] for line in lines
    ]
    foot: list[list[Html | str | None]] = []
    if ends:
        opening, closing = ends
        rows.insert(0, [opening.label, None, None, _amount(opening.amount)])
        foot.append([closing.label, None, None, _amount(closing.amount)])
    return table(caption, columns, rows, foot)


def _what(line: Line) -> Html:
    parts = _apart(line.names)
    note = element("span", element("bdi", line.note), class_="note") if line.note else None
    return join(line.what, " " if parts else None, *parts, note)


def _open_bills(one: InCurrency, says: dict[str, str]) -> Html:
    columns = [
        Column(says["bill"]),
        Column(says["due"], is_second=True),
        Column(says["state"], is_second=True),
        Column(says["remaining"], is_number=True),
    ]
    rows: list[list[Html | str | None]] = [
        [
            person(bill.name),
            _day(bill.due, bill.on),
            state("overdue", bill.overdue) if bill.overdue else None,
            _amount(bill.amount),
        ]
        for bill in one.open_bills
    ]
    if not any(bill.overdue for bill in one.open_bills):
        del columns[2]
        for row in rows:
            del row[2]
    return table(says["open_bills"], columns, rows)


def _apart(names: Sequence[str]) -> list[Html]:
    """Names, with a point between them."""
    return [join(" · " if number else None, person(name)) for number, name in enumerate(names)]


def _day(text: str, on: date) -> Html:
    return element("time", text, datetime=str(on))


def _amount(text: str) -> Html:
    return element("bdi", element("span", text, class_="amount"), dir="ltr")
