"""A history with every movement that there is, by names and in currencies that are not easy."""

from typing import Any

from dues.domain.money import AMOUNT_MAX
from tests.resources.payments.holding import apply, credit, refund, represent, reverse_credit, unapply
from tests.resources.payments.paying import new_account, new_bill, pay, reverse
from tests.running import Caller

EASY, HARD, OTHER = "METER-7", 'Zoë: "Z"; (客户),  =cmd | [x]\\', "meter-7"

OPEN = {"min_amount": 1, "max_amount": AMOUNT_MAX, "underpayment_allowed": True, "overpayment_allowed": True}


def happen(caller: Caller) -> None:
    """Does all of it."""
    balanced = {"currency": "ZAR", "balance": 500, "payment_rules": OPEN}
    some: tuple[tuple[str, dict[str, Any]], ...] = ((EASY, balanced), (HARD, {}), (OTHER, balanced))
    for reference, more in some:
        assert caller.register_customer(external_reference=reference, **more).status_code == 201
    account = new_account(caller, 3_000, customer=EASY, payment_rules=OPEN)
    first, second, third, over = (
        new_bill(caller, amount_due=amount, customer=EASY, bill_date="2026-01-05", payment_rules=rules)
        for amount, rules in ((1_000, None), (2_000, None), (700, None), (100, OPEN))
    )
    # Paid too much of, the rest held, applied elsewhere and back, refunded in part.
    payment = pay(caller, bill=first["id"], amount=1_500, rest="hold", method="eft").json()
    assert apply(caller, payment, parts=[{"bill": second["id"], "amount": 300}]).status_code == 200
    assert unapply(caller, payment, bill=second["id"], amount=100).status_code == 200
    assert apply(caller, payment, parts=[{"account": account["id"], "amount": 50}]).status_code == 200
    assert unapply(caller, payment, account=account["id"], amount=50).status_code == 200
    assert refund(caller, payment, 120).status_code == 201
    # Lowered in three ways, one of them paid before, and raised again in three ways.
    lowered = [
        credit(caller, bill, amount, kind=kind).json()
        for bill, amount, kind in (
            (first, 200, "credit_note"),
            (second, 70, "write_off"),
            (third, 7, "rounding"),
            (second, 70, "credit_note"),
            (second, 70, "write_off"),
            (third, 3, "rounding"),  # it stands when the bill is voided
        )
    ]
    for bill, one in zip((first, second, third, second, second, third), lowered, strict=True):
        assert one["id"].startswith("cred_")
        if one not in (lowered[1], lowered[5]):
            assert reverse_credit(caller, bill, one).status_code == 200
    assert caller.post(f"/billing/bills/{third['id']}/void", {}).status_code == 200
    # By hand, and more than is due.
    assert caller.patch(f"/billing/bills/{over['id']}", {"amount_paid": 60}).status_code == 200
    assert pay(caller, bill=over["id"], amount=90, method="card: visa; 客").status_code == 201
    assert caller.patch(f"/billing/bills/{over['id']}", {"amount_paid": 100}).status_code == 200
    # Balances: paid, charged, lowered, set, no more.
    paid = pay(caller, account=account["id"], amount=400).json()
    charge = {"amount": 80, "reason": 'January; "late", [2026-13-45] date:2020-02-30 a | b'}
    assert caller.post(f"/billing/accounts/{account['id']}/adjustments", charge).status_code in (200, 201)
    for balance in (2_000, 2_500):
        assert caller.patch(f"/billing/accounts/{account['id']}", {"balance": balance}).status_code == 200
    assert reverse(caller, paid["id"]).status_code == 200
    lost = pay(caller, account=account["id"], amount=250, method="eft").json()
    assert caller.patch(f"/billing/accounts/{account['id']}", {"balance": None}).status_code == 200
    assert reverse(caller, lost["id"]).status_code == 200
    # All of it bounces, but for what went out again; and comes again.
    assert reverse(caller, payment["id"]).status_code == 200
    assert represent(caller, payment, bill=second["id"], amount=150).status_code == 201
    # Other currencies, and the same in words that are no words.
    for currency, amount in (("JPY", 1_234), ("BHD", 1_234), ("ZAR", AMOUNT_MAX - 5_000)):
        due = new_bill(caller, amount_due=amount, currency=currency, customer=HARD, payment_rules=OPEN)
        assert pay(caller, bill=due["id"], amount=amount - 1_000, currency=currency, method="EFT").status_code == 201
    assert pay(caller, customer=OTHER, amount=10, method="eft").status_code == 201
