"""What the contract says of payments: what is refused and why, what they are applied to, how they are taken back."""

from typing import Any, NamedTuple

from tests.journeys.model.books import MAX, OUT_OF_RANGE, Model, Refused, Thing, unsafe

Applied = list[tuple[Thing, int]]
"""To what, and how much, in order."""


class No(NamedTuple):
    """A refusal; `of` is that whose rules, and of which what is outstanding, are told with it."""

    refused: Refused
    of: Thing | None = None


TARGETS = {"bill": "bills", "account": "accounts", "customer": "customers"}


def refuse(one: Thing, amount: int, currency: str, at: str = "", whole: int | None = None) -> No | None:
    """Why so much of it may not be paid; `whole` is the payment that it is a part of, which the limits are for."""
    whole = amount if whole is None else whole

    def no(code: str, pointer: str | None = f"{at}/amount") -> No:
        return No((422, code, pointer), one)

    if one.fields.get("status") == "voided":
        return No((409, "bill_voided", None))
    left = one.outstanding
    if left is None:
        return no("payment_not_allowed", None)
    if currency != one.fields["currency"]:
        return no("currency_mismatch", "/currency")
    rules = one.rules_in(currency)
    if whole < rules["min_amount"] and amount != left:
        return no("payment_below_minimum", "/amount")
    if whole > rules["max_amount"]:
        return no("payment_above_maximum", "/amount")
    if amount < left and not rules["underpayment_allowed"]:
        return no("underpayment_not_allowed")
    if amount > left and not rules["overpayment_allowed"]:
        return no("overpayment_not_allowed")
    return no("amount_out_of_range") if amount > room(one) else None


def room(one: Thing) -> int:
    """The most that can still be recorded as paid."""
    if one.kind == "bills":
        return MAX - one.settled
    return min(MAX, MAX + int(one.fields["balance"] or 0))


def target_of(model: Model, body: dict[str, Any]) -> Thing | None:
    """What a payment is for."""
    kind = next(kind for kind in TARGETS if kind in body)
    return model.find(TARGETS[kind], body[kind])


def refuse_before_condition(model: Model, body: dict[str, Any]) -> No | None:
    """What is told whether or not an If-Match holds."""
    if unsafe(body["amount"]):
        return No((*OUT_OF_RANGE, "/amount"))
    taken = model.find("payments", body["external_reference"])
    if taken and not (taken.id == body.get("represents") and taken.fields["status"] == "reversed"):
        return No((409, "external_reference_taken", "/external_reference"))
    kind = next(kind for kind in TARGETS if kind in body)
    return None if target_of(model, body) else No((404, f"{kind}_not_found", f"/{kind}"))


def apply(model: Model, body: dict[str, Any]) -> Applied | No:
    """What a payment for something that exists goes to, or why it is not taken."""
    target, amount, currency = target_of(model, body), body["amount"], body["currency"]
    assert target
    if body.get("parts") is not None:
        applied = _by_parts(model, target, body)
    elif body.get("allocation") is not None:
        applied, _ = _fill(model, target, amount, currency)
    else:
        applied = []
    if isinstance(applied, No):
        return applied
    named = sum(part["amount"] for part in body.get("parts") or ())
    rest = amount - (named or sum(part for _, part in applied))
    if not rest:
        return applied
    no = refuse(target, rest, currency, whole=amount)
    if no and body.get("rest"):
        return applied + _taken(target, rest, body)
    if no and body.get("allocation") is not None:
        return _fill(model, target, amount, currency)[1] or no
    return no or [*applied, (target, rest)]


def _by_parts(model: Model, target: Thing, body: dict[str, Any]) -> Applied | No:
    applied: Applied = []
    named: list[str] = []
    for number, part in enumerate(body["parts"]):
        bill, at = model.find("bills", part["bill"]), f"/parts/{number}"
        if not bill:
            return No((404, "bill_not_found", f"{at}/bill"))
        if bill.fields.get(f"{target.kind[:-1]}_id") != target.id:
            return No((422, "owner_mismatch", f"{at}/bill"))
        if bill.id in named:
            return No((400, "validation_failed", f"{at}/bill"))
        named.append(bill.id)
        no = refuse(bill, part["amount"], body["currency"], at, body["amount"])
        if no and not body.get("rest"):
            return no
        applied += _taken(bill, part["amount"], body) if no else [(bill, part["amount"])]
    return applied


