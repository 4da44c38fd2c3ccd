"""The drop folder: each file that is put there is imported once, whatever happens, and its result is put beside it."""

import asyncio
import csv
import gzip
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from dues.db.database import Database
from dues.jobs.process import carry_out_all
from dues.resources.imports.carry_out import Carrier
from dues.resources.imports.dropped.dropping import Dropping
from dues.resources.imports.dropped.folder import Folder
from dues.resources.imports.dropped.names import beside, is_whole, shown, unused
from dues.resources.imports.dropped.watch import DropFolder
from tests.conftest import Merchant
from tests.running import Caller, RunningServer, new_key, new_reference

PERSON = "external_reference,first_name,last_name,passport_number,amount_due\n{},Jane,Doe,P1,{}\n"


def customers(*references: str) -> str:
    return "\n".join(["external_reference", *references, ""])


class Dropped:
    """Somebody who puts files into a merchant's folder, and whoever looks after it, in this process."""

    def __init__(self, url: str, root: Path, merchant: str) -> None:
        self.url, self.root = url, root
        self.folder = root / merchant / "test"
        self.folder.mkdir(parents=True)
        (self.folder / "in").mkdir()

    def put(self, name: str, text: str | bytes) -> Path:
        path = self.folder / "in" / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def there(self, part: str) -> list[str]:
        return sorted(name for name in os.listdir(self.folder / part) if not name.startswith("."))

    def text(self, part: str, name: str) -> str:
        return (self.folder / part / name).read_text()

    @property
    def is_over(self) -> bool:
        return not self.there("in") and not self.there(".taken")

    def drop(self, database: Database, still: float = 0) -> DropFolder:
        return DropFolder(database, Dropping(self.root, still, timedelta(days=30)))

    def work(self, question: Callable[[Database], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            database = await Database.connect(self.url, 4)
            try:
                return await question(database)
            finally:
                await database.close()

        return asyncio.run(run())

    async def until_over(self, database: Database, looks: int = 40) -> None:
        """Looks, and carries out, until nothing is in hand."""
        drop, holder = self.drop(database), new_key()
        try:
            for _ in range(looks):
                await drop.look()
                if self.is_over:
                    return
                await carry_out_all(database, holder, Carrier(database, holder).run)
            raise AssertionError(f"{self.there('in')} {self.there('.taken')}")
        finally:
            drop.close()

    def import_all(self) -> None:
        self.work(self.until_over)


@pytest.fixture
def dropped(database_url: str, tmp_path: Path, merchant: Merchant) -> Dropped:
    return Dropped(database_url, tmp_path / "drop", merchant.id)


def imports(alice: Caller) -> list[Any]:
    return alice.everything("/billing/imports")


def test_a_file_is_imported_by_its_name_and_its_result_put_beside_it(dropped: Dropped, alice: Caller) -> None:
    jane, john = new_reference("C"), new_reference("C")
    dropped.put("Customers 2026 – März.csv", f"external_reference,email\n{jane},jane@example.com\n{john},x\n")
    dropped.put("ZA_Acme_dailyfile_2026-01-05.csv.gz", gzip.compress(PERSON.format(jane, "240.00").encode()))
    with capture_logs() as log:
        dropped.import_all()
    assert alice.get(f"/billing/customers/{jane}").json()["balance"] == 24_000
    name = "Customers 2026 – März.csv"
    assert dropped.there("done") == [name, "ZA_Acme_dailyfile_2026-01-05.csv.gz"]
    assert dropped.there("out") == [f"{name}.result.csv", "ZA_Acme_dailyfile_2026-01-05.csv.gz.result.csv"]
    rows = list(csv.DictReader(dropped.text("out", f"{name}.result.csv").splitlines()))
    assert [(row["verdict"], row["external_reference"]) for row in rows] == [("created", jane), ("rejected", john)]
    assert dropped.there("rejected") == dropped.there(".taken") == []
    assert [job["kind"] for job in imports(alice)] == ["moment_daily", "customers"]
    assert [line["event"] for line in log if line["event"].startswith("drop")] == [
        "drop_file_taken",
        "drop_file_done",
    ] * 2
    assert {path.stat().st_mode & 0o777 for path in dropped.folder.iterdir() if path.name != "in"} == {0o700}
    assert (dropped.folder / "out" / f"{name}.result.csv").stat().st_mode & 0o777 == 0o640


def test_what_is_refused_lies_in_rejected_with_the_reason(dropped: Dropped, alice: Caller) -> None:
    jane = new_reference("C")
    text = customers(jane)
    dropped.put("customers.csv", text)
    dropped.put("ZA_Acme_dailyfile_2026-01-05.csv", PERSON.format(jane, "240.00"))
    dropped.import_all()
    long = "customers-" + "x" * 241 + ".csv"
    refused: dict[str, tuple[str | bytes, str]] = {
        "customers.csv": (text, "file_already_imported"),
        "ZA_Acme_dailyfile_2026-01-04.csv": (PERSON.format(jane, "1.00"), "file_out_of_order"),
        "ZA_Acme_dailyfile_2199-01-04.csv": (PERSON.format(jane, "2.00"), "file_date_in_future"),
        "letter.txt": ("Dear Sir", "file_name_unrecognised"),
        "customers-\n.csv": (customers("A"), "file_name_unrecognised"),
        "bills.csv": ("", "file_empty"),
        "bills.csv.gz": (b"no gzip", "file_not_gzip"),
        long: (customers(), "file_empty"),
        os.fsdecode(b"customers-\xff.csv"): (customers("B"), "file_name_unrecognised"),
    }
    for name, (content, _) in refused.items():
        dropped.put(name, content)
    dropped.import_all()
    for name, (_, code) in refused.items():
        told = json.loads(dropped.text("rejected", beside(name, ".refused.json")))
        assert (told["file_name"], told["code"]) == (shown(name), code)
        assert (dropped.folder / "rejected" / name).is_file()
    assert len(dropped.there("rejected")) == 2 * len(refused)
    assert alice.get(f"/billing/customers/{jane}").json()["balance"] == 24_000
    dropped.put("customers.csv", text)
    dropped.import_all()
    assert {"customers.2.csv", "customers.2.csv.refused.json"} < set(dropped.there("rejected"))
    assert (len(imports(alice)), dropped.there("done")) == (2, ["ZA_Acme_dailyfile_2026-01-05.csv", "customers.csv"])


def test_what_is_not_whole_and_what_is_no_file_is_left_where_it_is(dropped: Dropped, alice: Caller) -> None:
    folder, elsewhere = dropped.folder / "in", dropped.root.parent / "secret.csv"
    elsewhere.write_text(customers("SECRET"))
    left = [".customers.csv", "customers.csv.filepart", "customers.csv.tmp", "customers.csv.PART", "customers.csv~"]
    for name in left:
        dropped.put(name, customers("A"))
    (folder / "customers-link.csv").symlink_to(elsewhere)
    (folder / "customers-folder.csv").mkdir()
    os.mkfifo(folder / "customers-pipe.csv")
    (dropped.root / "nobody").mkdir()
    (dropped.root / "nobody" / "test").mkdir()
    (dropped.root / "link").symlink_to(dropped.folder.parent)
    there = sorted(os.listdir(folder))

    async def look(database: Database) -> None:
        drop = dropped.drop(database)
        for _ in range(2):
            assert not await drop.is_wanted()
            await drop.look()
        assert not drop.is_busy

    with capture_logs() as log:
        dropped.work(look)
    assert [(line["event"], line["folder"]) for line in log] == [("drop_folder_unknown", "nobody")]
    assert sorted(os.listdir(folder)) == there
    assert os.listdir(dropped.root / "nobody" / "test") == []
    assert imports(alice) == []
    # A folder of the tenant's that is a link leads nowhere either.
    shutil.rmtree(dropped.folder / "done")
    (dropped.folder / "done").symlink_to(dropped.root.parent)
    dropped.put("customers.csv", customers("A"))
    with capture_logs() as log:
        dropped.work(look)
    assert [line["event"] for line in log if line["folder"] != "nobody"] == ["drop_folder_unusable"]


def test_a_file_that_grows_is_taken_when_it_stood_still(dropped: Dropped, alice: Caller) -> None:
    path = dropped.put("customers.csv", "external_reference\n")

    async def look(database: Database) -> None:
        drop = dropped.drop(database, still=0.3)
        for number in range(8):
            await drop.look()
            assert (dropped.there("in"), drop.is_busy) == (["customers.csv"], True)
            with path.open("a") as file:
                file.write(f"C-{number}\n")
            await asyncio.sleep(0.1)
        await drop.look()
        await asyncio.sleep(0.35)
        await drop.look()
        assert dropped.there("in") == []
        drop.close()

    dropped.work(look)
    dropped.import_all()
    assert [job["rows"]["created"] for job in imports(alice)] == [8]


def test_a_file_that_grows_while_it_is_read_is_read_again(
    dropped: Dropped, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped.put("customers.csv", customers("A"))
    open_taken, reads = Folder.open_taken, list[str]()

    def growing(self: Folder, token: str, name: str) -> Any:
        file = open_taken(self, token, name)
        reads.append(name)
        [path] = (dropped.folder / ".taken").glob("*/customers.csv")

        class Growing:
            """The file, to which somebody adds a row the first time it is read."""

            fileno, __enter__, __exit__ = file.fileno, lambda this: this, lambda this, *_: file.close()

            def read(self, size: int) -> bytes:
                data = bytes(file.read(size))
                if len(reads) == 1 and path.stat().st_size < 100:
                    path.write_text(customers("A", "B" * 100))
                return data

        return Growing()

    monkeypatch.setattr(Folder, "open_taken", growing)
    with capture_logs() as log:
        dropped.import_all()
    assert [line["reason"] for line in log if line["event"] == "drop_file_postponed"] == ["it is still being written"]
    assert [job["rows"]["created"] for job in imports(alice)] == [2]


def test_a_full_disk_is_waited_for_and_nothing_is_done_twice(
    dropped: Dropped, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped.put("customers.csv", customers("A", "B"))
    fsync, full = os.fsync, [True] * 5

    def flush(file: int) -> None:
        if "out" in os.readlink(f"/proc/self/fd/{file}") and full:
            full.pop()
            raise OSError(28, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", flush)
    with capture_logs() as log:
        dropped.import_all()
    postponed = [line for line in log if line["event"] == "drop_file_postponed"]
    assert [(line["file"], line["reason"]) for line in postponed] == [("customers.csv", "No space left on device")]
    assert (full, len(imports(alice)), dropped.there("out")) == ([], 1, ["customers.csv.result.csv"])
    assert [name for name in os.listdir(dropped.folder / "out") if name.startswith(".")] == []


def test_two_that_look_take_each_file_once(dropped: Dropped, alice: Caller) -> None:
    for number in range(6):
        dropped.put(f"customers-{number}.csv", customers(f"C-{number}"))

    async def both(database: Database) -> None:
        drops = [dropped.drop(database) for _ in range(2)]
        for _ in range(40):
            await asyncio.gather(*(drop.look() for drop in drops))
            assert [drop.is_busy for drop in drops].count(True) <= 1
            assert not await drops[0].is_wanted() or dropped.is_over, "somebody looks after it"
            await carry_out_all(database, "one", Carrier(database, "one").run)
            if dropped.is_over:
                break
        for drop in drops:
            drop.close()

    dropped.work(both)
    assert sorted(job["file_name"] for job in imports(alice)) == [f"customers-{number}.csv" for number in range(6)]
    assert len(dropped.there("done")) == len(dropped.there("out")) == 6
    assert dropped.there("rejected") == []


async def let_go(database: Database) -> None:
    """Whoever was killed holds no job any more: here nobody waits for that."""
    await database.rows("update jobs set leased_until = null returning id")


def killed_at(step: int, dropped: Dropped) -> bool:
    """Whether whoever looks after the folder is killed before its step of this number; each is something that it does
    to the disk or asks of the database."""

    def run() -> None:
        steps = iter(range(step))

        def counted(does: Callable[..., Any]) -> Callable[..., Any]:
            def do(*arguments: Any, **named: Any) -> Any:
                if next(steps, None) is None:
                    os._exit(9)
                return does(*arguments, **named)

            return do

        for name in ("mkdir", "rename", "fsync", "unlink", "rmdir"):
            setattr(os, name, counted(getattr(os, name)))
        Database.rows = counted(Database.rows)  # type: ignore[method-assign]
        dropped.import_all()
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(60)
    assert process.exitcode in (0, 9)
    return process.exitcode == 9


SOAK = os.environ.get("DUES_TEST_SOAK") == "1"


@pytest.mark.slow
@pytest.mark.parametrize("stride", [pytest.param(1, marks=pytest.mark.soak) if SOAK else 7])
def test_whoever_is_killed_between_any_two_steps_leaves_what_another_ends(
    dropped: Dropped, alice: Caller, stride: int
) -> None:
    step, number = 0, 0
    while True:
        name = f"customers-{number}.csv"
        dropped.put(name, customers(f"C-{number}"))
        dropped.put(f"bills-{number}.csv", "no bill\nat all\n")
        was_killed = killed_at(step, dropped)
        dropped.work(let_go)
        dropped.import_all()
        assert len(dropped.there("done")) == number + 1
        assert len(dropped.there("out")) == number + 1
        assert len(dropped.there("rejected")) == 2 * (number + 1)
        rows = list(csv.DictReader(dropped.text("out", f"{name}.result.csv").splitlines()))
        assert [row["external_reference"] for row in rows] == [f"C-{number}"]
        if not was_killed:
            break
        step, number = step + stride, number + 1
    assert number > 100 / stride / 4, "it has more steps than that"
    assert len(imports(alice)) == number + 1
    assert {job["rows"]["created"] for job in imports(alice)} == {1}


@pytest.fixture
def serving(database_url: str, dropped: Dropped, tmp_path: Path) -> Iterator[RunningServer]:
    server = RunningServer(
        database_url=database_url,
        log=tmp_path / "log",
        drop_folder=str(dropped.root),
        drop_seconds="1",
        file_days="3",
        webhooks="false",
    )
    with server.running() as running:
        yield running


@pytest.mark.slow
def test_a_server_looks_after_it(dropped: Dropped, merchant: Merchant, serving: RunningServer) -> None:
    alice, jane = merchant.caller(base=serving.base), new_reference("C")
    dropped.put("customers.csv", customers(jane))
    deadline = time.monotonic() + 30
    while not (dropped.is_over and dropped.there("done")):
        assert time.monotonic() < deadline, serving.log.read_text()
        time.sleep(0.1)
    assert alice.get(f"/billing/customers/{jane}").status_code == 200
    [job] = imports(alice)
    headers = {"Content-Type": "text/csv", "Idempotency-Key": new_key()}
    sent = alice.http.post("/billing/imports?kind=customers&dry_run=true", content=customers("A"), headers=headers)
    for one in (job, sent.json()):
        created_at, expires_at = (datetime.fromisoformat(one[name]) for name in ("created_at", "expires_at"))
        assert expires_at - created_at == timedelta(days=3)
    lines = [json.loads(line) for line in serving.log.read_text().splitlines()]
    assert {"drop_file_taken", "drop_file_done"} <= {line["event"] for line in lines}


def test_names_that_are_odd() -> None:
    assert [is_whole(name) for name in ("a.csv", ".a.csv", "a.csv.TMP", "a.tmp.csv")] == [True, False, False, True]
    assert len(beside("ü" * 127, ".refused.json").encode(errors="surrogateescape")) == 255
    assert unused("a.csv.gz", {"a.csv.gz", "a.2.csv.gz"}.__contains__) == "a.3.csv.gz"
    assert unused("." + "x" * 250, lambda name: len(name) == 251).endswith("x.2")
