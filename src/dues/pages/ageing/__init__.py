"""Ageing as a page: how much is overdue at its top, by age below, and then who owes it."""

from collections.abc import Sequence
from urllib.parse import urlencode

from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Column, Surroundings, amount, bars, day, headline, page, person, state, table, terms
from dues.pages.words import Language, Words
from dues.resources.ageing.read import Ageing
from dues.resources.ageing.wire import AgedBody, AgedSumBody, AgeingBody, FiguresBody


def ageing_page(ageing: Ageing, language: Language) -> bytes:
    """The whole page, in that language."""
    words = Words(language, __name__)
    test = words("test") if ageing.mode == "test" else None
    parts: list[Html | None] = []
    for row in ageing.total.data:
        parts += _in_currency(ageing, row, words, is_alone=ageing.listed is not None)
    if not ageing.total.data:
        on = language.day(ageing.total.as_of, weekday=True)
        parts.append(headline(words("nothing"), element("span", words("nothing_hint", day=on), class_="hint")))
    if ageing.listed:
        parts += _listed(ageing, ageing.listed, words)
    return page(words("title"), Surroundings(language, ageing.merchant, None, test), *parts)


def _in_currency(ageing: Ageing, row: AgedBody, words: Words, *, is_alone: bool) -> list[Html | None]:
    figures, currency, language = row.figures, row.currency, words.language
    assert figures
    names = [_bucket(one.bucket, words) for one in figures.ages]
    open_amount = f"{currency}\N{NO-BREAK SPACE}{language.amount(figures.open_bills.amount_remaining, currency)}"
    on = language.day(ageing.total.as_of, weekday=True)
    largest = max(figures.ages, key=lambda one: one.amount_remaining)
    finding = words("largest", bucket=_bucket(largest.bucket, words))
    links = element(
        "p",
        *(
            element("span", element("a", words(says, currency=currency), href=_href(ageing, by, currency)), Html(" "))
            for says, by in (("see_customers", "customer"), ("see_bills", "bill"))
        ),
        class_="on-screen",
    )
    return [
        headline(
            words("question"),
            amount(language, figures.overdue.amount_remaining, currency),
            element("p", words("of_open", amount=open_amount, day=on)),
        ),
        _bars(finding, figures.ages, names, currency, language) if figures.open_bills.count else None,
        _ages(figures, names, currency, words),
        _beside(figures, currency, words),
        None if is_alone else links,
    ]


def _bars(title: str, ages: Sequence[AgedSumBody], names: Sequence[str], currency: str, language: Language) -> Html:
    drawn = [
        # Isolated, since a picture is drawn from left to right in every language.
        (
            f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}",
            one.amount_remaining,
            language.amount(one.amount_remaining, currency),
        )
        for name, one in zip(names, ages, strict=True)
    ]
    return join(element("h2", title), bars(title, drawn))


def _ages(figures: FiguresBody, names: Sequence[str], currency: str, words: Words) -> Html:
    language = words.language
    columns = [Column(words("age")), Column(words("bills"), is_number=True), Column(currency, is_number=True)]
    rows = [
        [name, f"{one.count:,}", amount(language, one.amount_remaining, currency, named=False)]
        for name, one in zip(names, figures.ages, strict=True)
    ]
    every = figures.open_bills
    total = [words("total"), f"{every.count:,}", amount(language, every.amount_remaining, currency, named=False)]
    return table(words("ages"), columns, rows, [total])


def _beside(figures: FiguresBody, currency: str, words: Words) -> Html | None:
    def written(minor: int) -> Html:
        return amount(words.language, minor, currency)

    undated = figures.without_due_date
    said = {
        words("without_due_date"): join(written(undated.amount_remaining), ", ", words("by_bill_date"))
        if undated.count
        else None,
        words("balance_owed"): written(figures.balance_owed) if figures.balance_owed else None,
        words("credit"): state("credit", written(figures.credit)) if figures.credit else None,
        words("held"): written(figures.held) if figures.held else None,
    }
    there = {name: text for name, text in said.items() if text}
    if figures.balance_owed or figures.credit or figures.held:
        there[words("net")] = written(figures.net_amount)
    return join(element("h2", words("beside")), terms(there)) if there else None


