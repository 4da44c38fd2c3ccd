"""`dues export`: a list in a file that `dues import` reads, and all that a merchant has in a folder."""

import csv
import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dues.cli.main import app
from tests.conftest import Merchant
from tests.journeys.own_database import rows_of
from tests.resources.payments.paying import pay
from tests.running import Caller, new_reference


class Commands:
    """`dues …` on the database of a merchant."""

    def __init__(self, database_url: str, merchant: Merchant) -> None:
        self._environment = {"DUES_DATABASE_URL": database_url, "DUES_MERCHANT": merchant.id}

    def run(self, *arguments: str) -> Result:
        """What comes of it."""
        return CliRunner().invoke(app, arguments, env=self._environment)

    def json(self, *arguments: str) -> Any:
        """What it prints. It must succeed."""
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@pytest.fixture
def commands(database_url: str, merchant: Merchant) -> Commands:
    return Commands(database_url, merchant)


def test_a_list_goes_into_a_file_by_its_filters_and_comes_back_unchanged(
    commands: Commands, alice: Caller, tmp_path: Path
) -> None:
    bills = [alice.make_bill(amount_due=amount).json() for amount in (100, 200, 300)]
    pay(alice, bill=bills[0]["id"], amount=100)
    file = tmp_path / "bills.csv"
    file.write_text("what was there")
    told = commands.json("export", "--kind", "bills", "--status", "unpaid", "--to", str(file))
    assert (told["kind"], told["to"], told["rows"], told["bytes"]) == ("bills", str(file), 2, file.stat().st_size)
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["id"] for row in found] == [bills[2]["id"], bills[1]["id"]]
    done = commands.run("import", str(file), "--kind", "bills", "--follow")
    assert (done.exit_code, "2 unchanged" in done.output) == (0, True), done.output

    options = ("--where", "amount[gte]=200", "--columns", "amount_due", "--amounts", "major", "--spreadsheet")
    assert "Exported 2 bills to" in commands.run("export", "--kind", "bills", "--to", str(file), *options).output
    assert file.read_bytes() == b"\xef\xbb\xbfamount_due\r\n3.00\r\n2.00\r\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Say --kind"),
        (("--kind", "bills", "--all"), "Say --kind"),
        (("--all", "--status", "paid"), "no filter"),
        (("--kind", "pills"), "customers"),
        (("--kind", "bills", "--status", "open"), "must be one of"),
        (("--kind", "bills", "--columns", "statsu"), "mean status"),
        (("--kind", "bills", "--where", "limit=5"), "all rows"),
        (("--kind", "bills", "--where", "collour=5"), "no parameter"),
    ],
)
def test_what_it_does_not_understand_it_refuses(
    commands: Commands, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = commands.run("export", "--to", str(tmp_path / "file"), *arguments)
    assert done.exit_code == 2
    assert says in " ".join(done.output.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_has_all_that_the_merchant_has_and_says_how_to_prove_it(
    commands: Commands, alice: Caller, mallory: Caller, merchant: Merchant, database_url: str, tmp_path: Path
) -> None:
    account = new_reference("A")
    alice.open_account(external_reference=account, currency="ZAR", balance=5_000, metadata={"q": 'a\\"\n'[:3]})
    bill = alice.make_bill(account=account).json()
    pay(alice, bill=bill["id"], amount=1_000)
    pay(alice, account=account, amount=1_000)
    mallory.open_account()
    folder = tmp_path / "export"
    told = commands.json("export", "--all", "--to", str(folder))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["merchant_id"], manifest["mode"], manifest["format"]) == (merchant.id, "test", 1)
    read: dict[str, list[Any]] = {}
    for name, member in {**manifest["tables"], "heads": manifest["heads"]}.items():
        data = (folder / f"{name}.jsonl").read_bytes()
        read[name] = [json.loads(line) for line in data.splitlines()]
        assert (len(read[name]), len(data)) == (member["rows"], member["bytes"])
        assert hashlib.sha256(data).hexdigest() == member["sha256"]
    assert told["rows"] == sum(len(rows) for name, rows in read.items() if name != "heads")
    assert {path.name for path in folder.iterdir()} == {f"{name}.jsonl" for name in read} | {"manifest.json"}
    counts = {name: len(rows) for name, rows in read.items()}
    assert counts | {"customers": 1, "accounts": 1, "bills": 1, "payments": 2, "payment_applications": 2} == counts
    [shown] = read["accounts"]
    assert (shown["external_reference"], shown["balance"], shown["metadata"]) == (account, 4_000, {"q": 'a\\"'})
    assert shown.keys().isdisjoint({"cell", "tenant_id", "reference_folded"})
    # Each ledger's end, as it is in the database.
    last = {entry["owner_id"]: entry for entry in read["entries"]}
    assert len(last) == len(read["heads"]) == 2
    for head in read["heads"]:
        entry = last[head["owner_id"]]
        proof = (entry["number"], entry["balance_after"], entry["hash"])
        assert (head["number"], head["balance_after"], f"\\x{head['hash']}") == proof
    assert len(rows_of(database_url, "select 1 from entries where owner_id = $1", shown["id"])) == 2

    again = commands.run("export", "--all", "--to", str(folder))
    assert (again.exit_code, "is there already" in str(again.exception)) == (1, True)
    other = tmp_path / "live"
    other.mkdir()
    assert commands.json("export", "--all", "--live", "--to", str(other))["ledgers"] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "live"]
