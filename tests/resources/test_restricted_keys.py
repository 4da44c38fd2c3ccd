"""Keys that may do less than others of their kind: what each is refused, and what it costs them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from dues.commands.command import Command
from dues.db.database import Database
from dues.domain.rate_limits import RateLimit
from dues.resources.api import OPERATIONS, SCOPES, unknown_scopes
from dues.resources.operation import Operation
from dues.tenants.spending.retention import spending_retention
from tests.conftest import Ask, Merchant
from tests.resources.conftest import MakeKey
from tests.resources.payments.paying import STANDARD, new_account, new_bill, pay, refused, reverse, shown
from tests.running import Caller, new_key, new_reference


def money(caller: Caller, account: dict[str, Any], amount: int, key: str | None = None) -> tuple[int, str | None]:
    """Status and code of a payment of so much."""
    answer = pay(caller, key, account=account["id"], amount=amount)
    return answer.status_code, answer.json().get("code")


TAKEN = (201, None)
ABOVE = (403, "amount_above_key_limit")
REACHED = (403, "daily_limit_reached")


# Scopes -----------------------------------------------------------------------------------------------------------


def test_scopes_follow_from_what_is_offered() -> None:
    assert {"bills:read", "bills:create", "bills:void", "payments:reverse", "accounts:adjust", "test_clock:advance"} < {
        *SCOPES
    }
    assert unknown_scopes(["bills:read", "bills:*"]) == []
    assert unknown_scopes(["bills:reed", "bill:read", "*", "*:read", ""]) == [
        "bills:reed",
        "bill:read",
        "*",
        "*:read",
        "",
    ]


def test_it_opens_what_it_is_allowed_and_nothing_else(merchant: Merchant, alice: Caller, restricted: MakeKey) -> None:
    bill = new_bill(alice)
    clerk = restricted(allowed=["bills:read", "payments:*"])
    assert clerk.get("/billing/bills").status_code == 200
    assert clerk.get(f"/billing/bills/{bill['id']}").status_code == 200
    assert clerk.get(f"/billing/bills/{bill['id']}/payable").status_code == 200
    payment = pay(clerk, bill=bill["id"], amount=150_000)
    assert payment.status_code == 201
    assert reverse(clerk, payment.json()["id"]).status_code == 200
    for answer in (
        clerk.make_bill(),
        clerk.patch(f"/billing/bills/{bill['id']}", {"amount_paid": 1}),
        clerk.get("/billing/accounts"),
        clerk.get("/billing/events"),
        clerk.get("/billing/test_clock"),
        clerk.post("/billing/test_clock/advance", {"seconds": 1}),
    ):
        assert refused(answer) == (403, "key_not_allowed")
    assert "accounts:read" in clerk.get("/billing/accounts").json()["detail"]
    assert clerk.get("/billing/nothing").status_code == 404


def test_a_collectors_key_can_be_restricted_too_and_not_widened(restricted: MakeKey, alice: Caller) -> None:
    account = new_account(alice)
    till = restricted("collector", allowed=["payments:create", "accounts:create"])
    assert money(till, account, 1_000) == TAKEN
    assert refused(till.get("/billing/daily_totals")) == (403, "key_not_allowed")
    assert refused(till.open_account()) == (403, "secret_key_required")


# Addresses --------------------------------------------------------------------------------------------------------


def test_it_is_used_from_where_it_may_be(restricted: MakeKey) -> None:
    for here in ("127.0.0.0/8", "127.0.0.1/32"):
        assert restricted(addresses=["10.0.0.0/8", here]).get("/billing/bills").status_code == 200
    elsewhere = restricted(addresses=["10.0.0.0/8", "::1/128"])
    assert refused(elsewhere.get("/billing/bills")) == (403, "address_not_allowed")
    claimed = elsewhere.get("/billing/bills", X_Forwarded_For="10.0.0.1", Forwarded="for=10.0.0.1")
    assert refused(claimed) == (403, "address_not_allowed")


# Money ------------------------------------------------------------------------------------------------------------


def test_it_moves_no_more_at_once_than_it_may(restricted: MakeKey, alice: Caller) -> None:
    account = new_account(alice, 100_000)
    clerk = restricted(max_amount=1_000)
    key = new_key()
    assert money(clerk, account, 1_001, key) == ABOVE
    # The refusal is stored under no key, so the corrected request may use the same.
    assert money(clerk, account, 1_000, key) == TAKEN
    path = f"/billing/accounts/{account['id']}"
    adjusted = clerk.post(f"{path}/adjustments", {"amount": -1_001, "reason": "Too much"})
    assert refused(adjusted) == (403, "amount_above_key_limit")
    assert clerk.post(f"{path}/adjustments", {"amount": -1_000, "reason": "Enough"}).status_code == 201
    # Nor by other means: what sets a balance moves the difference.
    assert refused(clerk.patch(path, {"balance": 96_999})) == (403, "amount_above_key_limit")
    assert clerk.patch(path, {"balance": 97_000}).status_code == 200
    assert clerk.patch(path, {"name": "Nothing is moved"}).status_code == 200
    assert refused(clerk.open_account(currency="ZAR", balance=1_001)) == (403, "amount_above_key_limit")
    bill = new_bill(alice)
    assert refused(clerk.patch(f"/billing/bills/{bill['id']}", {"amount_paid": 1_001})) == (
        403,
        "amount_above_key_limit",
    )
    assert money(alice, account, 5_000) == TAKEN


def test_it_moves_no_more_in_a_day_than_it_may(restricted: MakeKey, alice: Caller) -> None:
    account = new_account(alice, 100_000)
    clerk, other = restricted(max_per_day=2_500), restricted(max_per_day=2_500)
    adjustments = f"/billing/accounts/{account['id']}/adjustments"
    assert money(clerk, account, 1_000) == TAKEN
    assert clerk.post(adjustments, {"amount": -1_000, "reason": "Waived"}).status_code == 201
    assert money(clerk, account, 501) == REACHED
    assert refused(clerk.post(adjustments, {"amount": 501, "reason": "Charged"})) == REACHED
    assert money(clerk, account, 500) == TAKEN
    assert money(clerk, account, 100) == REACHED
    assert money(other, account, 2_500) == TAKEN
    yen = new_account(alice, 3_000, currency="JPY")
    answer = pay(clerk, account=yen["id"], amount=2_500, currency="JPY")
    assert answer.status_code == 201


def test_what_was_refused_repeated_or_previewed_costs_nothing_and_a_reversal_gives_nothing_back(
    restricted: MakeKey, alice: Caller
) -> None:
    account, bill = new_account(alice, 100_000, payment_rules=STANDARD), new_bill(alice)
    clerk = restricted(max_per_day=2_000)
    assert money(clerk, account, 50) == (422, "payment_below_minimum")
    preview = pay(clerk, query="?preview=true", account=account["id"], amount=2_000)
    assert preview.status_code == 200
    key, body = new_key(), {"account": account["id"], "external_reference": new_reference("EFT"), "amount": 1_000}
    first = clerk.post("/billing/payments", body | {"currency": "ZAR"}, key)
    for _ in range(5):
        again = clerk.post("/billing/payments", body | {"currency": "ZAR"}, key)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.content == first.content
    assert reverse(clerk, first.json()["id"]).status_code == 200
    # What a preview says is what the payment meets.
    assert refused(pay(clerk, query="?preview=true", account=account["id"], amount=1_001)) == REACHED
    assert money(clerk, account, 1_001) == REACHED
    assert money(clerk, account, 1_000) == TAKEN
    assert shown(alice, account)["balance"] == 99_000
    assert shown(alice, bill)["amount_paid"] == 0


def test_the_day_is_that_of_the_test_clock(restricted: MakeKey, alice: Caller) -> None:
    account = new_account(alice, 100_000)
    clerk = restricted(max_per_day=1_000)
    assert money(clerk, account, 1_000) == TAKEN
    assert money(clerk, account, 1_000) == REACHED
    assert alice.post("/billing/test_clock/advance", {"seconds": 86_400}).status_code == 200
    assert money(clerk, account, 1_000) == TAKEN
    assert money(clerk, account, 1_000) == REACHED


def test_old_days_are_deleted_and_today_is_kept(restricted: MakeKey, alice: Caller, ask: Ask[int]) -> None:
    account = new_account(alice, 100_000)
    clerk = restricted(max_per_day=1_000)
    assert money(clerk, account, 1_000) == TAKEN

    old = new_reference("key")

    async def purge(database: Database) -> int:
        for days in range(5):
            await database.rows(
                "insert into key_spendings (cell, tenant_id, key_id, day, number, totals) "
                "select cell, tenant_id, $1, $2, number, '{}' from key_spendings limit 1",
                old,
                datetime.now(UTC).date() - timedelta(days=days),
            )
        await spending_retention(database).run()
        row = await database.row("select count(*) as days from key_spendings where key_id = $1", old)
        assert row
        return int(row["days"])

    assert ask(purge) == 3
    assert money(clerk, account, 1_000) == REACHED


def _has_amount(operation: Operation) -> bool:
    return operation.body is not None and "amount" in operation.body.__struct_fields__


def test_whatever_has_an_amount_says_that_it_moves_money() -> None:
    unsaid = [one.id for one in OPERATIONS if _has_amount(one) and not one.moves_money]
    asking = ["create_payment_link", "create_payment_request", "update_payment_request"]
    assert unsaid == asking, "they ask for money, and move none"
    for one in OPERATIONS:
        if one.moves_money:
            assert isinstance(getattr(one.does, "command", None), Command), (
                f"{one.id}: a Procedure has no outcome to count"
            )


# How often --------------------------------------------------------------------------------------------------------


def test_it_is_used_no_more_often_than_it_may_be_and_told_what_is_left(restricted: MakeKey, alice: Caller) -> None:
    often = restricted(rate_limit=RateLimit(3, 3600))
    answers = [often.get("/billing/bills"), often.get("/billing/bills/none"), often.get("/billing/bills")]
    assert [answer.status_code for answer in answers] == [200, 404, 200]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"key";q=3;w=3600'}
    assert [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers] == [
        '"key";r=2',
        '"key";r=1',
        '"key";r=0',
    ]
    limited = often.get("/billing/bills")
    assert refused(limited) == (429, "too_many_requests")
    assert 1100 < int(limited.headers["retry-after"]) <= 1200
    assert limited.headers["ratelimit"].startswith('"key";r=0;t=')
    assert "ratelimit" not in alice.get("/billing/bills").headers


def test_guesses_are_counted(merchant: Merchant) -> None:
    def counted() -> float:
        text = httpx.get(f"{merchant.base}/metrics").text
        lines = [line for line in text.splitlines() if line.startswith('dues_unauthorized_total{outcome="refused"}')]
        return float(lines[0].split()[-1]) if lines else 0.0

    before = counted()
    assert refused(Caller(merchant.base, "sk_test_" + "x" * 28).get("/billing/bills")) == (401, "unauthorized")
    assert refused(Caller(merchant.base, None).get("/billing/bills")) == (401, "unauthorized")
    assert counted() >= before + 2
