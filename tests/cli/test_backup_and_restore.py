"""`dues backup` and `dues restore`: a copy on another folder sends nothing that the original sends, until it may."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clusters import Template
from tests.journeys.home import dues, environment
from tests.journeys.journal import SOAK
from tests.journeys.outgoing import Stage, register_customers, stage
from tests.journeys.own_database import rows_of, until
from tests.journeys.receiver import FAILS, TAKEN, Receiver, receiving
from tests.running import Caller

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "back-up-and-restore.md"

LONG_ENOUGH_SECONDS = 2.5
"""A dispatcher looks once a second."""


@pytest.mark.slow
def test_a_copy_sends_nothing_until_it_is_released(tmp_path: Path, template: Template) -> None:
    template.copy_to(tmp_path / "original" / "data")
    (tmp_path / "copy").mkdir()
    file, data = tmp_path / "dues.zip", str(tmp_path / "copy" / "data")
    with receiving() as receiver:
        with stage(tmp_path / "original") as original:
            merchant = original.new_merchant()
            endpoint = receiver.register(merchant.caller(), "/hooks", FAILS)
            [before] = register_customers(merchant.caller(), 1)
            until(lambda: receiver.arrivals)
            told = json.loads(dues("backup", str(file), "--json", data=str(original.data)).stdout)
            assert (told["file"], told["noted"], told["bytes"]) == (str(file), True, file.stat().st_size)
            over = dues("restore", str(file), data=str(original.data))
            assert (over.returncode, over.stdout) == (2, "")
            assert f"There is a database in {original.data} already" in over.stderr
        receiver.behave("/hooks", TAKEN)
        receiver.arrivals.clear()

        done = dues("restore", str(file), data=data)
        assert done.returncode == 0, done.stderr
        assert "Its deliveries are held" in done.stdout
        assert "The books are right: " in done.stdout
        with stage(tmp_path / "copy") as copy:
            hold_and_release(copy, Caller(copy.server.base, merchant.key()), receiver)
            # What was skipped can be asked for.
            resend = dues("webhooks", "resend", endpoint, "--since", "2020-01-01", data=data, merchant=merchant.id)
            assert resend.returncode == 0, resend.stderr
            until(lambda: before in {one.object_id for one in receiver.arrivals})


def hold_and_release(copy: Stage, caller: Caller, receiver: Receiver) -> None:
    """Nothing comes while it is held; then what is new, and once more all that has waited."""

    def arrived() -> list[str]:
        return [one.object_id for one in receiver.arrivals]

    register_customers(caller, 1)
    assert caller.get("/readyz").json() == {"status": "ready", "deliveries": "held"}
    with copy.hurrying(600):
        time.sleep(LONG_ENOUGH_SECONDS)
    assert arrived() == []
    assert copy.server.log.read_text().count('"event":"deliveries_held"') == 1
    assert "is not." in dues("webhooks", "release", "--skip-pending", data=str(copy.data)).stdout
    assert caller.get("/readyz").json() == {"status": "ready"}
    [later] = register_customers(caller, 1)
    with copy.hurrying(600):
        until(lambda: arrived() == [later])
        time.sleep(LONG_ENOUGH_SECONDS)
    assert arrived() == [later]
    assert rows_of(copy.url, "select from webhook_deliveries where status = 'pending'") == []

    rows_of(copy.url, "update installation set deliveries_held_at = now()")
    time.sleep(LONG_ENOUGH_SECONDS)
    [waits] = register_customers(caller, 1)
    time.sleep(LONG_ENOUGH_SECONDS)
    assert arrived() == [later]
    assert "with all that has waited" in dues("webhooks", "release", data=str(copy.data)).stdout
    until(lambda: arrived() == [later, waits])
    assert dues("webhooks", "release", data=str(copy.data)).stdout == "Deliveries are not held.\n"


def test_a_restore_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "dues.zip").write_bytes(b"PK")
    done = dues("restore", str(tmp_path / "dues.zip"), data=str(tmp_path / "data"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is no whole backup" in done.stderr
    assert not (tmp_path / "data").exists()


def test_backup_of_nothing_says_so(tmp_path: Path) -> None:
    done = dues("backup", str(tmp_path), data=str(tmp_path / "data"))
    assert (done.returncode, "There is no database in" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.soak
@pytest.mark.skipif(not SOAK, reason="takes long")
def test_the_guide_is_run_as_it_stands(tmp_path: Path, template: Template) -> None:
    [first] = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    template.copy_to(tmp_path / "data")
    known = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-eux", "-c", first], cwd=tmp_path, env=environment() | known | {"DUES_DATA": "data"}, check=False
    )
    assert done.returncode == 0
    assert (tmp_path / "restored" / "postgres" / "PG_VERSION").exists()
