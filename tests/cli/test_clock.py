"""`dues clock`, and what other commands make of the clock."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from typer.testing import CliRunner, Result

from dues.cli.main import app
from tests.conftest import Merchant
from tests.running import Caller, RunningServer

DAY = 86_400


def dues(url: str, *arguments: str) -> Result:
    """Runs `dues …` on the database to its end, in this process."""
    kept = {name: None for name in os.environ if name.startswith("DUES_") and name != "DUES_DATA"}
    return CliRunner().invoke(app, arguments, env=kept | {"DUES_DATABASE_URL": url})


def told(done: Result) -> Any:
    """The JSON that a command printed. It must have succeeded."""
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def offset(caller: Caller) -> int:
    """How far the clock is ahead, as the server says."""
    found: int = caller.get("/billing/test_clock").json()["offset_seconds"]
    return found


def test_it_shows_and_advances_the_clock_that_the_server_goes_by(
    database_url: str, merchant: Merchant, alice: Caller
) -> None:
    assert "the server's time" in dues(database_url, "clock", "show", "--merchant", merchant.id).output
    assert alice.make_bill().status_code == 201
    advanced = told(
        dues(database_url, "clock", "advance", "--merchant", merchant.id, "--seconds", str(40 * DAY), "--json")
    )
    assert advanced["offset_seconds"] == 40 * DAY

    told_at = time.monotonic()
    while alice.make_bill().json()["bill_date"] != f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%d}":
        assert time.monotonic() - told_at < 1
        time.sleep(0.05)
    assert merchant.caller("live").make_bill().json()["bill_date"] == f"{datetime.now(UTC):%Y-%m-%d}"
    shown = told(dues(database_url, "clock", "show", "--merchant", merchant.id, "--json"))
    assert shown.keys() == {"now", "offset_seconds"}
    assert shown["offset_seconds"] == 40 * DAY


def test_it_refuses_what_is_no_advance_and_leaves_the_clock(
    database_url: str, merchant: Merchant, alice: Caller
) -> None:
    for arguments, says in [
        ((), "give either --seconds or --to"),
        (("--seconds", "5", "--to", "2999-01-01T00:00:00Z"), "give either --seconds or --to"),
        (("--seconds", "0"), ">= 1"),
        (("--to", "2000-01-01T00:00:00Z"), "only goes forward"),
        (("--to", "9999-01-01T00:00:00Z"), "more than ten years ahead"),
        (("--to", "tomorrow"), "RFC3339"),
    ]:
        done = dues(database_url, "clock", "advance", "--merchant", merchant.id, *arguments)
        assert done.exit_code == 2
        assert says in " ".join(done.output.replace("│", " ").split())
    assert offset(alice) == 0


def test_keys_are_made_and_revoked_by_the_clock_of_their_mode(
    database_url: str, merchant: Merchant, alice: Caller, server: RunningServer
) -> None:
    alice.post("/billing/test_clock/advance", {"seconds": 40 * DAY})
    made = {
        mode: told(
            dues(
                database_url,
                "keys",
                "create",
                "--merchant",
                merchant.id,
                "--mode",
                mode,
                "--expires-in-days",
                "1",
                "--json",
            )
        )
        for mode in ("test", "live")
    }
    for mode, days in (("test", 41), ("live", 1)):
        expires_at = datetime.fromisoformat(made[mode]["expires_at"])
        assert abs(expires_at - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=1)
        assert Caller(server.base, made[mode]["key"]).make_bill().status_code == 201

    alice.post("/billing/test_clock/advance", {"seconds": DAY})
    states = {
        key["id"]: key["state"] for key in told(dues(database_url, "keys", "list", "--merchant", merchant.id, "--json"))
    }
    assert [states[made[mode]["id"]] for mode in ("test", "live")] == ["expired", "in force"]

    assert dues(database_url, "keys", "revoke", made["test"]["id"]).exit_code == 0
    [key] = [
        key
        for key in told(dues(database_url, "keys", "list", "--merchant", merchant.id, "--json"))
        if key["id"] == made["test"]["id"]
    ]
    assert key["state"] == "revoked"
    assert datetime.fromisoformat(key["revoked_at"]) > datetime.now(UTC) + timedelta(days=40)
