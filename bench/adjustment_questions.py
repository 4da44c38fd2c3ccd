"""What both servers are asked of adjustments, after all else: they change the balances that the others count on."""

from collections.abc import Iterator
from functools import partial

from bench.questions import Keys, Question


def adjustment_questions(run: str, keys: Keys) -> Iterator[Question]:
    """All questions, in order. The accounts are those that the first questions opened."""

    def of(account: str) -> str:
        return f"/billing/accounts/{run}{account}/adjustments"

    ask = partial(Question, path=of("-9"))
    fee = {"amount": 105, "reason": "Late fee"}
    key = {"Idempotency-Key": f"{run}-adjusted"}

    yield ask("an adjustment", fee, key)
    yield ask("the same adjustment again", dict(reversed(fee.items())), key, again="an adjustment")
    yield ask("another adjustment under the same key", fee | {"amount": 106}, key)
    yield ask("a second adjustment", {"amount": -100, "reason": "Taken back"})
    yield ask("an adjustment of nobody's account", fee, path=of("-nobody"))
    yield ask("an adjustment of no balance", fee, path=of("-10"))
    yield ask("an adjustment that is not safe", fee | {"amount": 2**53})
    yield ask("an adjustment to the largest balance", fee | {"amount": 2**53 - 1})
    yield ask("an adjustment beyond that", fee | {"amount": 1})
    yield ask("an adjustment of nothing", fee | {"amount": 0})
    yield ask("an adjustment in quotes", fee | {"amount": "105"})
    yield ask("an adjustment without a reason", {"amount": 105})
    yield ask("an adjustment with an empty reason", fee | {"reason": ""})
    yield ask("an adjustment: an unknown field", fee | {"amonut": 1})
    yield ask("an adjustment without an idempotency key", fee, {"Idempotency-Key": None})
    yield ask("an adjustment with a public key", fee, {"Authorization": f"Bearer {keys.public}"})
    yield Question("the adjusted account", method="GET", path=f"/billing/accounts/{run}-9")
