"""`dues import`: what is set of it."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dues.cli.main import app
from tests.conftest import Merchant


@pytest.mark.parametrize(("said", "days"), [({}, 30), ({"DUES_FILE_DAYS": "3"}, 3)])
def test_a_file_is_kept_for_as_long_as_is_set(
    database_url: str, merchant: Merchant, tmp_path: Path, said: dict[str, str], days: int
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("external_reference\nCUST-1\n")
    words = ["import", str(file), "--kind", "customers", "--dry-run", "--json"]
    environment = {"DUES_DATABASE_URL": database_url, "DUES_MERCHANT": merchant.id} | said
    made = json.loads(CliRunner().invoke(app, words, env=environment).stdout)
    times = [datetime.fromisoformat(made[name]) for name in ("created_at", "expires_at")]
    assert times[1] - times[0] == timedelta(days=days)
