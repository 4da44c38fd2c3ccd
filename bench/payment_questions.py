"""What both servers are asked of payments, after the questions of accounts and with the accounts that those opened."""

from collections.abc import Iterator
from functools import partial

from bench.questions import Keys, Question

PAID = "1"
"""The account (by the end of its reference) that has three open bills of BILL_AMOUNT, and a balance of 2000."""

BILLS, BILL_AMOUNT = 3, 1_000

_ask = partial(Question, path="/billing/payments")


def payment_questions(run: str, keys: Keys) -> Iterator[Question]:
    """All questions, in order. Every reference begins with `run`."""
    payment = {
        "account": f"{run}-{PAID}",
        "external_reference": f"{run}-P1",
        "amount": 500,
        "currency": "ZAR",
        "method": "eft",
        "paid_at": "2026-01-31T12:00:00Z",
        "metadata": {"till": "7", "bank": "Zoë's"},
    }
    key = {"Idempotency-Key": f"{run}-paid"}

    def other(number: int, **changes: object) -> dict[str, object]:
        changed = payment | {"external_reference": f"{run}-P{number}"} | changes
        return {name: value for name, value in changed.items() if value is not None}

    def of(kind: str, name: str, number: int, amount: int, **changes: object) -> dict[str, object]:
        return other(number, amount=amount, **{"account": None, kind: f"{run}-{name}"} | changes)

    yield _ask("a payment with everything", payment, key)
    yield _ask("the same payment again", dict(reversed(payment.items())), key, again="a payment with everything")
    yield _ask("another payment under the same key", other(2), key)
    yield _ask("a payment with a taken reference", payment, {"Idempotency-Key": f"{run}-P-taken"})
    yield _ask(
        "that refusal again", payment, {"Idempotency-Key": f"{run}-P-taken"}, again="a payment with a taken reference"
    )
    yield _ask("a payment below the minimum", other(3, amount=99))
    yield _ask("a payment above the maximum", other(4, amount=500_001))
    yield _ask("more than is outstanding", other(5, amount=1_501))
    yield _ask("another currency", other(6, currency="USD"))
    yield _ask("an amount that is not safe", other(7, amount=2**53))
    yield _ask("a payment of nobody's account", other(8, account="bacc_unknown"))
    yield _ask("a payment of no balance", of("account", "10", 9, 100, currency="USD"))
    yield _ask("a payment of a credit", of("account", "9", 10, 100))
    yield _ask("less than has to be paid", of("account", "8", 11, 5))
    yield _ask("above its own maximum", of("account", "8", 12, 10))
    yield _ask("a payment of a customer who owes nothing", of("customer", "D", 13, 100, currency="JPY"))
    yield _ask("a payment of a customer", of("customer", "F", 14, 700, currency="JPY", method=None, paid_at=None))
    yield _ask("a payment of nobody", of("customer", "nobody", 15, 700))

    yield _ask("some of a bill", of("bill", f"{PAID}-1", 16, 400, metadata=None))
    yield _ask("the rest of the bill", of("bill", f"{PAID}-1", 17, 600))
    yield _ask("a bill that was paid", of("bill", f"{PAID}-1", 18, 100))
    yield _ask("an unknown bill", of("bill", "nothing", 19, 100))
    yield _ask("over bills, the oldest first", other(20, amount=1_500, allocation="oldest_due_first"))
    yield _ask("over bills, more than can be left", other(21, amount=2_001, allocation="oldest_due_first"))
    yield _ask("over a bill and the balance", other(22, amount=700, allocation="oldest_due_first"))
    yield _ask("over no bills", other(23, amount=100, allocation="oldest_due_first"))
    yield _ask("all of the balance", other(24, amount=1_200))

    for number, (says, changes) in enumerate(_WRONG.items(), 30):
        yield _ask(f"a payment: {says}", other(number, **changes))
    yield _ask("only what is paid", {"account": f"{run}-{PAID}"})
    yield _ask("a payment without an idempotency key", other(60), {"Idempotency-Key": None})
    yield _ask("a payment with a public key", other(61), {"Authorization": f"Bearer {keys.public}"})


_WRONG: dict[str, dict[str, object]] = {
    "nothing is paid": {"account": None},
    "two are paid": {"customer": "x"},
    "a bill with an allocation": {"account": None, "bill": "x", "allocation": "oldest_due_first"},
    "an unknown allocation": {"allocation": "newest_first"},
    "an amount of zero": {"amount": 0},
    "an amount in quotes": {"amount": "500"},
    "an amount with a decimal point": {"amount": 500.0},
    "an unknown currency": {"currency": "XXX"},
    "a reference that looks like an id": {"external_reference": "pay_1"},
    "an empty method": {"method": ""},
    "a time without an offset": {"paid_at": "2026-01-31T12:00:00"},
    "an unknown field": {"amonut": 1},
}
