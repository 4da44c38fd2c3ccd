"""What tests of payments share: something to pay, a payment, and what is refused."""

from typing import Any

from tests.running import Caller, new_reference

PATH = "/billing/payments"

STANDARD = {"min_amount": 100, "max_amount": 500_000, "underpayment_allowed": True, "overpayment_allowed": False}
"""The rules that a new merchant has."""


def rules(**changes: Any) -> dict[str, Any]:
    """Rules that allow nearly everything, but for what is said."""
    return {"min_amount": 0, "max_amount": 10**9, "underpayment_allowed": True, "overpayment_allowed": True} | changes


def owing(caller: Caller, kind: str, amount: int = 1_000, **changes: Any) -> dict[str, Any]:
    """A bill, an account or a customer of which so much ZAR is outstanding."""
    if kind == "bill":
        answer = caller.make_bill(amount_due=amount, **changes)
    elif kind == "account":
        answer = caller.open_account(currency="ZAR", balance=amount, **changes)
    else:
        answer = caller.register_customer(currency="ZAR", balance=amount, **changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def payment(amount: int, currency: str = "ZAR", **more: Any) -> dict[str, Any]:
    """The body of a payment."""
    return {"external_reference": new_reference("EFT"), "amount": amount, "currency": currency, **more}


def paid(caller: Caller, amount: int, **more: Any) -> dict[str, Any]:
    """A payment that is taken."""
    answer = caller.post(PATH, payment(amount, **more))
    assert answer.status_code == 201, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


def refused(answer: Any) -> tuple[int, str]:
    """(status, code) of a problem."""
    return answer.status_code, answer.json()["code"]


def outstanding(caller: Caller, kind: str, name: str) -> int:
    """What is to be paid of it now."""
    found = caller.get(f"/billing/{kind}s/{name}").json()
    amount: int = found["amount_remaining"] if kind == "bill" else found["balance"]
    return amount
