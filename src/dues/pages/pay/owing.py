"""What is owed, oldest first, and the choice of what to pay of it."""

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct

from dues.domain.bills import Bill
from dues.domain.checkouts import Checkout
from dues.domain.records import Record
from dues.pages.frame.markup import Html, element, join
from dues.pages.look import amount, button, choice, field, headline, person, state, terms, wrongs
from dues.pages.pay import Visit, hidden, show
from dues.resources.payables.read import masked
from dues.resources.payment_links.owing import Owing, Shown


class Faults(Struct, frozen=True):
    """What was wrong with a form: field to sentence; in which currency's form; and what was typed and ticked there."""

    currency: str
    of: Mapping[str, str]
    typed: str = ""
    ticked: Sequence[str] = ()


NO_FAULTS = Faults("", {})


def owing_page(
    visit: Visit, shown: Shown, checkouts: Sequence[Checkout], faults: Faults = NO_FAULTS, what_for: str | None = None
) -> bytes:
    """The page. `checkouts` are those that were begun by the link, the last first; `what_for` says what is asked."""
    words, link = visit.words, shown.opened.link
    today = shown.opened.payee.today
    is_over = link.is_over(shown.opened.payee.now())
    owing = [one for one in shown.owing if one.fixed or one.total]
    if link.request_id:
        owing = [] if is_over else [one for one in owing if one.fixed]
    title = words("what_you_owe")
    return show(
        title,
        visit,
        wrongs(words("wrong"), faults.of),
        *[_headline(visit, one, today) for one in owing[:1]],
        None if owing else headline(words("you_owe"), words("nothing"), element("p", words("nothing_to_pay"))),
        element("p", person(what_for)) if what_for else None,
        terms(_whose(visit, shown)),
        *[
            element("p", words("in_credit", amount=visit.money(-one.balance, one.currency)), class_="state credit")
            for one in shown.owing
            if one.balance < 0
        ],
        element("p", words("used")) if is_over else None,
        *_begun(visit, checkouts),
        *[
            part
            for number, one in enumerate(owing)
            for part in (
                element("h2", amount(visit.language, one.total, one.currency)) if number else None,
                _list(visit, one, today) if is_over else _form(visit, one, faults, today),
            )
        ],
        None if shown.is_whole else element("p", words("many"), class_="quiet-text"),
    )


def _whose(visit: Visit, shown: Shown) -> dict[str, Html]:
    pairs = {}
    if shown.customer_name:
        is_whole = shown.opened.link.show == "names"
        pairs[visit.words("name")] = person(shown.customer_name if is_whole else masked(shown.customer_name))
    if shown.account_name:
        pairs[visit.words("account")] = person(shown.account_name)
    return pairs


def _headline(visit: Visit, one: Owing, today: date) -> Html:
    words, dates = visit.words, [bill.of.due_date for bill in one.bills if bill.of.due_date]
    late = sum(bill.of.amount_remaining for bill in one.bills if _is_late(bill, today))
    when: Html | None
    if late:
        when = element("p", words("overdue_part", amount=visit.money(late, one.currency)), class_="state overdue")
    else:
        when = element("p", words("by_day", day=visit.language.day(min(dates), weekday=True))) if dates else None
    return headline(words("you_owe"), amount(visit.language, one.fixed or one.total, one.currency), when)


def _is_late(bill: Record[Bill], today: date) -> bool:
    return bill.of.due_date is not None and bill.of.due_date < today


def _begun(visit: Visit, checkouts: Sequence[Checkout]) -> list[Html]:
    """What another tab has begun, or this one has: the last of them."""
    for one in checkouts:
        if one.state in ("open", "paid"):
            key, link = ("begun", "see_it") if one.state == "open" else ("last_paid", "see_receipt")
            said = visit.words(key, amount=visit.money(one.amount, one.currency))
            return [element("p", said, Html(" "), element("a", visit.words(link), href=visit.way(one.id)))]
    return []


def _line(visit: Visit, one: Owing, bill: Record[Bill], today: date) -> Html:
    words = visit.words
    late = state("overdue", words("overdue")) if _is_late(bill, today) else None
    due = (
        element("span", words("due", day=visit.language.short_day(bill.of.due_date)), class_="note")
        if (bill.of.due_date)
        else None
    )
    what = element("span", person(bill.of.external_reference), Html(" ") if late else None, late, due)
    return join(what, amount(visit.language, bill.of.amount_remaining, one.currency))


def _balance_line(visit: Visit, one: Owing) -> Html:
    return join(element("span", visit.words("balance")), amount(visit.language, one.balance, one.currency))


def _list(visit: Visit, one: Owing, today: date) -> Html:
    lines = [_line(visit, one, bill, today) for bill in one.bills]
    if one.balance > 0:
        lines.append(_balance_line(visit, one))
    return element("ul", *(element("li", line) for line in lines), class_="lines")


def _form(visit: Visit, one: Owing, faults: Faults, today: date) -> Html:
    words, link = visit.words, visit.link
    if link is not None and link.amount is not None and link.currency == one.currency:
        return join(
            _list(visit, one, today),
            element(
                "form",
                element("p", words("fixed", amount=visit.money(link.amount, one.currency))),
                *hidden({"step": "choose", "currency": one.currency}),
                button(words("continue")),
                method="post",
            ),
        )
    is_mine = faults.currency == one.currency
    late = [bill.of.id for bill in one.bills if _is_late(bill, today)]
    everything = [*(bill.of.id for bill in one.bills), "balance"]
    ticked = faults.ticked if is_mine else late or everything
    choices = [
        choice(_line(visit, one, bill, today), "bill", bill.of.id, "checkbox", checked=bill.of.id in ticked)
        for bill in one.bills
    ]
    if one.balance > 0:
        choices.append(choice(_balance_line(visit, one), "bill", "balance", "checkbox", checked="balance" in ticked))
    can, name = one.payable, f"amount-{one.currency}"
    hint = words(
        "other_hint", least=visit.money(can.smallest, one.currency), most=visit.money(can.largest, one.currency)
    )
    return element(
        "form",
        element("fieldset", element("legend", words("choose")), *choices),
        field(
            words("other_amount"),
            name,
            faults.typed if is_mine else "",
            None if can.refusal else hint,
            faults.of.get(name) if is_mine else None,
            inputmode="decimal",
            autocomplete="off",
            maxlength="40",
        ),
        *hidden({"step": "choose", "currency": one.currency}),
        button(words("continue")),
        method="post",
    )
