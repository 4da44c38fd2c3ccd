"""Books with a little of everything in them."""

from typing import Any

from tests.running import Caller


def fill(caller: Caller) -> None:
    """Makes a little of everything that a merchant can have in the books."""
    for number in range(5):
        account = caller.open_account(currency="ZAR", balance=100 * number).json()
        path = f"/billing/accounts/{account['id']}"
        caller.post(f"{path}/adjustments", {"amount": 7, "reason": "Fee"})
        caller.patch(path, {"balance": 50})
        bill = caller.make_bill(account=account["id"]).json()
        caller.patch(f"/billing/bills/{bill['id']}", {"amount_paid": 150_000 if number else 1})
    voided = caller.make_bill().json()
    caller.post(f"/billing/bills/{voided['id']}/void", {})
    owing = caller.open_account(currency="ZAR", balance=900, external_reference="owing").json()
    bills = [caller.make_bill(account=owing["id"]).json() for _ in range(2)]
    for number, bill in enumerate(bills):
        body = {"external_reference": f"EFT-{number}", "amount": 500, "currency": "ZAR", "bill": bill["id"]}
        caller.post("/billing/payments", body)
    caller.post("/billing/payments/EFT-1/reverse", {"reason": "bounced"})
    caller.patch(f"/billing/bills/{bills[0]['id']}", {"amount_paid": 501})
    spread = {"external_reference": "EFT-2", "amount": 300_300, "currency": "ZAR", "allocation": "oldest_due_first"}
    assert caller.post("/billing/payments", spread | {"account": "owing"}).status_code == 201
    untracked = caller.register_customer(currency="ZAR", balance=3).json()
    caller.patch(f"/billing/customers/{untracked['id']}", {"balance": None})
    _move(caller)


def _move(caller: Caller) -> None:
    """Money is held, applied, taken back, refunded, credited; and comes again."""

    def post(path: str, body: Any) -> None:
        answer = caller.post(f"/billing/{path}", body)
        assert answer.status_code in (200, 201), answer.text

    def pay(reference: str, amount: int, **changes: Any) -> None:
        post("payments", {"external_reference": reference, "amount": amount, "currency": "ZAR"} | changes)

    caller.register_customer(external_reference="mover")
    for name in ("held", "next", "credited", "returned", "again"):
        caller.make_bill(external_reference=name, amount_due=1000, customer="mover")
    pay("EFT-HELD", 1500, bill="held", rest="hold")
    post("payments/EFT-HELD/applications", {"parts": [{"bill": "next", "amount": 200}]})
    post("payments/EFT-HELD/unapply", {"bill": "next", "amount": 50})
    post("payments/EFT-HELD/refunds", {"amount": 90, "external_reference": "RF-1"})
    pay("EFT-CREDITED", 1000, bill="credited")
    for reference, amount in (("CN-1", 300), ("CN-2", 70)):
        credit = {"amount": amount, "kind": "credit_note", "reason": "Too much", "external_reference": reference}
        post("bills/credited/credits", credit)
    post("bills/credited/credits/CN-2/reverse", {})
    pay("EFT-RETURNED", 1600, bill="returned", rest="hold")
    post("payments/EFT-RETURNED/refunds", {"amount": 40, "external_reference": "RF-2"})
    post("payments/EFT-RETURNED/reverse", {"reason": "bounced"})
    caller.open_account(external_reference="leaving", currency="ZAR", balance=80, customer="mover")
    pay("EFT-LOST", 60, account="leaving")
    caller.patch("/billing/accounts/leaving", {"balance": None})
    post("payments/EFT-LOST/reverse", {"reason": "bounced"})
    pay("EFT-1", 500, bill="again", represents="EFT-1")
