"""A backup restores all that was there into an empty database, or says why not and leaves that empty."""

import asyncio
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from msgspec import to_builtins

from dues.backups.manifest import BackupError
from dues.backups.read import open_backup
from dues.backups.restore import restore_backup
from dues.db.errors import Unavailable
from dues.db.migrate import grant_to, migrate, migrations
from tests.backups.copies import (
    altered,
    back_up,
    content,
    manifest_of,
    restore_into,
    schema_of,
    with_manifest,
)
from tests.books.filling import fill
from tests.conftest import findings
from tests.db.databases import EmptyDatabases, execute
from tests.db.roles import Roles, as_role, roles  # noqa: F401 -- a fixture
from tests.journeys.own_database import rows_of
from tests.running import Caller, RunningServer

ANYTHING = "select from pg_class where relnamespace = 'public'::regnamespace"


@dataclass(frozen=True)
class Original:
    """A database with a little of everything, and a backup of it that was taken while more was written."""

    url: str
    quiet: Path
    busy: Path


@pytest.fixture(scope="module")
def original(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Original]:
    """Made once. Tests leave it as it is."""
    folder, databases = tmp_path_factory.mktemp("backups"), EmptyDatabases(database_url)
    url = databases.new()
    server = RunningServer(database_url=url, log=folder / "log", webhooks="false", data=folder / "data", cells="2")
    with server.running():
        caller = Caller(server.base, first_key(folder / "data"))
        fill(caller)
        assert caller.post("/billing/webhook_endpoints", {"url": "https://hooks.example.com/"}).status_code == 201
        with writing(caller):
            busy = back_up(url, folder / "busy.zip")
    odd = "description = E'a\\ttab, a \\\\ and a line\\nbreak'"
    execute(url, f"update webhook_endpoints set leased_by = 'somebody', leased_until = now(), {odd}")
    yield Original(url, back_up(url, folder).path, busy.path)
    databases.close()


def first_key(data: Path) -> str:
    """The test secret key of the first merchant."""
    [file] = data.glob("keys-of-*")
    found = re.search(r"^test secret +(\S+)", file.read_text(), re.MULTILINE)
    assert found
    return found[1]


class writing:  # noqa: N801 -- it is used as a function is
    """Somebody writes meanwhile."""

    def __init__(self, caller: Caller) -> None:
        self._caller, self._over, self._begun = caller, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        while not self._over.is_set():
            account = self._caller.open_account(currency="ZAR", balance=5).json()
            self._caller.post(f"/billing/accounts/{account['id']}/adjustments", {"amount": 7, "reason": "Fee"})
            self._begun.set()

    def __enter__(self) -> None:
        self._thread.start()
        assert self._begun.wait(10)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.mark.slow
def test_everything_is_there_again_and_goes_on(
    original: Original, databases: EmptyDatabases, log_path: Path, tmp_path: Path
) -> None:
    url = databases.new()
    assert restore_into(url, original.quiet) == []

    assert content(url) == content(original.url)
    assert all(content(url)[table] for table in ("entries", "events", "refunds", "bill_credits", "payment_links"))
    fresh = databases.new()
    asyncio.run(migrate(fresh))
    assert schema_of(url) == schema_of(fresh)
    with pytest.raises(asyncpg.RaiseError, match="immutable"):
        execute(url, "update entries set amount = 1")
    assert findings(url) == []
    [kept] = rows_of(url, "select * from installation")
    assert kept["deliveries_held_at"] == kept["restored_at"] is not None
    assert kept["backed_up_at"] is None
    assert rows_of(url, "select from webhook_endpoints where leased_by is not null") == []

    # New ids and positions do not meet those that were there.
    with RunningServer(database_url=url, log=log_path, webhooks="false").running() as server:
        assert server_says(server, "/readyz") == '{"status":"ready","deliveries":"held"}'
    [last] = rows_of(original.url, "select max(position) as position, max(t.id) as tenant from events, tenants t")
    [position] = rows_of(url, "select nextval('event_positions') as n, nextval('tenants_id_seq') as tenant")
    assert (position["n"] > last["position"], position["tenant"] > last["tenant"]) == (True, True)
    assert manifest_of(back_up(url, tmp_path / "again.zip").path).heads == manifest_of(original.quiet).heads


def server_says(server: RunningServer, path: str) -> str:
    """What it answers."""
    return Caller(server.base, None).get(path).text


@pytest.mark.slow
def test_a_backup_that_is_taken_while_others_write_is_of_one_moment(
    original: Original, databases: EmptyDatabases
) -> None:
    url = databases.new()
    restore_into(url, original.busy)
    assert findings(url) == []
    whole = len(content(original.url)["accounts"])
    assert 0 < len(content(url)["accounts"]) <= whole
    assert manifest_of(original.busy).heads.rows < manifest_of(original.quiet).heads.rows


def test_the_file_is_private_whole_and_named_by_its_time(original: Original, tmp_path: Path) -> None:
    assert re.fullmatch(r"dues-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.zip", original.quiet.name)
    assert original.quiet.stat().st_mode & 0o777 == 0o600
    there = tmp_path / "dues.zip"
    there.write_text("an older one")
    assert back_up(original.url, there).bytes == there.stat().st_size
    assert [one.name for one in tmp_path.iterdir()] == ["dues.zip"]
    [noted] = rows_of(original.url, "select backed_up_at from installation")
    assert noted["backed_up_at"] == manifest_of(there).taken_at
    with pytest.raises(BackupError, match=r"cannot be written to .*nowhere.*No such file"):
        back_up(original.url, tmp_path / "nowhere" / "dues.zip")


