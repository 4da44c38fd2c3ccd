"""POST /billing/test_clock/advance, and all that goes by the clock then."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from dues.db.database import Database
from dues.tenants.keys import KeyKind, Mode, NewKey, generate
from dues.tenants.store import find_tenants, insert_keys
from tests.conftest import Ask, Merchant
from tests.running import Caller, RunningServer, new_key, new_reference

HOUR, DAY = 3600, 86_400
TEN_YEARS = 315_576_000


def advance(caller: Caller, key: str | None = None, **by: Any) -> Any:
    """The answer to an advance `by` seconds or to a time."""
    return caller.post("/billing/test_clock/advance", by, key)


def offset(caller: Caller) -> int:
    """How far the clock is ahead."""
    found: int = caller.get("/billing/test_clock").json()["offset_seconds"]
    return found


def now_of(caller: Caller) -> datetime:
    """What time it is for the caller."""
    return datetime.fromisoformat(caller.get("/billing/test_clock").json()["now"])


def today(seconds: int = 0) -> date:
    """The day that it is, so many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).date()


def refused(answer: Any) -> tuple[int, str, str | None]:
    """(status, code, pointer) of a problem."""
    return answer.status_code, answer.json()["code"], answer.json().get("pointer")


def new_key_of(ask: Ask[NewKey], merchant: Merchant, mode: Mode, kind: KeyKind, lasts: timedelta) -> str:
    """A new key of the merchant's that lasts so long."""

    async def make(database: Database) -> NewKey:
        now = datetime.now(UTC)
        key = generate(mode, kind, now, now + lasts)
        tenants = {mode: tenant for mode, (tenant, _) in (await find_tenants(database, merchant.id)).items()}
        async with database.transaction() as tx:
            await insert_keys(tx, tenants, [key], now)
            await tx.commit()
        return key

    return ask(make).secret


def test_a_clock_nobody_moved_shows_the_servers_time(alice: Caller) -> None:
    answer = alice.get("/billing/test_clock")
    assert (answer.status_code, answer.json()["offset_seconds"]) == (200, 0)
    assert answer.json()["now"].endswith("Z")
    assert abs(now_of(alice) - datetime.now(UTC)) < timedelta(seconds=5)


def test_it_moves_by_seconds_each_time_on_top_of_the_last(alice: Caller) -> None:
    first = advance(alice, seconds=DAY)
    assert (first.status_code, first.json()["offset_seconds"]) == (200, DAY)
    assert advance(alice, seconds=HOUR).json()["offset_seconds"] == DAY + HOUR
    assert alice.get("/billing/test_clock").json()["offset_seconds"] == DAY + HOUR
    assert abs(now_of(alice) - datetime.now(UTC) - timedelta(seconds=DAY + HOUR)) < timedelta(seconds=5)


def test_it_moves_to_a_time_and_goes_on_from_there(alice: Caller) -> None:
    to = (datetime.now(UTC) + timedelta(days=40)).replace(microsecond=123_456)
    then = datetime.fromisoformat(advance(alice, to=to.isoformat()).json()["now"])
    assert timedelta(0) <= then - to < timedelta(seconds=1)
    assert now_of(alice) > then


def test_what_is_made_afterwards_is_of_that_time_at_once(alice: Caller, ask: Ask[Any]) -> None:
    for _ in range(5):  # so that the key is remembered with the clock as it was
        assert alice.make_bill().json()["bill_date"] == str(today())
    advance(alice, seconds=40 * DAY)
    account = alice.open_account(currency="ZAR", balance=5000).json()
    bill = alice.make_bill(account=account["id"]).json()
    assert bill["bill_date"] == str(today(40 * DAY))

    payment = alice.post(
        "/billing/payments",
        {"external_reference": new_reference("EFT"), "account": account["id"], "amount": 1000, "currency": "ZAR"},
    ).json()
    reversed_ = alice.post(f"/billing/payments/{payment['id']}/reverse", {"reason": "bounced"}).json()
    entries = alice.everything(f"/billing/accounts/{account['id']}/entries")

    async def times(database: Database) -> list[datetime]:
        ids = [account["id"], bill["id"], payment["id"]]
        rows = [
            *await database.rows("select created_at from accounts where id = any($1)", ids),
            *await database.rows("select created_at from bills where id = any($1)", ids),
            *await database.rows("select created_at from payments where id = any($1)", ids),
            *await database.rows("select created_at from events where object_id = any($1)", ids),
        ]
        return [row["created_at"] for row in rows]

    told = [payment["paid_at"], reversed_["reversal"]["reversed_at"], *(entry["created_at"] for entry in entries)]
    for then in [*ask(times), *map(datetime.fromisoformat, told)]:
        assert abs(then - datetime.now(UTC) - timedelta(days=40)) < timedelta(seconds=30)
    totals = alice.get("/billing/daily_totals").json()
    assert (totals["day"], len(totals["totals"])) == (str(today(40 * DAY)), 1)


