"""What both servers are asked before they are measured: the good, the bad, and the same again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """A request that both servers are asked. `run` in it differs from server to server, and is masked in answers."""

    says: str
    body: object = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/billing/accounts"
    again: str | None = None
    """The earlier question whose answer has to come back byte for byte."""


@dataclass(frozen=True)
class Keys:
    """The keys of one merchant in test mode."""

    secret: str
    public: str


def questions(run: str, keys: Keys, customer: str) -> Iterator[Question]:
    """All questions, in order. Every reference begins with `run`; `customer` is an existing one's id."""
    account = {
        "customer": customer,
        "external_reference": f"{run}-1",
        "name": "Jane Doe",
        "currency": "ZAR",
        "balance": 2000,
        "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
    }
    new = {"external_reference": f"{run}-C", "name": "Zoë", "email": "z@example.com", "phone": "+27821234567"}
    key = {"Idempotency-Key": f"{run}-first"}

    def other(number: int, **changes: object) -> dict[str, object]:
        return account | {"external_reference": f"{run}-{number}"} | changes

    yield Question("an account with everything", account, key)
    yield Question("the same request again", dict(reversed(account.items())), key, again="an account with everything")
    yield Question("another request under the same key", other(2), key)
    yield Question("a taken reference", account, {"Idempotency-Key": f"{run}-taken"})
    yield Question("the refusal again", account, {"Idempotency-Key": f"{run}-taken"}, again="a taken reference")
    yield Question("an unknown customer", other(3, customer="bcus_unknown"))
    yield Question("a customer by reference", {"customer": "BENCH-7", "external_reference": f"{run}/4"})
    yield Question("a new customer", other(5, customer=new, name=None, metadata={}))
    yield Question(
        "a new customer who owes",
        other(
            6,
            customer={**new, "external_reference": f"{run}-D", "currency": "JPY", "balance": 0, "metadata": {"a": ""}},
        ),
    )
    yield Question(
        "a new customer who owes more",
        other(
            12, customer={**new, "external_reference": f"{run}-F", "currency": "JPY", "balance": 700, "metadata": {}}
        ),
    )
    yield Question("a new customer with a taken reference", other(7, customer=new))
    yield Question(
        "a new customer, but the account's reference is taken",
        account | {"customer": {"external_reference": f"{run}-E"}},
    )
    yield Question(
        "own payment rules",
        other(
            8,
            payment_rules={
                "min_amount": 1,
                "max_amount": 9,
                "underpayment_allowed": False,
                "overpayment_allowed": True,
            },
        ),
    )
    yield Question("a credit", other(9, balance=-5))
    yield Question("no balance", {"customer": customer, "external_reference": f"{run}-10", "currency": "USD"})
    yield Question("an amount out of range", other(11, balance=2**53))

    for number, (says, changes) in enumerate(_WRONG.items(), 20):
        yield Question(says, other(number, **changes))
    yield Question("an empty object", {})
    yield Question("what is not JSON", b'{"customer": ')
    yield Question("another media type", account, {"Content-Type": "text/plain"})
    yield Question("a body too large", other(80, name="x" * 70_000))
    yield Question("no idempotency key", other(81), {"Idempotency-Key": None})
    yield Question("an idempotency key with a space", other(82), {"Idempotency-Key": "a b"})
    yield Question("an idempotency key too long", other(83), {"Idempotency-Key": "a" * 256})
    yield Question("no key", other(84), {"Authorization": None})
    yield Question("an unknown key", other(85), {"Authorization": "Bearer sk_test_unknown"})
    yield Question("a public key", other(86), {"Authorization": f"Bearer {keys.public}"})
    yield Question("another method", account, method="PUT")

    yield Question("an account by reference", method="GET", path=f"/billing/accounts/{run}-1")
    yield Question("an account by a reference with a slash", method="GET", path=f"/billing/accounts/{run}%2F4")
    yield Question(
        "an account that is known", headers={"If-None-Match": "*"}, method="GET", path=f"/billing/accounts/{run}-1"
    )
    yield Question("another version", headers={"If-None-Match": '"x"'}, method="GET", path=f"/billing/accounts/{run}-1")
    yield Question("an unknown account", method="GET", path=f"/billing/accounts/{run}-nobody")
    yield Question("an account that was refused", method="GET", path=f"/billing/accounts/{run}-7")


_WRONG: dict[str, dict[str, object]] = {
    "a currency in lower case": {"currency": "zar"},
    "no currency with the balance": {"currency": None},
    "a balance with a decimal point": {"balance": 2000.0},
    "a balance in quotes": {"balance": "2000"},
    "a balance of true": {"balance": True},
    "an unknown field": {"balnce": 1},
    "a control character": {"name": "a\nb"},
    "a name too long": {"name": "x" * 256},
    "a reference that looks like an id": {"external_reference": "bacc_1"},
    "a reference with a space at its end": {"external_reference": "a "},
    "eleven metadata keys": {"metadata": {str(number): "" for number in range(11)}},
    "a metadata value of null": {"metadata": {"a/b": None}},
    "a metadata value too long": {"metadata": {"a": "x" * 501}},
    "rules that contradict": {
        "payment_rules": {"min_amount": 2, "max_amount": 1, "underpayment_allowed": True, "overpayment_allowed": True}
    },
    "half of the rules": {"payment_rules": {"min_amount": 2}},
    "a bad new customer": {"customer": {"email": "nobody", "phone": "082"}},
    "several violations": {"customer": 7, "name": 7, "currency": "XXX"},
}
