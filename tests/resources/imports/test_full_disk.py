"""An import that finds no room on the disk stands still, and goes on to its end where there is room again."""

import json
import time
from pathlib import Path

import pytest

from tests.backups.test_full_disks import fill_up, small_disk
from tests.clusters import Template
from tests.conftest import findings
from tests.journeys.home import Home, stopped_at_the_end
from tests.journeys.journal import SOAK
from tests.journeys.own_database import database_url, rows_of, until
from tests.resources.imports.conftest import Importing
from tests.running import RunningServer

pytestmark = [pytest.mark.soak, pytest.mark.skipif(not SOAK, reason="takes long")]

ROWS = 60_000


def test_it_goes_on_where_there_is_room_again(template: Template, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_000) as disk:
        template.copy_to(disk / "data")
        server = RunningServer(data=disk / "data", log=tmp_path / "log")
        home = Home(disk / "data", server)
        with stopped_at_the_end(server):
            home.start()
            importing, url = Importing(home.caller()), database_url(home.data)
            rows = (f"CUST-{number},ZAR,{number + 1}" for number in range(ROWS))
            job = importing.send("\n".join(["external_reference,currency,balance", *rows]), kind="customers").json()

            def created() -> int:
                found = rows_of(url, f"select counts from jobs where id = '{job['id']}'")
                return int(json.loads(found[0]["counts"]).get("created", 0))

            until(lambda: created() > 3_000, 60)
            fill_up(disk / "filler")
            until(lambda: '"event":"job_put_down"' in server.log.read_text(), 60)
            time.sleep(5)  # it is tried again, in vain
            assert importing.caller.get(f"/billing/imports/{job['id']}").status_code in (200, 503)
            (disk / "filler").unlink()
            until(lambda: importing.caller.get("/readyz").status_code == 200, 60)
            until(lambda: importing.caller.get(f"/billing/imports/{job['id']}").json()["status"] == "completed", 240)
            done = importing.caller.get(f"/billing/imports/{job['id']}").json()
            assert done["rows"]["created"] == ROWS
            assert findings(url) == []
            [found] = rows_of(url, "select count(*) as n, sum(balance) as owed from customers")
            assert (found["n"], found["owed"]) == (ROWS, ROWS * (ROWS + 1) // 2)