def test_a_balance_is_found_as_of_times_before_and_after(alice: Caller) -> None:
    account = alice.open_account(currency="ZAR", balance=100).json()["id"]
    before = now_of(alice)
    advance(alice, seconds=30 * DAY)
    alice.post(f"/billing/accounts/{account}/adjustments", {"amount": 50, "reason": "a month later"})
    path = f"/billing/accounts/{account}"
    assert alice.http.get(path, params={"as_of": before.isoformat()}).json()["balance"] == 100
    assert alice.http.get(path, params={"as_of": (before + timedelta(days=31)).isoformat()}).json()["balance"] == 150


def test_a_due_date_passes(alice: Caller) -> None:
    due = str(today(5 * DAY))
    before = alice.make_bill(due_date=due).json()["bill_date"]
    advance(alice, seconds=10 * DAY)
    assert (before, alice.make_bill(due_date=due).json()["bill_date"]) == (str(today()), due)


def test_the_day_after_tomorrow_comes(alice: Caller) -> None:
    bill, paid_at = alice.make_bill().json()["id"], f"{today(2 * DAY)}T12:00:00Z"
    payment = {"bill": bill, "amount": 1_000, "currency": "ZAR", "paid_at": paid_at}

    def pay() -> httpx.Response:
        return alice.post("/billing/payments", payment | {"external_reference": new_reference("EFT")})

    assert refused(pay()) == (400, "validation_failed", "/paid_at")
    advance(alice, seconds=DAY)
    assert pay().status_code == 201


def test_an_idempotency_key_expires_by_it_and_references_stop_duplicates(alice: Caller) -> None:
    key, body = new_key(), {"external_reference": new_reference("CUST")}
    first = alice.post("/billing/customers", body, key)
    assert alice.post("/billing/customers", body, key).headers["idempotent-replayed"] == "true"

    advance(alice, seconds=DAY - 60)
    assert alice.post("/billing/customers", body, key).headers["idempotent-replayed"] == "true"
    advance(alice, seconds=120)

    assert alice.get(f"/billing/idempotency_keys/{key}").status_code == 404
    again = alice.post("/billing/customers", body, key)
    assert "idempotent-replayed" not in again.headers
    assert refused(again) == (409, "external_reference_taken", "/external_reference")
    assert alice.get(f"/billing/customers/{first.json()['id']}").status_code == 200

    other = new_key()
    assert alice.register_customer(other).status_code == 201
    stored = alice.get(f"/billing/idempotency_keys/{other}").json()
    assert datetime.fromisoformat(stored["created_at"]) > datetime.now(UTC) + timedelta(hours=23)
    assert alice.post("/billing/customers", {"external_reference": "x"}, other).json()["code"] == (
        "idempotency_key_reused"
    )


def test_the_same_key_does_new_work_after_a_day(alice: Caller) -> None:
    key = new_key()
    account = alice.open_account(currency="ZAR", balance=0).json()["id"]
    path, body = f"/billing/accounts/{account}/adjustments", {"amount": 10, "reason": "monthly"}
    first = alice.post(path, body, key)
    advance(alice, seconds=DAY)
    assert alice.post(path, body, key).json()["id"] != first.json()["id"]
    assert alice.get(f"/billing/accounts/{account}").json()["balance"] == 20


def test_a_repeated_key_advances_once_by_however_much(alice: Caller) -> None:
    key = new_key()
    first = advance(alice, key, seconds=30 * DAY)
    again = advance(alice, key, seconds=30 * DAY)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert offset(alice) == 30 * DAY
    assert advance(alice, key, seconds=1).json()["code"] == "idempotency_key_reused"


def test_a_key_expires_by_it(merchant: Merchant, ask: Ask[NewKey], server: RunningServer) -> None:
    caller = Caller(server.base, new_key_of(ask, merchant, "test", "secret", timedelta(hours=1)))
    assert offset(caller) == 0
    assert advance(caller, seconds=2 * HOUR).status_code == 200
    assert refused(caller.get("/billing/test_clock")) == (403, "key_expired", None)
    assert offset(merchant.caller()) == 2 * HOUR


def test_live_data_and_other_merchants_keep_the_real_time(
    merchant: Merchant, ask: Ask[NewKey], mallory: Caller, server: RunningServer
) -> None:
    live_key = new_key_of(ask, merchant, "live", "secret", timedelta(hours=1))
    advance(merchant.caller(), seconds=40 * DAY)
    for caller in (merchant.caller("live"), Caller(server.base, live_key), mallory):
        assert caller.make_bill().json()["bill_date"] == str(today())
        assert caller.get("/billing/daily_totals").json()["day"] == str(today())
    assert offset(mallory) == 0


