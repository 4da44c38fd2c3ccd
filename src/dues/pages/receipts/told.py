"""A receipt in words: what a page and a document of paper both say, in one language, amounts as people write them."""

from datetime import date
from typing import Final

from msgspec import Struct

from dues.pages.words import Language, Words
from dues.resources.receipts.wire import ReceiptBody

_PACKAGES: Final = ("dues.pages.receipts", "dues.pages.pay", "dues.pages.statements")


class Told(Struct, frozen=True, kw_only=True):
    """The whole of it. Empty texts and lists are left out of what is shown."""

    title: str
    merchant: str
    test: str
    language: str
    direction: str
    day: date
    question: str
    currency: str
    amount: str
    taken_back: str
    notes: list[str]
    facts: list[tuple[str, list[str]]]
    caption: str
    heads: tuple[str, str]
    lines: list[tuple[str, str]]
    total: tuple[str, str]
    page: str


def tell(body: ReceiptBody, language: Language) -> Told:
    """It in words."""
    words = Words(language, *_PACKAGES)

    def amount(minor: int) -> str:
        return language.amount(minor, body.currency)

    def money(minor: int) -> str:
        text = f"{body.currency}\N{NO-BREAK SPACE}{amount(minor)}"
        if language.direction == "ltr":
            return text
        return f"\N{LEFT-TO-RIGHT ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"

    owners = [("for_customer", body.customer), *([("for_account", body.account)] if body.account else [])]
    facts = [(words(key), [one for one in (of.name, of.external_reference) if one]) for key, of in owners]
    facts.append((words("paid_on"), [language.day(body.paid_on)]))
    facts.append((words("payment_number"), [body.payment]))
    facts.append((words("their_number"), [body.external_reference, *([body.method] if body.method else [])]))
    notes = [words("kept", amount=money(body.held))] if body.held else []
    if body.refunded:
        notes.append(words("refunded", amount=money(body.refunded)))
    return Told(
        title=words("receipt"),
        merchant=body.merchant,
        test=words("test") if body.mode == "test" else "",
        language=language.code,
        direction=language.direction,
        day=body.paid_on,
        question=words("paid"),
        currency=body.currency,
        amount=amount(body.amount),
        taken_back=words("taken_back") if body.reversed_at else "",
        notes=notes,
        facts=facts,
        caption=words("what_it_paid"),
        heads=(words("for_what"), words("amount_in", currency=body.currency)),
        lines=[(line.bill or words("balance"), amount(line.amount)) for line in body.lines],
        total=(words("total"), amount(sum(line.amount for line in body.lines))),
        page=words("page", number="\x00", count="\x01"),
    )
