"""The folder of a closing: everything in one ZIP file, which proves itself, with the same bytes again."""

import csv
import io
import json
import shutil
import subprocess
import time
import zipfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dues.db.database import Database
from tests.cli.test_export import Commands
from tests.conftest import Ask, Merchant
from tests.resources.closings.closing import WHY, closed, go_to, pay_on, reopen, today
from tests.resources.conftest import MakeKey
from tests.resources.control_totals.test_control_totals import figures, recounted
from tests.resources.journal.books import fetch, minor, read_csv, read_hledger
from tests.resources.payments.paying import new_bill, pay
from tests.resources.statements.random_histories import History, total_of
from tests.running import Caller

DAY = timedelta(days=1)

FILES = {
    *("README.txt", "SHA256SUMS", "manifest.json", "verify.json", "control_totals.json", "control_totals.csv"),
    *("statements.csv", "ageing.csv", "ageing_by_customer.csv", "journal.hledger", "journal.csv"),
    *("late_entries.csv", "ledger_heads.csv"),
}


def folder(caller: Caller, closing: dict[str, Any]) -> bytes:
    """It is asked for, and waited for."""
    path = f"/billing/closings/{closing['id']}/folder"
    asked = caller.http.post(path, headers={"Idempotency-Key": f"{time.time_ns()}"})
    assert asked.status_code == 202, asked.text
    deadline = time.monotonic() + 40
    while (answer := caller.get(path)).status_code != 200:
        assert answer.json()["code"] == "folder_not_ready", answer.text
        assert "failed" not in answer.json()["detail"], answer.text
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


def unpacked(data: bytes, to: Path) -> Path:
    """Where its files are; by a program that is not ours where there is one."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(to)
        [name] = {one.partition("/")[0] for one in archive.namelist()}
    assert {one.name for one in (to / name).iterdir()} == FILES
    return to / name


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(), newline="")))


def test_it_says_what_everything_else_says_and_proves_itself(alice: Caller, tmp_path: Path) -> None:
    history = History(alice, 5)
    for _ in range(2):
        history.next_day()
        for _ in range(40):
            history.step()
    counted = recounted(history)
    last = today(alice)
    go_to(alice, last + DAY)
    closing = closed(alice, last)
    new_bill(alice, amount_due=77)  # of another month
    data = folder(alice, closing)
    found = unpacked(data, tmp_path)
    assert shutil.which("sha256sum")
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=found, check=False).returncode == 0
    manifest = json.loads((found / "manifest.json").read_text())
    assert set(manifest["files"]) == FILES - {"SHA256SUMS", "manifest.json"}
    assert manifest["closing"] == closing["id"]
    assert json.loads((found / "control_totals.json").read_text()) == closing

    totals = {one["currency"]: one for one in closing["currencies"]}
    assert figures(totals, "closing") == counted
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows(found / "statements.csv"):
        for name in ("closing", "closing_held"):
            sums[row["currency"], name] += minor(row[name], row["currency"])
        path = f"/billing/customers/{row['customer_id']}/statement?from=1970-01-01&to={last}"
        [one] = [one for one in alice.get(path).json()["currencies"] if one["currency"] == row["currency"]]
        told = [minor(row[name], row["currency"]) for name in ("opening", "charged", "credited", "closing")]
        assert told == [one["opening"]["total"], one["charged"], one["credited"], one["closing"]["total"]]
    for currency, one in counted.items():
        assert (sums[currency, "closing"], sums[currency, "closing_held"]) == (total_of(one), one["held"])
    assert (found / "ageing.csv").read_bytes().decode() == alice.get(f"/billing/ageing.csv?as_of={last}").text
    journal = read_hledger((found / "journal.hledger").read_text())
    assert journal == read_hledger(fetch(alice, to=str(last)))
    assert Counter(posting for one in journal for posting in one.postings) == Counter(
        read_csv((found / "journal.csv").read_text())
    )
    heads = {row["ledger"]: row for row in rows(found / "ledger_heads.csv")}
    entries = alice.everything(f"/billing/accounts/{history.accounts[0]['id']}/entries")
    assert int(heads[history.accounts[0]["id"]]["entries"]) == len(entries)
    verified = json.loads((found / "verify.json").read_text())
    assert (verified["wrong"], verified["ledgers"]) == (0, len(heads))


def test_it_has_the_same_bytes_again_whatever_comes_later(
    alice: Caller, merchant: Merchant, database_url: str, tmp_path: Path
) -> None:
    bill = new_bill(alice, amount_due=5_000)
    pay(alice, bill=bill["id"], amount=100)
    last = today(alice)
    go_to(alice, last + DAY)
    closing = closed(alice, last)
    first = folder(alice, closing)
    pay(alice, bill=bill["id"], amount=200)
    new_bill(alice)
    again = folder(alice, closing)
    assert contents(again) == contents(first)
    assert again == first
    told = Commands(database_url, merchant).json("close", "--through", str(last), "--folder", str(tmp_path / "f.zip"))
    assert told["was_closed_before"] is True
    assert told["closing"]["id"] == closing["id"]
    assert (tmp_path / "f.zip").read_bytes() == first
    assert pay_on(alice, bill, last, **{WHY: "=late"}).status_code == 201
    [late] = rows(unpacked(folder(alice, closing), tmp_path / "late") / "late_entries.csv")
    assert (late["reason"], late["date"]) == ("'=late", str(last))
    assert reopen(alice, closing["id"]).status_code == 200


def test_a_folder_is_for_whoever_may_and_nobody_else(
    alice: Caller, mallory: Caller, merchant: Merchant, restricted: MakeKey
) -> None:
    closing = closed(alice, today(alice) - DAY)
    path = f"/billing/closings/{closing['id']}/folder"
    assert alice.get(path).json()["code"] == "folder_not_found"
    assert folder(alice, closing)
    for other in (mallory, merchant.caller("live")):
        assert other.get(path).json()["code"] == "closing_not_found"
        assert other.http.post(path, headers={"Idempotency-Key": "k"}).json()["code"] == "closing_not_found"
    reader = restricted(allowed=("closings:*",))
    assert reader.get(path).status_code == 403
    assert reader.http.post(path, headers={"Idempotency-Key": "k"}).status_code == 403
    assert restricted(allowed=("folders:read",)).get(path).status_code == 200
    assert merchant.caller(kind="public").get(path).status_code == 403


@pytest.mark.slow
def test_what_was_closed_and_is_another_by_now_is_not_put_in_a_folder(
    alice: Caller, ask: Ask[None], database_url: str, merchant: Merchant, tmp_path: Path
) -> None:
    new_bill(alice, amount_due=300)
    last = today(alice)
    go_to(alice, last + DAY)
    closing = closed(alice, last)

    async def spoil(database: Database) -> None:
        told = "update closings set totals = replace(totals::text, '300', '301')::jsonb where id = $1"
        await database.rows(told, closing["id"])

    ask(spoil)
    done = Commands(database_url, merchant).run("close", "--through", str(last), "--folder", str(tmp_path / "f.zip"))
    assert done.exit_code == 2
    assert "something else" in " ".join(done.output.replace("│", " ").split())
    assert not (tmp_path / "f.zip").exists()