def test_groups_of_several_merchants_give_each_its_own_time(alice: Caller, mallory: Caller) -> None:
    advance(alice, seconds=40 * DAY)
    callers = [alice, mallory] * 20
    with ThreadPoolExecutor(10) as pool:
        dates = list(pool.map(lambda caller: caller.make_bill().json()["bill_date"], callers))
    assert dates == [str(today(40 * DAY)), str(today())] * 20


def test_it_is_for_test_secret_keys_alone(merchant: Merchant, ask: Ask[NewKey], server: RunningServer) -> None:
    collector = new_key_of(ask, merchant, "test", "collector", timedelta(days=1))
    for caller, code in [
        (merchant.caller("live"), "test_mode_required"),
        (merchant.caller("test", "public"), "secret_key_required"),
        (merchant.caller("live", "public"), "secret_key_required"),
        (Caller(server.base, collector), "secret_key_required"),
    ]:
        assert refused(caller.get("/billing/test_clock")) == (403, code, None)
        assert refused(advance(caller, seconds=DAY)) == (403, code, None)
    assert Caller(server.base, None).get("/billing/test_clock").status_code == 401
    assert offset(merchant.caller()) == 0


def test_it_never_goes_back(alice: Caller) -> None:
    advance(alice, seconds=DAY)
    answer = advance(alice, to=(datetime.now(UTC) + timedelta(hours=23)).isoformat())
    assert refused(answer) == (422, "test_clock_backwards", "/to")
    assert offset(alice) == DAY


def test_it_never_goes_ten_years_ahead(alice: Caller) -> None:
    assert refused(advance(alice, to="9998-12-31T23:59:59Z")) == (422, "test_clock_out_of_range", "/to")
    assert advance(alice, seconds=TEN_YEARS).json()["offset_seconds"] == TEN_YEARS
    assert refused(advance(alice, seconds=1)) == (422, "test_clock_out_of_range", "/seconds")
    bill = alice.make_bill(account={"customer": {"external_reference": "c"}, "external_reference": "a"})
    assert bill.json()["bill_date"] == str(today(TEN_YEARS))


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/seconds", "required"),
        ({"seconds": None, "to": None}, "/seconds", "required"),
        ({"seconds": 1, "to": "2999-01-01T00:00:00Z"}, "/to", "one_only"),
        ({"seconds": 0}, "/seconds", "too_small"),
        ({"seconds": -1}, "/seconds", "too_small"),
        ({"seconds": TEN_YEARS + 1}, "/seconds", "too_large"),
        ({"seconds": 10**30}, "/seconds", "too_large"),
        ({"seconds": 1.5}, "/seconds", "wrong_type"),
        ({"seconds": "60"}, "/seconds", "wrong_type"),
        ({"seconds": True}, "/seconds", "wrong_type"),
        ({"to": 5}, "/to", "wrong_type"),
        ({"to": "2999-01-01T00:00:00"}, "/to", "invalid_time"),
        ({"to": "0001-01-01T00:00:00+14:00"}, "/to", "invalid_time"),
        ({"days": 1}, "/days", "unknown_field"),
    ],
)
def test_what_is_no_advance_is_refused(alice: Caller, body: Any, pointer: str, code: str) -> None:
    answer = alice.post("/billing/test_clock/advance", body)
    assert answer.status_code == 400
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert "currency" not in answer.text
    assert offset(alice) == 0


def test_advances_at_once_all_count(merchant: Merchant, second_server: RunningServer) -> None:
    callers = [merchant.caller(), merchant.caller(base=second_server.base)] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda caller: advance(caller, seconds=HOUR).json()["offset_seconds"], callers))
    assert sorted(answers) == [HOUR * count for count in range(1, 17)]


def test_one_key_at_two_processes_at_once_advances_once(merchant: Merchant, second_server: RunningServer) -> None:
    key = new_key()
    callers = [merchant.caller(), merchant.caller(base=second_server.base)] * 4
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda caller: advance(caller, key, seconds=DAY).content, callers))
    assert len(set(answers)) == 1
    assert offset(merchant.caller()) == DAY


def test_every_process_follows_within_a_second(merchant: Merchant, second_server: RunningServer) -> None:
    here, there = merchant.caller(), merchant.caller(base=second_server.base)
    account = there.open_account(currency="ZAR", balance=0).json()["id"]
    advance(here, seconds=40 * DAY)
    told_at = time.monotonic()
    assert offset(there) == 40 * DAY

    here.post(f"/billing/accounts/{account}/adjustments", {"amount": 1, "reason": "ahead"})
    there.post(f"/billing/accounts/{account}/adjustments", {"amount": 1, "reason": "behind, perhaps"})
    times = [entry["created_at"] for entry in here.everything(f"/billing/accounts/{account}/entries")]
    assert times == sorted(times, reverse=True)

    while there.make_bill().json()["bill_date"] != str(today(40 * DAY)):
        assert time.monotonic() - told_at < 1
        time.sleep(0.05)
