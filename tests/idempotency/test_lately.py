"""A key that was answered lately is asked for first; it is only a guess, and a wrong one costs nobody anything."""

import pytest

from dues.db.database import Database
from dues.idempotency import lately
from dues.idempotency.lately import Lately
from dues.idempotency.store import StoredUnder
from tests.conftest import Ask
from tests.resources.payments.paying import new_bill, pay
from tests.running import Caller, new_key

GONE = "delete from idempotency_keys where key = $1"
EXPIRED = "update idempotency_keys set expires_at = now() - interval '1 second' where key = $1"


@pytest.mark.parametrize("forgotten", [GONE, EXPIRED])
def test_a_key_whose_answer_is_no_longer_kept_does_work_again(alice: Caller, ask: Ask[None], forgotten: str) -> None:
    bill, key = new_bill(alice)["id"], new_key()
    first = pay(alice, key=key, bill=bill, amount=100)
    again = pay(alice, key=key, bill=bill, amount=200)
    assert (first.status_code, again.json()["code"]) == (201, "idempotency_key_reused")

    async def forget(database: Database) -> None:
        await database.rows(forgotten, key)

    ask(forget)
    anew = pay(alice, key=key, bill=bill, amount=200)
    assert (anew.status_code, anew.json()["amount"]) == (201, 200)
    assert "idempotent-replayed" not in anew.headers


def test_what_was_answered_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "KEYS_MAX", 10)
    some, keys = Lately(), [StoredUnder(str(number)) for number in range(25)]
    for key in keys:
        some.add(1, key)
    assert [key for key in keys if some.has(1, key)] == keys[10:]
    assert not some.has(2, keys[-1])
