"""A statement in words: what a page and a document of paper both say, in one language, amounts as people write them."""

from datetime import date
from typing import Final

from msgspec import Struct

from dues.pages.look.code import address_code
from dues.pages.paper import TooLongError
from dues.pages.words import Words
from dues.resources.statements.wire import (
    AgeBody,
    InCurrencyBody,
    MovementBody,
    OpenBillBody,
    StatementBody,
)

LINES_MAX: Final = 2_000
"""Movements that are shown to people: forty pages of paper, and more than anybody reads."""


class Figure(Struct, frozen=True):
    """An amount, and what it is."""

    label: str
    amount: str


class Line(Struct, frozen=True, kw_only=True):
    """A movement: when, what, of what (references, and how it was paid), why."""

    day: str
    on: date
    what: str
    names: list[str]
    note: str
    amount: str
    balance: str


class OpenBill(Struct, frozen=True, kw_only=True):
    """A bill that is open, and since when it should not be."""

    name: str
    due: str
    on: date
    overdue: str
    amount: str


class InCurrency(Struct, frozen=True, kw_only=True):
    """All of one currency. Empty lists are left out of what is shown."""

    currency: str
    heading: str
    question: str
    answer: str
    credit: str
    summary: list[Figure]
    opening: Figure
    lines: list[Line]
    closing: Figure
    made_of: list[Figure]
    ages: list[tuple[str, str, str]]
    open_bills: list[OpenBill]
    further: str
    held: list[Line]
    held_total: str
    """What is held, where nothing of that moved."""


class Told(Struct, frozen=True, kw_only=True):
    """The whole of it. `says` is the headings of tables and columns, by name."""

    title: str
    merchant: str
    test: str
    language: str
    direction: str
    day: date
    period: str
    facts: list[tuple[str, list[str]]]
    payment: tuple[str, str]
    to_pay: list[tuple[str, str]]
    """What is owed, by currency, where anything is."""
    pay_at: tuple[str, str, str] | None
    """Where it can be paid: what is said of that, the address, and a drawing of it."""
    currencies: list[InCurrency]
    says: dict[str, str]


_SAID: Final = (
    *("date", "what", "movements", "no_movements", "made_of", "held", "held_hint", "ages", "age", "count"),
    *("open_bills", "bill", "due", "state", "how_to_pay", "summary", "page"),
)

_SAID_IN_CURRENCY: Final = ("amount", "balance", "held_after", "remaining")


def tell(body: StatementBody, words: Words) -> Told:
    """It in words. Raises TooLongError."""
    number = sum(len(one.movements) + len(one.held_movements) for one in body.currencies)
    if number > LINES_MAX:
        shown = f"It has {number:,} movements, and no more than {LINES_MAX:,} are shown so."
        raise TooLongError(f"{shown} Ask for fewer days, or for text/csv.")
    language = words.language
    owners = [("for_customer", body.customer), *([("for_account", body.account)] if body.account else [])]
    days = {"first": language.day(body.from_), "last": language.day(body.to)}
    several = len(body.currencies) > 1
    return Told(
        title=words("statement"),
        merchant=body.merchant,
        test=words("test") if body.mode == "test" else "",
        language=language.code,
        direction=language.direction,
        day=body.to,
        period=words("period", **days),
        facts=[(words(key), [one for one in (of.name, of.external_reference) if one]) for key, of in owners],
        payment=(words("say_reference"), body.payment_reference),
        to_pay=[
            (one.currency, language.amount(one.closing.total, one.currency))
            for one in body.currencies
            if one.closing.total > 0
        ],
        pay_at=(words("pay_here"), body.payment_url, address_code(body.payment_url)) if body.payment_url else None,
        currencies=[_in_currency(one, body, words, several) for one in body.currencies],
        says={
            **{key: words(key) for key in _SAID if key != "page"},
            "page": words("page", number="\x00", count="\x01"),
            "nothing_owed": words("nothing_owed"),
            "to_pay": words("to_pay"),
        },
    )


def _in_currency(one: InCurrencyBody, body: StatementBody, words: Words, several: bool) -> InCurrency:
    language, total = words.language, one.closing.total

    def amount(minor: int) -> str:
        return language.amount(minor, one.currency)

    opening = Figure(words("opening", day=language.day(body.from_)), amount(one.opening.total))
    closing = Figure(words("closing", day=language.day(body.to)), amount(total))
    moved = [Figure(words("charged"), amount(one.charged)), Figure(words("credited"), amount(-one.credited))]
    figures = {
        "balances_owed": one.closing.balances_owed,
        "balances_in_credit": -one.closing.balances_in_credit,
        "open_bills": one.closing.open_bills,
        "overpaid_bills": -one.closing.overpaid_bills,
    }
    made_of = [Figure(words(key), amount(minor)) for key, minor in figures.items() if minor]
    shown = len(one.open_bills)
    further = shown < one.open_bills_count
    return InCurrency(
        currency=one.currency,
        heading=words("currency", currency=one.currency) if several else "",
        question=words("balance_on" if total < 0 else "owed_on", day=language.day(body.to)),
        answer=amount(abs(total)),
        credit=words("in_credit") if total < 0 else "",
        summary=[opening, *moved, closing],
        opening=opening,
        lines=[_line(movement, words, one.currency) for movement in one.movements],
        closing=closing,
        made_of=made_of if len(made_of) > 1 else [],
        ages=[_age(age, words, one.currency) for age in one.ages] if one.open_bills_count else [],
        open_bills=[_open_bill(bill, words, one.currency) for bill in one.open_bills],
        further=words("first_of", shown=shown, count=one.open_bills_count) if further else "",
        held=[_line(movement, words, one.currency) for movement in one.held_movements],
        held_total=amount(one.closing.held) if one.closing.held and not one.held_movements else "",
    )


def _line(movement: MovementBody, words: Words, currency: str) -> Line:
    language = words.language
    of = movement.bill or movement.account or movement.customer
    reason = movement.reason
    if movement.cause == "payment_reversed" and reason in ("bounced", "duplicate", "fraud", "other"):
        reason = words(f"reason_{reason}")
    due = f"{words('due')} {language.short_day(movement.due_date)}" if movement.due_date else None
    note = " · ".join(part for part in (due, reason) if part)
    return Line(
        day=language.short_day(movement.date),
        on=movement.date,
        what=words(f"cause_{movement.cause}"),
        names=list(dict.fromkeys(name for name in (of, movement.payment, movement.method) if name)),
        note=note,
        amount=language.amount(movement.amount, currency),
        balance=language.amount(movement.balance, currency),
    )


def _age(age: AgeBody, words: Words, currency: str) -> tuple[str, str, str]:
    if age.from_days is None:
        label = words("not_overdue")
    elif age.to_days is None:
        label = words("over_days", low=age.from_days - 1)
    else:
        label = words("days", low=age.from_days, high=age.to_days)
    return label, str(age.count), words.language.amount(age.amount, currency)


def _open_bill(bill: OpenBillBody, words: Words, currency: str) -> OpenBill:
    due = bill.due_date or bill.bill_date
    return OpenBill(
        name=bill.external_reference,
        due=words.language.short_day(due),
        on=due,
        overdue=words("overdue") if bill.days_overdue else "",
        amount=words.language.amount(bill.amount_remaining, currency),
    )


def headings(words: Words, currency: str) -> dict[str, str]:
    """Of columns of amounts in one currency."""
    return {key: words(key, currency=currency) for key in _SAID_IN_CURRENCY}