def _taken(one: Thing, amount: int, body: dict[str, Any]) -> Applied:
    """What something takes of money of which the rest is held."""
    most = min(amount, one.outstanding or 0)
    return [] if not most or refuse(one, most, body["currency"], whole=body["amount"]) else [(one, most)]


def _fill(model: Model, target: Thing, whole: int, currency: str) -> tuple[Applied, No | None]:
    """What each open bill takes, the oldest due first; and why the first that took nothing did not."""
    mine = [one for one in model.things["bills"].values() if one.fields.get(f"{target.kind[:-1]}_id") == target.id]
    due = sorted(mine, key=lambda one: (one.fields.get("due_date") or "~", one.fields["bill_date"], one.id))
    applied: Applied = []
    left, passed = whole, None
    for bill in due:
        if bill.fields["status"] == "unpaid" and bill.fields["currency"] == currency and left:
            most = min(left, bill.outstanding or 0)
            if no := refuse(bill, most, currency, whole=whole):
                passed = passed or no
            else:
                applied.append((bill, most))
                left -= most
    return applied, passed


def shown_applied(applied: Applied) -> list[dict[str, Any]]:
    """The JSON of that, but for its ids."""
    return [{"amount": amount, f"{one.kind[:-1]}_id": one.id} for one, amount in applied]


def previewed(body: dict[str, Any], applied: Applied) -> dict[str, Any]:
    """The answer to `?preview=true`."""
    shown = shown_applied(applied)
    for told, (one, amount) in zip(shown, applied, strict=True):
        left = one.outstanding or 0
        # More than is outstanding becomes a credit, or was overpaid: nothing is outstanding then.
        after = max(0, left - amount)
        told |= {"outstanding": left, "outstanding_after": after}
    told = {"preview": True, "amount": body["amount"], "currency": body["currency"], "applications": shown}
    held = body["amount"] - sum(amount for _, amount in applied)
    return told | ({"amount_unapplied": held} if held else {})


def record(model: Model, body: dict[str, Any], applied: Applied, **told: Any) -> Thing:
    """The payment, taken, with what only the server can know of it."""
    target = target_of(model, body)
    assert target
    for one, amount in applied:
        move(one, amount, "payment")
    told |= {name: body.get(name) for name in ("external_reference", "amount", "currency", "method")}
    owner = "customer_id" if target.kind != "customers" else "id"
    told |= {"metadata": dict(body.get("metadata") or {}), "customer_id": target.fields[owner], "status": "applied"}
    if target.kind == "bills":
        told |= {"bill_id": target.id, "account_id": target.fields.get("account_id")}
    if target.kind == "accounts":
        told["account_id"] = target.id
    told["amount_unapplied"] = body["amount"] - sum(amount for _, amount in applied) or None
    payment = Thing("payments", told)
    if represented := model.find("payments", body.get("represents") or ""):
        payment.fields["represents"] = represented.id
        represented.fields["represented_by"] = payment.id
    for one in (target, *(one for one, _ in applied)):
        lead_to(payment, one)
    model.things["payments"][payment.id] = payment
    return payment


def lead_to(payment: Thing, one: Thing) -> None:
    """It is listed under what it went to, and under whose that is."""
    owners = (one.fields.get(name) for name in ("account_id", "customer_id"))
    payment.led_to |= {one.id, *(owner for owner in owners if owner)}


def move(one: Thing, amount: int, kind: str) -> None:
    """So much more of it was paid; of a reversal, less."""
    if one.kind == "bills":
        one.settle(amount)
    else:
        one.fields["balance"] -= amount
        one.entries.append((kind, one.fields["currency"], -amount, one.fields["balance"]))