@pytest.mark.slow
def test_the_role_of_a_server_is_enough(
    roles: Roles,  # noqa: F811
    databases: EmptyDatabases,
    tmp_path: Path,
) -> None:
    owner = roles.new_database(databases)
    asyncio.run(migrate(owner))
    asyncio.run(grant_to(owner, roles.server))
    assert back_up(as_role(owner, roles.server), tmp_path / "dues.zip").noted
    # And who owns a database can fill it, without being a superuser.
    empty = roles.new_database(databases)
    restore_into(empty, tmp_path / "dues.zip")
    assert content(empty) == content(owner)


@pytest.mark.slow
def test_an_older_schema_is_brought_up_to_date(databases: EmptyDatabases, tmp_path: Path) -> None:
    old, new = databases.new(), databases.new()
    execute(
        old, "create table schema_migrations (name text primary key, applied_at timestamptz not null default now())"
    )
    version_before = (Path(__file__).parents[1] / "db" / "version_before.sql").read_text()
    newest = "0014_who_did_it.sql"
    for name, sql in migrations().items():
        if name == "0006_events_by_number.sql":
            execute(old, version_before)
        if name <= newest:
            execute(old, sql)
            execute(old, f"insert into schema_migrations (name) values ('{name}')")
    assert not (written := back_up(old, tmp_path / "old.zip")).noted
    assert written.manifest.schema == newest

    assert restore_into(new, written.path) == [name for name in migrations() if name > newest]
    assert findings(new) == []
    asyncio.run(migrate(old))
    assert content(new) == content(old)


def damaged(original: Original, folder: Path) -> Iterator[tuple[str, Path]]:
    """What is said of it, and a backup that is not as it was written."""
    data = original.quiet.read_bytes()
    for end in (0, 10, len(data) // 2, len(data) - 1):
        cut = folder / f"cut-{end}.zip"
        cut.write_bytes(data[:end])
        yield "is no whole backup", cut
    flipped = folder / "flipped.zip"
    place = data.index(b"tables/entries") + 200
    flipped.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    yield "tables/entries", flipped
    file, one = original.quiet, folder / "one.zip"
    yield (
        "tables/bills is not what was written",
        altered(file, one, {"tables/bills": lambda d: d.replace(b"1", b"2", 1)}),
    )
    yield (
        "tables/bills is not what was written",
        altered(file, one, {"tables/bills": lambda d: d + d.splitlines(True)[0]}),
    )
    yield "tables/bills cannot be read", altered(file, one, {"tables/bills": lambda d: None})
    yield "has no manifest", altered(file, one, {"manifest.json": lambda d: None})
    yield "manifest.json is not what was written", altered(file, one, {"manifest.json": lambda d: b"{}"})
    yield "has the format 2, and this dues knows those up to 1", with_manifest(file, one, format=2)
    names = [*migrations(), "9999_later.sql"]
    yield r"of a newer schema \(9999_later.sql\), which dues ", with_manifest(file, one, migrations=names)
    heads = {"rows": 1, "bytes": 1, "sha256": hashlib.sha256(b"").hexdigest()}
    yield (
        "The heads of the .* ledgers that were restored are not those of the 1 ",
        with_manifest(file, one, heads=heads),
    )
    yield "The entries come to", with_manifest(file, one, totals=[])


@pytest.mark.slow
def test_what_is_damaged_or_newer_is_refused_and_nothing_is_left(
    original: Original, databases: EmptyDatabases, tmp_path: Path
) -> None:
    url = databases.new()
    for says, file in damaged(original, tmp_path):
        with pytest.raises(BackupError, match=says):
            restore_into(url, file)
        assert rows_of(url, ANYTHING) == [], says
    restore_into(url, original.quiet)


def test_rows_that_belong_to_nobody_are_refused(original: Original, databases: EmptyDatabases, tmp_path: Path) -> None:
    """Also where somebody has made the manifest fit: the schema's own keys are made over all rows."""
    changed: list[bytes] = []

    def orphaned(data: bytes) -> bytes:
        changed.append(data.replace(b"bcus_", b"bcuz_"))
        return changed[0]

    file = altered(original.quiet, tmp_path / "one.zip", {"tables/customers": orphaned})
    tables = to_builtins(manifest_of(original.quiet).tables)
    tables["customers"]["sha256"] = hashlib.sha256(changed[0]).hexdigest()
    url = databases.new()
    with pytest.raises(BackupError, match=r"does not fit its own schema: .*foreign key") as refused:
        restore_into(url, with_manifest(file, tmp_path / "two.zip", tables=tables))
    assert "bcu" not in str(refused.value)
    assert rows_of(url, ANYTHING) == []


def test_what_is_not_empty_is_named_and_left_alone(original: Original, databases: EmptyDatabases) -> None:
    url = databases.new()
    execute(url, "create table mine (n int); insert into mine values (7)")
    with pytest.raises(BackupError, match=r"there is not empty: it has mine. A backup is"):
        restore_into(url, original.quiet)
    assert rows_of(url, "select n from mine") == [{"n": 7}]


def test_a_database_that_goes_away_meanwhile_has_nothing_of_it(original: Original, databases: EmptyDatabases) -> None:
    url = databases.new()
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
    end += " and pid <> pg_backend_pid()"

    def terminate(done: int) -> None:
        thread = threading.Thread(target=rows_of, args=(url, end))
        thread.start()
        thread.join()

    with open_backup(original.quiet) as backup, pytest.raises(Unavailable):
        asyncio.run(restore_backup(url, "there", backup, datetime.now(UTC), terminate))
    assert rows_of(url, ANYTHING) == []
