"""What a run leaves behind is found, so that a run which leaves something fails."""

import os
import subprocess
import sys
from pathlib import Path

from tests.leftovers import MARK, left_over

SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]


def test_what_was_started_or_works_in_the_folder_is_found_and_ended_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "run" / "below").mkdir(parents=True)
    unmarked = {name: text for name, text in os.environ.items() if name != MARK}
    own = {MARK: str(tmp_path / "run")}
    with (
        subprocess.Popen(SLEEP, env=unmarked | own, stdout=subprocess.PIPE) as marked,
        subprocess.Popen(SLEEP, env=unmarked, cwd=tmp_path / "run" / "below", stdout=subprocess.PIPE) as inside,
        subprocess.Popen(SLEEP, env=unmarked | {MARK: f"{tmp_path}/r"}, stdout=subprocess.PIPE) as others,
    ):
        for process in (marked, inside, others):
            assert process.stdout
            process.stdout.readline()
        found = left_over(tmp_path / "run", patience_seconds=0)
        assert sorted(line.partition(":")[0] for line in found) == sorted(str(one.pid) for one in (marked, inside))
        assert [process.wait(5) for process in (marked, inside)] == [-9, -9]
        assert others.poll() is None
        others.kill()
    assert left_over(tmp_path / "run", patience_seconds=0) == []


def test_this_run_can_be_found_by_its_mark() -> None:
    assert MARK in os.environ