def reverse(model: Model, payment: Thing, _body: dict[str, Any]) -> Refused | None:
    """A POST to a payment's reverse."""
    if payment.fields["status"] == "reversed":
        return 409, "payment_reversed", None
    lost = []
    for told in payment.fields["applications"]:
        one = applied_to(model, told)
        if reason := not_restorable(one, told["amount"], payment):
            lost.append({name: told[name] for name in told if name != "id"} | {"reason": reason})
        else:
            move(one, -told["amount"], "reversal")
    if refunded := payment.fields.get("amount_refunded"):
        lost.append({"amount": refunded, "reason": "refunded"})
    payment.fields |= {"status": "reversed", "reversal": {"not_restored": lost} if lost else {}}
    payment.fields["amount_unapplied"] = None
    return None


def not_restorable(one: Thing, amount: int, payment: Thing) -> str | None:
    """Why money of a payment stays where it went: in a bill on which it stands, it never does."""
    if one.kind == "bills":
        return None
    if one.fields.get("balance") is None:
        return "balance_not_tracked"
    if one.fields["currency"] != payment.fields["currency"]:
        return "currency_mismatch"
    return "amount_out_of_range" if unsafe(one.fields["balance"] + amount) else None


def applied_to(model: Model, told: dict[str, Any]) -> Thing:
    return next(model.things[kind][told[f"{name}_id"]] for name, kind in TARGETS.items() if f"{name}_id" in told)


def open_bills(model: Model, one: Thing) -> list[dict[str, Any]]:
    """What the bills of an account or a customer come to, by currency, the own one first."""
    totals: dict[str, dict[str, Any]] = {}
    for bill in model.things["bills"].values():
        of = bill.fields
        if of["status"] != "unpaid" or of.get(f"{one.kind[:-1]}_id") != one.id:
            continue
        total = totals.setdefault(of["currency"], {"currency": of["currency"], "count": 0, "amount_remaining": 0})
        total["count"] += 1
        total["amount_remaining"] += bill.outstanding or 0
        if due := of.get("due_date"):
            total["oldest_due_date"] = min(due, total.get("oldest_due_date", due))
    own = one.fields.get("currency")
    return sorted(totals.values(), key=lambda total: (total["currency"] != own, total["currency"]))


def payable(model: Model, one: Thing) -> dict[str, Any] | None:
    """What GET …/payable shows, but for the sentence of the reason; None where its bills come to more than is safe."""
    totals = open_bills(model, one)
    if unsafe(*(total["amount_remaining"] for total in totals)):
        return None
    left, currency = one.outstanding, one.fields.get("currency")
    told = {name: one.fields[name] for name in ("id", "external_reference")}
    told |= {"open_bills": next(iter(totals), None), "open_bills_in_other_currencies": totals[1:] or None}
    told |= {"outstanding": left, "currency": currency, "name": _masked_name(model, one)}
    if possible := _possible(one):
        told |= {"min_amount": min(first for first, _ in possible), "max_amount": max(last for _, last in possible)}
    else:
        least = 0 if left is None else one.rules_in(str(currency))["min_amount"]
        no = refuse(one, left or max(1, least), str(currency))
        assert no
        told["reason"] = {"code": no.refused[1]}
    return {name: value for name, value in told.items() if value is not None} | {"payable": bool(possible)}


def _possible(one: Thing) -> list[tuple[int, int]]:
    """The ranges of what may be paid: exactly all, less than all, more than all."""
    left = one.outstanding
    if left is None or one.fields.get("status") == "voided":
        return []
    rules = one.rules_in(one.fields["currency"])
    least, most = max(1, rules["min_amount"]), min(rules["max_amount"], room(one))
    ranges = [(max(1, left), min(left, most))]
    if rules["underpayment_allowed"]:
        ranges.append((least, min(left - 1, most)))
    if rules["overpayment_allowed"]:
        ranges.append((max(least, left + 1), most))
    return [(first, last) for first, last in ranges if first <= last]


def _masked_name(model: Model, one: Thing) -> str | None:
    owner = one if one.kind == "customers" else model.things["customers"][one.fields["customer_id"]]
    name = owner.fields.get("name")
    return " ".join(f"{word[0]}***" for word in (name or "").split()) or None
