"""`dues keys`, `merchants` and `database-url`, while a server runs."""

import re
import time
from typing import Any

import pytest

from tests.journeys.home import Home, dues
from tests.journeys.own_database import database_url, rows_of
from tests.running import Caller


@pytest.mark.slow
def test_keys_are_made_and_revoked_while_the_server_runs(home: Home) -> None:
    created = home.cli("keys", "create", "--mode", "test")
    secret = created.split()[-1]
    caller = Caller(home.server.base, secret)
    assert caller.open_account().status_code == 201
    (mine,) = [key for key in home.cli_json("keys", "list") if key["last_four"] == secret[-4:]]
    assert (mine["mode"], mine["kind"], mine["state"]) == ("test", "secret", "in force")
    assert mine["id"] in created

    assert mine["id"] in home.cli("keys", "revoke", mine["id"])
    time.sleep(1)
    refused = caller.open_account()
    assert (refused.status_code, refused.json()["code"]) == (403, "key_revoked")
    listed = home.cli("keys", "list")
    assert "revoked" in listed
    assert "never" in listed
    assert secret not in listed


def test_keys_of_every_mode_and_kind_are_made(home: Home) -> None:
    made = home.cli_json("keys", "create", "--mode", "live", "--kind", "public", "--expires-in-days", "30")
    assert re.fullmatch(r"pk_(?!test_)[0-9A-Za-z]{24,}", made["key"])
    assert (made["mode"], made["kind"]) == ("live", "public")
    days = rows_of(
        database_url(home.data),
        "select extract(epoch from expires_at - created_at) / 86400 as days from api_keys where id = $1",
        made["id"],
    )
    assert round(days[0]["days"]) == 30
    refused = Caller(home.server.base, made["key"]).open_account()
    assert (refused.status_code, refused.json()["code"]) == (403, "secret_key_required")


@pytest.mark.slow
def test_a_restricted_key_is_made_and_its_rate_is_set_while_the_server_runs(home: Home) -> None:
    made = home.cli_json("keys", "create", "--allow", "bills:read", "--from", "127.0.0.1", "--expires", "12h")
    (listed,) = [key for key in home.cli_json("keys", "list") if key["id"] == made["id"]]
    assert (listed["allow"], listed["from"], listed["expires_at"]) == (
        ["bills:read"],
        ["127.0.0.1/32"],
        made["expires_at"],
    )
    assert "rate_limit" not in listed
    assert listed["last_used_at"] is None
    caller = Caller(home.server.base, made["key"])
    assert caller.get("/billing/bills").status_code == 200
    assert caller.get("/billing/accounts").json()["code"] == "key_not_allowed"

    assert "1/h" in home.cli("keys", "set", made["id"], "--rate-limit", "1/h")
    time.sleep(1)
    assert [caller.get("/billing/bills").status_code for _ in range(2)] == [200, 429]
    home.cli("keys", "set", made["id"], "--no-rate-limit")
    time.sleep(1)
    assert caller.get("/billing/bills").status_code == 200
    deadline = time.monotonic() + 10
    used = "select id from api_keys where id = $1 and last_used_at is not null"
    while not rows_of(database_url(home.data), used, made["id"]):
        assert time.monotonic() < deadline, "nobody says that the key was used"
        time.sleep(0.1)


def test_a_collectors_key_is_made_for_a_till(home: Home) -> None:
    made = home.cli_json("keys", "create", "--kind", "collector")
    assert re.fullmatch(r"ck_test_[0-9A-Za-z]{24,}", made["key"])
    assert (made["mode"], made["kind"], made["expires_at"]) == ("test", "collector", None)
    (listed,) = [key for key in home.cli_json("keys", "list") if key["id"] == made["id"]]
    assert (listed["kind"], listed["state"]) == ("collector", "in force")
    till = Caller(home.server.base, made["key"])
    totals = till.get("/billing/daily_totals")
    assert (totals.status_code, totals.json()["collector_id"]) == (200, made["id"])
    refused = till.open_account()
    assert (refused.status_code, refused.json()["code"]) == (403, "secret_key_required")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("keys", "revoke", "key_nothing"), "key_nothing"),
        (("merchants", "set", "--default-rules", "bill ZAR 7"), "bill ZAR 100 500000"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(home: Home, arguments: tuple[str, ...], says: str) -> None:
    done = dues(*arguments, data=str(home.data))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_payment_rules_are_shown_changed_and_taken_away(home: Home) -> None:
    def shown() -> Any:
        opened = home.caller().open_account(currency="NAD", balance=5)
        assert opened.status_code == 201
        return opened.json().get("payment_rules")

    chosen = ("merchants", "payment-rules", "--mode", "test", "--kind", "account", "--currency", "NAD")
    change = ("merchants", "set", "--mode", "test", "--default-rules")
    assert [row["payment_rules"] for row in home.cli_json(*chosen)] == [shown()]

    wanted = {"min_amount": 7, "max_amount": 700, "underpayment_allowed": False, "overpayment_allowed": True}
    rules = [{"mode": "test", "kind": "account", "currency": "NAD", "payment_rules": wanted}]
    said = home.cli_json(*change, "account NAD 7 700 no-underpayment overpayment")
    assert said["default_payment_rules"] == home.cli_json(*chosen) == rules
    assert shown() == wanted

    home.cli(*change, "account NAD none")
    assert (home.cli_json(*chosen), shown()) == ([], None)


def test_the_databases_url_is_one_that_works(home: Home) -> None:
    url = home.cli("database-url").strip()
    assert rows_of(url, "select 1 as one") == [{"one": 1}]


def test_status_sees_who_serves(home: Home) -> None:
    assert home.server.process
    found = home.cli_json("status")
    assert [one["pid"] for one in found["servers"]] == [home.server.process.pid]
    assert (found["wrong"], found["database"]["embedded"]) == ([], True)
