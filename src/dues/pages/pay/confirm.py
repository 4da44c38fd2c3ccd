"""What was chosen, once more in figures, and the ways to pay it."""

from collections.abc import Mapping, Sequence

from dues.domain.bills import Bill
from dues.domain.checkouts import Choice
from dues.domain.records import Record
from dues.pages.frame.markup import Html, element
from dues.pages.look import Column, amount, button, headline, person, table
from dues.pages.pay import Visit, hidden, show


def confirm_page(
    visit: Visit, choice: Choice, bills: Sequence[Record[Bill]], ways: Mapping[str, str], press: str
) -> bytes:
    """The page. `bills` are those that are chosen, `ways` are names of adapters with their labels, `press` is the
    reference of the form."""
    words = visit.words
    return show(
        words("you_pay"),
        visit,
        headline(words("you_pay"), amount(visit.language, choice.amount, choice.currency)),
        what_it_pays(visit, choice, bills),
        _ways(visit, choice, ways, press),
        element("p", element("a", words("back"), href=visit.way())),
    )


def what_it_pays(visit: Visit, choice: Choice, bills: Sequence[Record[Bill]]) -> Html:
    """A table of it, with the balance last."""
    words, names = visit.words, {bill.of.id: bill.of.external_reference for bill in bills}
    rows: list[list[Html | str | None]] = [
        [person(names.get(part.bill, part.bill)), amount(visit.language, part.amount, choice.currency, named=False)]
        for part in choice.parts
    ]
    if rest := choice.amount - sum(part.amount for part in choice.parts):
        rows.append([words("balance"), amount(visit.language, rest, choice.currency, named=False)])
    return table(words("what_it_pays"), [Column(words("for_what")), Column(choice.currency, is_number=True)], rows)


def _ways(visit: Visit, choice: Choice, ways: Mapping[str, str], press: str) -> Html:
    words, money = visit.words, visit.money(choice.amount, choice.currency)
    if not ways:
        return element("p", words("no_way", merchant=visit.payee.name if visit.payee else ""))
    chosen = [element("input", type="hidden", name="part", value=f"{part.bill}:{part.amount}") for part in choice.parts]
    fields = {"step": "pay", "currency": choice.currency, "amount": str(choice.amount), "press": press}
    labels = {way: label.replace("{amount}", money) or words(f"by_{way}", amount=money) for way, label in ways.items()}
    buttons = [element("p", button(label, "by", way)) for way, label in labels.items()]
    return element("form", element("h2", words("how")), *chosen, *hidden(fields), *buttons, method="post")
