"""What is done from the desk: an action on one thing, and a payment that is looked at before it is recorded."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dues.domain.currencies import EXPONENTS
from dues.domain.days import beginning_of
from dues.domain.ids import random_secret
from dues.domain.people import least_role
from dues.http.desk.acting import Action
from dues.http.desk.calls import Answer, segment
from dues.http.desk.doors import html, see_other
from dues.http.desk.visit import Page, Visit, names_of
from dues.http.pay_forms import said
from dues.http.problems import Reply
from dues.pages.desk import ENGLISH, Thing
from dues.pages.desk.forms import form_page, payment_form, payment_preview
from dues.pages.desk.overview import forbidden_page
from dues.pages.pay import read_amount

PRESS_LENGTH: Final = 22


def acting(action: Action) -> Page:
    """The page of an action: its form, then what it does."""

    async def page(visit: Visit) -> Reply:
        path = f"/billing/{action.noun}s/{segment(visit.name(action.noun))}"
        thing = await visit.calls.get(path)
        if not visit.may(action.scope):
            return html(forbidden_page(visit.seat, least_role(action.scope)), 403)
        if refused := visit.refused(thing, f"{action.noun}s:read"):
            return refused
        typed: Mapping[str, str] = action.before(thing.of)
        now: dict[str, str] = {}
        faults: dict[str, str] = {}
        press = random_secret(PRESS_LENGTH)
        back = f"{visit.seat.root}{action.noun}s/{thing.of['id']}"
        if visit.exchange.method == "POST":
            form = visit.exchange.form_body()
            typed = {one.name: said(form, one.name) for one in action.fields}
            press = said(form, "press")[:PRESS_LENGTH] or press
            amounts = _amounts(typed, action, thing.of, faults)
            if not faults:
                tag, method = (said(form, "tag"), "PATCH") if action.changes else (None, "POST")
                body, key = action.body(typed, amounts), f"desk-{press}"
                done = await visit.calls.write(path + action.below, body, key, tag, method=method)
                if done.code is None:
                    return see_other(back)
                faults = beside(done, {one.name for one in action.fields})
                if done.code == "etag_mismatch":
                    now = action.before(thing.of)
                    faults = {action.fields[0].name: "Somebody changed it meanwhile. Look at both, and save again."}
                press = random_secret(PRESS_LENGTH)
        fields = [one.shown(typed, faults, now.get(one.name)) for one in action.fields]
        sent = {"press": press} | ({"tag": thing.tag or ""} if action.changes else {})
        shown = form_page(visit.seat, action.title, action.question, fields, sent, action.says, faults, back)
        return html(shown, 422 if faults else 200)

    return page


async def pay(visit: Visit) -> Reply:
    """A payment of a customer, or for one bill: asked, looked at, recorded."""
    is_bill = "bill" in visit.exchange.path_parameters
    if not visit.may("payments:create"):
        return html(forbidden_page(visit.seat, least_role("payments:create")), 403)
    noun = "bill" if is_bill else "customer"
    path = f"/billing/{noun}s/{segment(visit.name(noun))}"
    thing, payable = await asyncio.gather(visit.calls.get(path), visit.calls.get(f"{path}/payable"))
    if refused := visit.refused(thing, "bills:read" if is_bill else "customers:read"):
        return refused
    whose = await visit.calls.get(f"/billing/customers/{thing.of['customer_id']}") if is_bill else thing
    bill = thing.of if is_bill else None
    if visit.exchange.method == "GET":
        known = {"currency": thing.of.get("currency") or _open_currency(payable)}
        return html(payment_form(visit.seat, whose.of, bill, known, {}, random_secret(PRESS_LENGTH)))
    form = visit.exchange.form_body()
    names = ("amount", "currency", "external_reference", "method", "paid_on", "press")
    typed = {name: said(form, name) for name in names}
    body, faults = _payment(typed, visit, whose.of, bill)
    tag = said(form, "tag") or None
    if not faults and said(form, "step") == "record":
        done = await visit.calls.write("/billing/payments", body, f"desk-{typed['press'][:PRESS_LENGTH]}", tag)
        if done.code is None:
            return see_other(f"{visit.seat.root}payments/{done.of['id']}")
        if done.code != "etag_mismatch":
            faults = beside(done, {"amount", "currency", "external_reference", "method", "paid_at"})
            typed["press"] = random_secret(PRESS_LENGTH)
    if not faults:
        key = random_secret(PRESS_LENGTH)
        looked = await visit.calls.write("/billing/payments", body, key, None, "?preview=true")
        if looked.code is None:
            sent = typed | {"tag": payable.tag or ""}
            if tag and tag != payable.tag:
                sent["press"] = random_secret(PRESS_LENGTH)
            owners = await names_of(visit, looked.of["applications"])
            changed = bool(tag) and tag != payable.tag
            shown = payment_preview(visit.seat, whose.of, looked.of, owners, sent, changed)
            return html(shown, 409 if changed else 200)
        faults = beside(looked, {"amount", "currency", "external_reference", "method", "paid_at"})
    return html(payment_form(visit.seat, whose.of, bill, typed, faults, typed["press"]), 422)


def _open_currency(payable: Answer) -> str:
    """That of open bills, of a customer who has none."""
    of = payable.of if payable.code is None else {}
    return str(of.get("currency") or of.get("open_bills", {}).get("currency") or "")


def _amounts(typed: Mapping[str, str], action: Action, thing: Thing, faults: dict[str, str]) -> dict[str, int]:
    """The amounts of a form in minor units; what cannot be read is among the faults."""
    amounts = {}
    for one in action.fields:
        if one.is_amount and (read := _amount(typed[one.name], thing.get("currency") or "")) is not None:
            amounts[one.name] = read
        elif one.is_amount:
            faults[one.name] = "Write the amount with a point: 1200.00."
    return amounts


def _amount(text: str, currency: str) -> int | None:
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    read = read_amount(plain.lstrip("-"), currency, ENGLISH)
    return None if read is None else -read if plain.startswith("-") else read


def _payment(
    typed: Mapping[str, str], visit: Visit, whose: Thing, bill: Thing | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What is sent for a payment, and what cannot be."""
    currency, faults = typed["currency"].strip().upper(), dict[str, str]()
    if currency not in EXPONENTS:
        faults["currency"] = "Write a currency in three letters, such as ZAR."
    amount = _amount(typed["amount"], currency)
    if not amount or amount < 0:
        faults["amount"] = "Write the amount with a point: 1200.00."
    body: dict[str, Any] = {
        "external_reference": typed["external_reference"].strip() or f"desk-{typed['press'][:PRESS_LENGTH]}",
        "amount": amount,
        "currency": currency,
        "method": typed["method"] or None,
        **({"bill": bill["id"]} if bill else {"customer": whose["id"], "allocation": "oldest_due_first"}),
        **({} if bill else {"rest": "hold"}),
    }
    if typed["paid_on"]:
        try:
            day = datetime.fromisoformat(typed["paid_on"]).date()
            body["paid_at"] = beginning_of(day, visit.session.time_zone).isoformat()
        except (ValueError, OverflowError):
            faults["paid_at"] = "Write the day as 2026-01-31."
    return body, faults


def beside(answer: Answer, fields: set[str]) -> dict[str, str]:
    """What the API refused, beside the fields that it is about; what is about none stands at the first."""
    faults = {pointer.strip("/").partition("/")[0]: text for pointer, text in answer.faults.items()}
    known = {name: text[:1].upper() + text[1:] for name, text in faults.items() if name in fields}
    return known or {"amount" if "amount" in fields else next(iter(sorted(fields)), "form"): answer.detail}
