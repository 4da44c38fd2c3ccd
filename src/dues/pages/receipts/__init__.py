"""A receipt as a page: how much came at its top, and what it paid below."""

from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Column, Surroundings, headline, page, person, state, table, terms
from dues.pages.receipts.told import tell
from dues.pages.words import Language
from dues.resources.receipts.wire import ReceiptBody


def receipt_page(body: ReceiptBody, language: Language) -> bytes:
    """The whole page, in that language."""
    told = tell(body, language)
    facts = {
        label: join(*(join(" · " if number else None, person(name)) for number, name in enumerate(names)))
        for label, names in told.facts
    }
    rows: list[list[Html | str | None]] = [[person(what), _amount(amount)] for what, amount in told.lines]
    columns = [Column(told.heads[0]), Column(told.heads[1], is_number=True)]
    total: list[Html | str | None] = [told.total[0], _amount(told.total[1])]
    return page(
        told.title,
        Surroundings(language, told.merchant, None, told.test or None),
        headline(
            told.question,
            join(element("abbr", told.currency), Html("\N{NO-BREAK SPACE}"), _amount(told.amount)),
            element("p", state("overdue", told.taken_back)) if told.taken_back else None,
            element("p", told.title),
        ),
        *(element("p", note) for note in told.notes),
        terms(facts),
        table(told.caption, columns, rows, [total] if len(rows) > 1 else []) if rows else None,
    )


def _amount(text: str) -> Html:
    return element("bdi", element("span", text, class_="amount"), dir="ltr")
