"""The forms of the customer's page: what was chosen, whether it may be paid, and why not in words."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from dues.commands.job import Job
from dues.domain.allocation import Money, fill
from dues.domain.checkouts import CheckoutPart, Choice, choose_amount, choose_bills
from dues.domain.refusals import Refusal
from dues.http.context import Context
from dues.pages.pay import Visit, read_amount
from dues.pages.pay.owing import Faults
from dues.resources.checkouts.begin import Begun, as_payment
from dues.resources.checkouts.bring import request_of
from dues.resources.payment_links.owing import Owing, Shown
from dues.resources.payments.preview import PREVIEW_PAYMENTS

Form = Mapping[str, Sequence[str]]

PRESS: Final = re.compile(r"[0-9A-Za-z]{22}")

_PART: Final = re.compile(r"(bill_[0-9A-Za-z]{21}):([1-9][0-9]{0,15})")

_WHY: Final = {
    "payment_below_minimum": "why_below",
    "payment_above_maximum": "why_above",
    "underpayment_not_allowed": "why_part",
    "overpayment_not_allowed": "why_more",
    "bill_voided": "why_changed",
}


def said(form: Form, name: str) -> str:
    """The one value of a field; empty where it was not sent."""
    return (form.get(name) or [""])[0]


def chosen(form: Form, visit: Visit, shown: Shown) -> Choice | Faults:
    """What a form chooses of what is shown now, or what is wrong with it."""
    words, currency = visit.words, said(form, "currency")
    owing = next((one for one in shown.owing if one.currency == currency and (one.fixed or one.total)), None)
    name, link = f"amount-{currency}", shown.opened.link
    typed, ticked = said(form, name).strip(), list(form.get("bill", ()))
    if owing is None:
        return Faults(currency, {"changed": words("why_changed")})
    if link.amount is not None and link.currency == currency:
        return choose_amount(link.amount, owing.bills, currency)
    if typed:
        amount = read_amount(typed, currency, visit.language)
        if not amount:
            example = visit.language.amount(owing.total, currency)
            return Faults(currency, {name: words("why_unreadable", example=example)}, typed, ticked)
        return choose_amount(amount, owing.bills, currency)
    bills = [bill for bill in owing.bills if bill.of.id in ticked]
    if len(bills) + ("balance" in ticked) < len(set(ticked)):
        return Faults(currency, {"changed": words("why_changed")})
    balance = max(0, owing.balance) if "balance" in ticked else 0
    if not bills and not balance:
        return Faults(currency, {name: words("why_nothing")}, typed, ticked)
    return choose_bills(bills, balance, currency)


def confirmed(form: Form, shown: Shown) -> Choice | None:
    """The choice that was shown before it was sent; None where what is shown now has no room for it."""
    currency, amount = said(form, "currency"), said(form, "amount")
    owing = next((one for one in shown.owing if one.currency == currency), None)
    parts = [_PART.fullmatch(part) for part in form.get("part", ())]
    if owing is None or not re.fullmatch("[1-9][0-9]{0,15}", amount) or None in parts:
        return None
    open_now = {bill.of.id: bill.of.amount_remaining for bill in owing.bills}
    named = [(match[1], int(match[2])) for match in parts if match]
    if len(dict(named)) < len(named) or any(part > open_now.get(bill, 0) for bill, part in named):
        return None
    fixed = shown.opened.link.amount if shown.opened.link.currency == currency else None
    if fixed not in (None, int(amount)) or sum(part for _, part in named) > int(amount):
        return None
    return Choice(int(amount), currency, [CheckoutPart(bill, part, open_now[bill]) for bill, part in named])


async def refused(context: Context, visit: Visit, shown: Shown, choice: Choice, press: str) -> Refusal | str | None:
    """Why a payment of it would not be taken: the refusal, or a key of the words; None: it would be."""
    link = shown.opened.link
    owing = next(one for one in shown.owing if one.currency == choice.currency)
    rest = choice.amount - sum(part.amount for part in choice.parts)
    if rest and not link.request_id and (link.target == "bills" or owing.owner is None):
        # Nothing that the page shows takes it: too much, or a bill that is only paid as a whole.
        if choice.amount > owing.total:
            return "why_more"
        _, _, passed = fill(owing.bills, Money(choice.amount, choice.currency, choice.amount))
        return passed or "why_part"
    begun = Begun(link, choice, "page", press)
    job = Job(PREVIEW_PAYMENTS, as_payment(request_of(shown.opened.payee, begun)))
    outcome, _ = await context.reads.submit(job)
    return outcome if isinstance(outcome, Refusal) else None


def why(visit: Visit, refusal: Refusal | str, owing: Owing) -> str:
    """A refusal as a sentence to somebody who owes."""
    if isinstance(refusal, str):
        return visit.words(refusal)
    rules = refusal.payment_rules
    least, most = (rules.min_amount, rules.max_amount) if rules else (owing.payable.smallest, owing.payable.largest)
    return visit.words(
        _WHY.get(refusal.code, "why_not"),
        least=visit.money(least, owing.currency),
        most=visit.money(most, owing.currency),
        merchant=visit.payee.name if visit.payee else "",
    )


TAGS_MAX: Final = 10

_TAG: Final = re.compile(r"utm_[a-z0-9_]{1,36}|affiliate|agent|product_code")


def tags_of(query_string: bytes) -> dict[str, str]:
    """What an address says of where it was found, as Moment's pages take it: at most ten, names of up to 40 characters,
    values cut to 500; what is anything else is passed over."""
    found = parse_qs(query_string[:8_000].decode("latin-1"), errors="replace")
    said = {
        name: "".join(letter for letter in values[0] if letter.isprintable())[:500]
        for name, values in found.items()
        if _TAG.fullmatch(name)
    }
    return {name: value for name, value in list(said.items())[:TAGS_MAX] if value}
