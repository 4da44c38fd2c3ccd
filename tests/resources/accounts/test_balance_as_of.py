"""A balance says of which time it is: what was paid after that is kept; and who overwrites payments is told so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from dues.db.database import Database
from dues.domain.balances import PaidSince
from dues.ledger import store
from dues.resources.accounts.store import ACCOUNT
from dues.work.questions import reading
from tests.conftest import Ask
from tests.resources.accounts.test_update import KINDS, created, history, refused
from tests.resources.payments.paying import pay, reverse
from tests.running import Caller, new_key

Owing = Callable[..., str]


@pytest.fixture
def owing(alice: Caller) -> Owing:
    """Makes something that owes, and gives its path."""
    return lambda kind, balance=5000, **more: (
        f"/billing/{kind}/{created(alice, kind, currency='ZAR', balance=balance, **more)['id']}"
    )


def paid(caller: Caller, path: str, amount: int, currency: str = "ZAR") -> str:
    """Pays so much towards it; the payment's id."""
    kind, owner_id = path.split("/")[2:]
    done = pay(caller, amount=amount, currency=currency, **{kind.removesuffix("s"): owner_id})
    assert done.status_code == 201, done.text
    payment_id: str = done.json()["id"]
    return payment_id


def moment_of(caller: Caller, path: str) -> str:
    """When the newest entry was written."""
    at: str = caller.everything(f"{path}/entries")[0]["created_at"]
    return at


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_paid_after_that_time_is_kept_on_top(alice: Caller, owing: Owing, kind: str) -> None:
    path = owing(kind)
    opened = moment_of(alice, path)
    paid(alice, path, 2000)
    after_first = moment_of(alice, path)
    assert alice.patch(path, {"balance": 5000, "balance_as_of": opened}).json()["balance"] == 3000
    assert alice.patch(path, {"balance": 4500, "balance_as_of": opened}).json()["balance"] == 2500
    assert alice.patch(path, {"balance": 4500, "balance_as_of": after_first}).json()["balance"] == 4500
    assert reverse(alice, paid(alice, path, 500)).status_code == 200
    last = paid(alice, path, 300)
    assert alice.post(f"{path}/adjustments", {"amount": 7, "reason": "Fee"}).status_code == 201
    answer = alice.patch(path, {"balance": 1000, "balance_as_of": after_first})
    assert answer.json()["balance"] == 700, "a payment and its reversal come to nothing, a fee is no payment"
    assert "dues-warning" not in answer.headers
    assert reverse(alice, last).status_code == 200
    assert alice.get(path).json()["balance"] == 1000


def test_only_what_was_paid_in_its_currency_is(alice: Caller, owing: Owing) -> None:
    path = owing("accounts")
    opened = moment_of(alice, path)
    paid(alice, path, 2000)
    changed = alice.patch(path, {"currency": "USD", "balance": 900, "balance_as_of": opened})
    assert changed.json()["balance"] == 900
    assert alice.patch(path, {"balance": None}).status_code == 200
    back = alice.patch(path, {"currency": "ZAR", "balance": 5000, "balance_as_of": opened})
    assert back.json()["balance"] == 3000


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_that_makes_no_sense_is_refused(alice: Caller, owing: Owing, kind: str) -> None:
    path = owing(kind)
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    future = alice.patch(path, {"balance": 1, "balance_as_of": soon})
    assert refused(future) == (400, "validation_failed", "/balance_as_of")
    assert future.json()["errors"][0]["code"] == "in_the_future"
    for body in ({"balance_as_of": soon}, {"balance": None, "balance_as_of": soon}):
        answer = alice.patch(path, body)
        assert [error["code"] for error in answer.json()["errors"]] == ["without_balance"]
    for time in ("2026-01-01", "2026-01-01T00:00:00", None, 7):
        answer = alice.patch(path, {"balance": 1, "balance_as_of": time})
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/balance_as_of"], time
    assert history(alice, path) == [("opening", 5000, 5000)]


@pytest.mark.parametrize("kind", KINDS)
def test_who_overwrites_payments_is_told_their_sum_also_when_asking_again(
    alice: Caller, owing: Owing, kind: str
) -> None:
    path = owing(kind)
    assert "dues-warning" not in alice.patch(path, {"balance": 4000}).headers
    paid(alice, path, 700)
    reverse(alice, paid(alice, path, 200))
    key = new_key()
    assert "dues-warning" not in alice.patch(path, {"name": "Jane"}).headers
    assert "dues-warning" not in alice.patch(path, {"balance": 3300}).headers, "it is so already"
    for replayed in (None, "true"):
        answer = alice.patch(path, {"balance": 4000}, Idempotency_Key=key)
        assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (200, replayed)
        assert answer.headers["dues-warning"] == "payments_overwritten;sum=700;currency=ZAR"
    assert "dues-warning" not in alice.patch(path, {"balance": 4100}).headers, "it was set since"


@pytest.mark.parametrize(
    ("most", "by_time", "since_set"),
    [
        (2, (None, False), (-500, False)),
        (3, (None, False), (-600, False)),
        (4, (-600, True), (-600, True)),
        (5, (-600, True), (-600, True)),
    ],
)
def test_so_many_entries_are_looked_at_and_not_more(
    alice: Caller,
    owing: Owing,
    ask: Ask[list[PaidSince]],
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    by_time: tuple[int | None, bool],
    since_set: tuple[int, bool],
) -> None:
    path = owing("accounts")
    opened = datetime.fromisoformat(moment_of(alice, path))
    for amount in (100, 200, 300):
        paid(alice, path, amount)
    monkeypatch.setattr(store, "ENTRIES_MAX", most)
    monkeypatch.setattr(store, "ENTRIES_TO_WARN_OF", most)

    async def answers(database: Database) -> list[PaidSince]:
        account_id, found = path.rpartition("/")[2], []
        [row] = await database.rows("select cell, tenant_id from accounts where id = $1", account_id)
        for at in (True, False):
            part = store.paid_since("accounts", ACCOUNT.named(by_id=True), at=at)
            asked = part.arrays([(row["tenant_id"], account_id, *([opened] if at else []))])
            [answer] = await database.rows(reading((part,)), row["cell"], *asked)
            found.append(part.decoder.decode(next(iter(answer.values())))[0][1])
        return found

    after, since = ask(answers)
    come_to, whole = by_time
    assert after.is_whole is whole
    assert come_to is None or after.amounts == {"ZAR": come_to}
    assert (since.amounts["ZAR"], since.is_whole) == since_set
