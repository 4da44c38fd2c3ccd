"""`dues journal`: what moved as double entries, in a file or printed."""

import hashlib
import json
import stat
from pathlib import Path

import pytest

from tests.cli.test_export import Commands
from tests.conftest import Merchant
from tests.resources.journal.books import fetch, read_hledger
from tests.resources.payments.paying import new_bill, pay
from tests.running import Caller


@pytest.fixture
def commands(database_url: str, merchant: Merchant) -> Commands:
    return Commands(database_url, merchant)


def test_it_is_what_the_api_sends_in_a_file_or_printed(commands: Commands, alice: Caller, tmp_path: Path) -> None:
    bill = new_bill(alice, amount_due=1_000)
    pay(alice, bill=bill["id"], amount=400, method="eft")
    file, names = tmp_path / "journal", tmp_path / "names.json"
    file.write_text("what was there")
    told = commands.json("journal", "--output", str(file))
    assert file.read_text() == commands.run("journal").stdout == fetch(alice)
    assert len(read_hledger(file.read_text())) == told["movements"] == 2
    assert (told["bytes"], told["to"]) == (file.stat().st_size, str(file))
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Wrote 2 movements" in commands.run("journal", "-o", str(file), "--summary").output
    assert file.read_text() == fetch(alice, summary="true")
    names.write_text(json.dumps({"receivable": "1200", "billed": "4000"}))
    table = commands.run("journal", "--format", "csv", "--accounts", str(names), "--account", "billed=4001").stdout
    called = {f"accounts[{name}]": number for name, number in (("receivable", "1200"), ("billed", "4001"))}
    assert table.splitlines() == fetch(alice, format="csv", **called).splitlines()
    assert ",4001," in table
    assert read_hledger(commands.run("journal", "--to", "2026-01-01").stdout) == []
    assert read_hledger(commands.run("journal", "--live").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--json",), "say --output"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "first day"),
        (("--from", "yesterday"), "2026-01-31"),
        (("--from", "2200-01-01"), "last day"),
        (("--format", "xero"), "hledger"),
        (("--account", "receivable"), "receivable=1200"),
        (("--account", "pills=1200"), "none of the accounts"),
        (("--accounts", "nowhere.json"), "cannot be read"),
    ],
)
def test_what_it_does_not_understand_it_refuses(commands: Commands, arguments: tuple[str, ...], says: str) -> None:
    done = commands.run("journal", *arguments)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.replace("│", " ").split())