def _listed(ageing: Ageing, listed: AgeingBody, words: Words) -> list[Html | None]:
    by = ageing.query.by
    currency = listed.data[0].currency if listed.data else ""
    made = _customers if by == "customer" else _bills
    further = None
    if listed.next_cursor:
        href = _href(ageing, by, currency, listed.next_cursor)
        further = element("p", element("a", words("next"), href=href, rel="next"), class_="on-screen")
    return [made(listed.data, currency, words), further]


def _customers(rows: Sequence[AgedBody], currency: str, words: Words) -> Html:
    language = words.language
    columns = [
        Column(words("customer")),
        Column(words("oldest"), is_second=True),
        Column(words("state"), is_second=True),
        Column(words("owed", currency=currency), is_number=True),
    ]
    made: list[list[Html | str | None]] = []
    for row in rows:
        figures = row.figures
        assert figures
        overdue, owed = figures.overdue.amount_remaining, figures.open_bills.amount_remaining + figures.balance_owed
        balance = language.amount(figures.balance_owed, currency)
        states = [
            state("overdue", words("overdue", amount=language.amount(overdue, currency))) if overdue else None,
            state("credit", words("in_credit", amount=language.amount(figures.credit, currency)))
            if figures.credit
            else None,
            element("span", words("on_balances", amount=balance), class_="hint") if figures.balance_owed else None,
        ]
        made.append(
            [
                _who(row),
                day(language, row.oldest_due_date, is_short=True) if row.oldest_due_date else None,
                join(*(join(one, " ") for one in states if one)),
                amount(language, owed, currency, named=False),
            ]
        )
    return table(words("customers"), columns, made, empty=words("nothing"))


def _bills(rows: Sequence[AgedBody], currency: str, words: Words) -> Html:
    language = words.language
    columns = [
        Column(words("bill")),
        Column(words("customer"), is_second=True),
        Column(words("due"), is_second=True),
        Column(words("state"), is_second=True),
        Column(words("owed", currency=currency), is_number=True),
    ]
    made: list[list[Html | str | None]] = []
    for row in rows:
        assert row.bill_date
        assert row.days is not None
        assert row.amount_remaining is not None
        due = day(language, row.due_date or row.bill_date, is_short=True)
        late = words("overdue_day") if row.days == 1 else words("overdue_days", days=row.days)
        made.append(
            [
                person(row.bill_reference or ""),
                _who(row),
                due if row.due_date else join(due, ", ", words("by_bill_date")),
                state("overdue", late) if row.days > 0 else None,
                amount(language, row.amount_remaining, currency, named=False),
            ]
        )
    return table(words("bills"), columns, made, empty=words("nothing"))


def _who(row: AgedBody) -> Html:
    reference = row.customer_reference or ""
    if not row.customer_name:
        return person(reference)
    return join(person(row.customer_name), " ", element("bdi", reference, class_="hint"))


def _bucket(code: str, words: Words) -> str:
    if code == "not_due":
        return words("not_due")
    first, _, last = code.rstrip("+").partition("-")
    return words("days", first=first, last=last) if last else words("more_days", days=int(first) - 1)


def _href(ageing: Ageing, by: str, currency: str, cursor: str | None = None) -> str:
    query = ageing.query
    asked = {
        "by": by,
        "currency": currency,
        "as_of": query.as_of,
        "buckets": query.buckets,
        "order": query.order if query.by == by else None,
        "lang": query.lang,
        "limit": query.limit if cursor else None,
        "cursor": cursor,
    }
    return "?" + urlencode({name: value for name, value in asked.items() if value})
