"""`dues merchants`: what is set, and how merchants are named."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from dues.cli.main import app
from tests.conftest import Merchant
from tests.running import Caller, new_reference

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str) -> Run:
    """Runs `dues …` on the test's database; `merchant` is DUES_MERCHANT."""

    def run(*words: str, merchant: str | None = None) -> Result:
        return CliRunner().invoke(app, words, env={"DUES_DATABASE_URL": database_url, "DUES_MERCHANT": merchant})

    return run


def shown(result: Result) -> Any:
    """The JSON that was printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def complaint(result: Result) -> str:
    """What was wrong, on one line, out of its frame."""
    assert result.exit_code == 2, result.output
    return re.sub(r"\s+", " ", re.sub(r"[│╭╮╰╯─]", " ", result.stderr))


def test_name_and_time_zone_are_set_and_the_rest_stays(run: Run, merchant: Merchant, alice: Caller) -> None:
    name = new_reference("Example & Co")
    first = shown(run("merchants", "set", merchant.id, "--time-zone", "Africa/Johannesburg", "--json"))
    assert (first["id"], first["name"], first["time_zone"]) == (merchant.id, "A test", "Africa/Johannesburg")
    second = shown(run("merchants", "set", merchant.id, "--name", name, "--json"))
    assert second == first | {"name": name}
    assert alice.get("/billing/daily_totals").json()["time_zone"] == "Africa/Johannesburg"
    found = shown(run("merchants", "show", name, "--json"))
    assert {key: found[key] for key in second} == second
    assert [row for row in shown(run("merchants", "list", "--json")) if row["id"] == merchant.id] == [second]


def test_how_files_are_read_is_set_one_by_one_and_a_file_is_read_so(
    run: Run, merchant: Merchant, alice: Caller, tmp_path: Path
) -> None:
    usual = {"identifier": "external_reference", "model": "customer_balance", "currency": "ZAR", "country": "ZA"}
    assert shown(run("merchants", "show", merchant.id, "--json"))["file_settings"] == usual
    said = {"identifier": "meter", "model": "account_balance", "currency": "NAD", "country": "NA"}
    for name, value in said.items():
        shown(run("merchants", "set", merchant.id, f"--file-{name}", value, "--json"))
    assert shown(run("merchants", "show", merchant.id, "--json"))["file_settings"] == said
    shown(run("merchants", "set", merchant.id, "--time-zone", "Africa/Windhoek", "--json"))
    [row] = [row for row in shown(run("merchants", "list", "--json")) if row["id"] == merchant.id]
    assert row["file_settings"] == said
    file, meter = tmp_path / "daily.csv", new_reference("METER")
    file.write_text(f"meter,first_name,last_name,passport_number,amount_due\n{meter},Jane,Doe,P1,2.50\n")
    imported = run("import", str(file), "--kind", "moment_daily", "--follow", "--json", merchant=merchant.id)
    assert shown(imported)["rows"]["created"] == 1
    account = alice.get(f"/billing/accounts/{meter}").json()
    assert (account["balance"], account["currency"]) == (250, "NAD")


@pytest.mark.parametrize(
    ("option", "text", "says"),
    [
        ("currency", "zar", "Did you mean ZAR?"),
        ("currency", "RAND", "must be an active ISO 4217"),
        ("country", "za", "Did you mean ZA?"),
        ("country", "ZZ", "must be an ISO 3166 code"),
        ("model", "account", "'account_balance'"),
        ("identifier", " meter", "must be the name of a column"),
        ("identifier", "verdict", "must not be verdict"),
    ],
)
def test_files_are_read_by_nothing_that_makes_no_sense(
    run: Run, merchant: Merchant, option: str, text: str, says: str
) -> None:
    assert says in complaint(run("merchants", "set", merchant.id, f"--file-{option}", text))
    assert shown(run("merchants", "show", merchant.id, "--json"))["file_settings"]["currency"] == "ZAR"


def test_a_merchant_is_made_where_it_is(run: Run) -> None:
    made = shown(run("merchants", "create", new_reference("Far East"), "--time-zone", "Asia/Tokyo", "--json"))
    assert shown(run("merchants", "show", made["id"], "--json"))["time_zone"] == made["time_zone"] == "Asia/Tokyo"
    usual = shown(run("merchants", "create", new_reference("Anywhere"), "--json"))
    assert not Path("data", f"keys-of-{usual['id']}").exists(), "that is the folder of whoever runs the tests"
    assert shown(run("merchants", "show", usual["id"], "--json"))["time_zone"] == usual["time_zone"] == "UTC"


def test_default_rules_are_set_and_taken_away_by_kind_currency_and_mode(run: Run, merchant: Merchant) -> None:
    def rules(mode: str, kind: str, currency: str) -> Any:
        words = ("merchants", "payment-rules", "--mode", mode, "--kind", kind, "--currency", currency, "--json")
        return [row["payment_rules"] for row in shown(run(*words, merchant=merchant.id))]

    before = rules("live", "bill", "ZAR")
    general, special = "all all 1 1000000", "bill ZAR 7 700 no-underpayment overpayment"
    said = ("--default-rules", general, "--default-rules", special, "--default-rules", "account USD none")
    shown(run("merchants", "set", merchant.id, "--mode", "test", *said, "--json"))
    widest = {"min_amount": 1, "max_amount": 1_000_000, "underpayment_allowed": True, "overpayment_allowed": False}
    narrow = {"min_amount": 7, "max_amount": 700, "underpayment_allowed": False, "overpayment_allowed": True}
    assert rules("test", "bill", "ZAR") == [narrow]
    assert rules("test", "account", "USD") == []
    assert rules("test", "account", "ZAR") == rules("test", "customer", "JPY") == [widest]
    assert rules("live", "bill", "ZAR") == before != [widest]

    both = run("merchants", "set", merchant.id, "--default-rules", "bill ZAR 7 700 overpayment no-underpayment")
    assert both.exit_code == 0
    assert rules("live", "bill", "ZAR") == [narrow]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say what to set"),
        (["--name", "A test", "--mode", "test"], "--mode is for --default-rules"),
        (["--name", ""], "1 to 255 characters"),
        (["--name", " A"], "without white space at its ends"),
        (["--name", "A\nB"], "control characters"),
        (["--name", "mer_0Ue8xPq2dH4jp6KnU5cPw"], "that is how ids do"),
        (["--time-zone", "Africa/Johanesburg"], "Did you mean Africa/Johannesburg?"),
        (["--default-rules", "bills ZAR 1 2"], "The kind is customer, account, bill or all"),
        (["--default-rules", "bill zar 1 2"], "Did you mean ZAR?"),
        (["--default-rules", "bill ZAR"], "bill ZAR 100 500000"),
        (["--default-rules", ""], "bill ZAR 100 500000"),
        (["--default-rules", "bill ZAR 1"], "Amounts are whole numbers"),
        (["--default-rules", "bill ZAR 1 2.50"], "Amounts are whole numbers"),
        (["--default-rules", "bill ZAR -1 2"], "Amounts are whole numbers"),
        (["--default-rules", "bill ZAR 1 9007199254740992"], "9007199254740991"),
        (["--default-rules", "bill ZAR 2 1"], "must not be above max_amount"),
        (["--default-rules", "bill ZAR 1 2 overpaid"], "no-underpayment or overpayment"),
        (["--default-rules", "bill ZAR 1 2 overpayment no-overpayment"], "no-underpayment or overpayment"),
        (["--default-rules", "bill ZAR none overpayment"], "Amounts are whole numbers"),
    ],
)
def test_nonsense_is_refused_before_anything_is_looked_up(words: list[str], says: str) -> None:
    nowhere = {"DUES_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    assert says in complaint(CliRunner().invoke(app, ["merchants", "set", *words], env=nowhere))


def test_a_merchant_is_named_by_its_name_too_by_every_command_that_is_for_one(run: Run, merchant: Merchant) -> None:
    name = new_reference("Café")
    run("merchants", "set", merchant.id, "--name", name)
    for said in (name, name.upper(), name.replace("é", "e\u0301"), merchant.id):
        assert shown(run("merchants", "show", said, "--json"))["id"] == merchant.id
    own = {key.id for key in merchant.keys}
    assert {key["id"] for key in shown(run("keys", "list", "--merchant", name, "--json"))} == own
    assert {key["id"] for key in shown(run("keys", "list", "--json", merchant=name))} == own
    assert shown(run("clock", "show", "--merchant", name, "--json"))["offset_seconds"] == 0
    assert shown(run("webhooks", "list", "--json", merchant=name)) == []


def test_every_command_takes_it_from_the_variable() -> None:
    def commands(group: Any) -> Iterator[Any]:
        for command in group.commands.values():
            yield from commands(command) if hasattr(command, "commands") else [command]

    taking = [one for command in commands(get_command(app)) for one in command.params if one.name == "merchant"]
    assert len(taking) >= 16
    assert {one.envvar for one in taking} == {"DUES_MERCHANT"}


def test_what_is_said_wins_over_the_variable(run: Run, merchant: Merchant) -> None:
    assert shown(run("merchants", "show", merchant.id, "--json", merchant="nobody"))["id"] == merchant.id
    assert "There is no merchant nobody" in complaint(run("keys", "list", merchant="nobody"))


def test_of_two_with_one_name_neither_is_meant(run: Run, new_merchant: Callable[[], Merchant]) -> None:
    name, one, other = new_reference("Twice"), new_merchant().id, new_merchant().id
    run("merchants", "set", one, "--name", name)
    run("merchants", "set", other, "--name", name.upper())
    assert shown(run("merchants", "show", name, "--json"))["id"] == one, "as it is written"
    said = complaint(run("merchants", "show", name.lower()))
    assert "2 merchants are called" in said
    assert one in said
    assert other in said
    run("merchants", "set", other, "--name", name)
    assert "2 merchants are called" in complaint(run("merchants", "set", name, "--name", "Somebody"))
    assert {shown(run("merchants", "show", each, "--json"))["name"] for each in (one, other)} == {name}


def test_where_there_are_several_and_none_is_said_they_are_named(
    run: Run, new_merchant: Callable[[], Merchant]
) -> None:
    new_merchant()
    new_merchant()
    assert re.search(
        r"There are \d+ merchants; say which, with --merchant or DUES_MERCHANT: mer_\w+ \(.+\)",
        complaint(run("keys", "list")),
    )


def test_stripes_secrets_come_from_the_environment_fit_the_mode_and_are_never_shown(
    run: Run, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_nobodys")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_nobodys")
    set_so = run("merchants", "stripe", merchant.id)
    assert set_so.exit_code == 0, set_so.output
    assert "/checkouts/stripe/messages" in set_so.output
    assert "nobodys" not in set_so.output
    assert "it begins with sk_live_" in complaint(run("merchants", "stripe", merchant.id, "--mode", "live"))
    assert run("merchants", "stripe", merchant.id, "--remove").exit_code == 0
