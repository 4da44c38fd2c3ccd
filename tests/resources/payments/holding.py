"""Who holds money, applies it, takes it back, refunds it, and lowers bills."""

from typing import Any

import httpx

from tests.resources.payments.paying import pay
from tests.running import Caller, new_reference

Thing = dict[str, Any]


def _post(caller: Caller, path: str, body: dict[str, Any], key: str | None) -> httpx.Response:
    headers = {"If_Match": body.pop("if_match")} if "if_match" in body else {}
    return caller.post(path, body, key, **headers)


def apply(caller: Caller, payment: Thing, key: str | None = None, **body: Any) -> httpx.Response:
    """POST /billing/payments/{payment}/applications."""
    return _post(caller, f"/billing/payments/{payment['id']}/applications", body, key)


def unapply(caller: Caller, payment: Thing, key: str | None = None, **body: Any) -> httpx.Response:
    """POST /billing/payments/{payment}/unapply."""
    return _post(caller, f"/billing/payments/{payment['id']}/unapply", body, key)


def refund(caller: Caller, payment: Thing, amount: int, key: str | None = None, **more: Any) -> httpx.Response:
    """POST /billing/payments/{payment}/refunds with a new reference."""
    body = {"amount": amount, "external_reference": new_reference("RF")} | more
    return _post(caller, f"/billing/payments/{payment['id']}/refunds", body, key)


def credit(caller: Caller, bill: Thing, amount: int, key: str | None = None, **more: Any) -> httpx.Response:
    """POST /billing/bills/{bill}/credits: a credit note."""
    body = {"amount": amount, "kind": "credit_note", "reason": "Two days without water"} | more
    return _post(caller, f"/billing/bills/{bill['id']}/credits", body, key)


def reverse_credit(caller: Caller, bill: Thing, of: Thing, key: str | None = None, **more: Any) -> httpx.Response:
    """POST /billing/bills/{bill}/credits/{credit}/reverse."""
    return _post(
        caller, f"/billing/bills/{bill['id']}/credits/{of['id']}/reverse", {"reason": "Wrong bill"} | more, key
    )


def represent(caller: Caller, payment: Thing, **changes: Any) -> httpx.Response:
    """POST /billing/payments of what came again."""
    again = {"external_reference": payment["external_reference"], "represents": payment["id"]}
    return pay(caller, **again | {"amount": payment["amount"]} | changes)
