"""The journeys of a hot account, where tenants are spread over nodes."""

import time
from typing import Any

import pytest

from tests.journeys import test_hot_account as journeys
from tests.journeys.own_database import rows_of
from tests.journeys.test_hot_account import *

COUNT = "select sum(deadlocks) from pg_stat_database where datname = current_database()"


@pytest.fixture(autouse=True)
def _counted_on_all_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    def deadlocks(url: str) -> Any:
        time.sleep(1.5)  # so long a session may keep its numbers to itself
        [row] = rows_of(url, "select sum(result::bigint) as n from run_command_on_all_nodes($1)", COUNT)
        return row["n"]

    monkeypatch.setattr(journeys, "deadlocks", deadlocks)
