"""A backup of the newest PostgreSQL is restored in the oldest, and one of that in the newest."""

from pathlib import Path

import pytest

from tests.backups.copies import back_up, content, manifest_of, restore_into
from tests.books.filling import fill
from tests.clusters import OLDEST, OldestPostgres, oldest_binaries
from tests.conftest import findings
from tests.db.databases import EmptyDatabases
from tests.journeys.home import new_home
from tests.journeys.journal import SOAK
from tests.journeys.own_database import database_url as url_of

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not SOAK, reason="takes long"),
    pytest.mark.skipif(oldest_binaries() is None, reason=f"this machine has no server of PostgreSQL {OLDEST}"),
]


def test_it_goes_to_the_oldest_and_back(tmp_path: Path, databases: EmptyDatabases) -> None:
    with new_home(tmp_path) as home:
        fill(home.caller())
        there = content(url_of(home.data))
        newest = back_up(url_of(home.data), tmp_path / "newest.zip")
    old = OldestPostgres(tmp_path / "oldest")
    try:
        url = EmptyDatabases(old.open()).new()
        restore_into(url, newest.path)
        assert findings(url) == []
        assert content(url) == there
        oldest = back_up(url, tmp_path / "oldest.zip")
    finally:
        old.close()
    versions = [one.manifest.postgresql.partition(".")[0] for one in (newest, oldest)]
    assert versions == ["18", OLDEST]

    again = databases.new()
    restore_into(again, oldest.path)
    assert content(again) == there
    assert manifest_of(oldest.path).heads == manifest_of(newest.path).heads
