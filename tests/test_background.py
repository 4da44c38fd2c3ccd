"""Background work: it comes round again whatever goes wrong, and says so once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from dues import background
from dues.background import Batch, Job, repeat, run_batches, run_jobs
from dues.db.errors import Conflict, LockTimeout, Unavailable


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(background, "BREATH_SECONDS", 0.001)


class Script:
    """A job that goes as it is written, one error or None a time; then it stands still."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self._outcomes: Iterator[Exception | None] = iter(outcomes)
        self.through = asyncio.Event()

    async def __call__(self) -> None:
        for outcome in self._outcomes:
            if outcome:
                raise outcome
            return
        self.through.set()
        await asyncio.Event().wait()


async def run_through(script: Script) -> None:
    """Repeats it to its end, and no further."""
    running = asyncio.create_task(repeat(Job("tidying", 0.0, script)))
    await asyncio.wait_for(script.through.wait(), 5)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def said_of(*outcomes: Exception | None) -> list[tuple[str, str]]:
    """(event, level) of what is in the log after a job went so."""
    with capture_logs() as logs:
        asyncio.run(run_through(Script(*outcomes)))
    assert all(line["job"] == "tidying" for line in logs)
    return [(line["event"], line["log_level"]) for line in logs]


def test_it_comes_round_again_after_any_error() -> None:
    """It gets to the end of what is written, or waiting for that takes too long."""
    said_of(None, Unavailable("away"), ValueError("a defect"), None, Conflict("first"), None)


@pytest.mark.parametrize("error", [Unavailable("away"), Conflict("first"), LockTimeout("held")])
def test_what_passes_by_itself_is_said_once_until_it_goes_well(error: Exception) -> None:
    assert said_of(error, error, error) == [("job_postponed", "warning")]
    assert said_of(error, error, None, error) == [("job_postponed", "warning")] * 2


def test_another_trouble_is_said_too() -> None:
    assert said_of(Unavailable("away"), Conflict("first")) == [("job_postponed", "warning")] * 2


def test_a_defect_is_said_with_its_frames_and_without_its_message() -> None:
    with capture_logs() as logs:
        asyncio.run(run_through(Script(ValueError("Jane Doe"))))
    [line] = logs
    assert (line["event"], line["log_level"], line["kind"]) == ("job_failed", "error", "ValueError")
    assert "test_background.py" in line["frames"]
    assert "Jane" not in str(line)


def test_jobs_do_not_wait_for_each_other() -> None:
    async def run() -> None:
        stuck, quick = asyncio.Event(), asyncio.Event()

        async def be_quick() -> None:
            quick.set()

        running = asyncio.create_task(run_jobs([Job("stuck", 0.0, stuck.wait), Job("quick", 0.0, be_quick)]))
        await asyncio.wait_for(quick.wait(), 5)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())


def test_a_batch_is_repeated_until_it_is_not_full() -> None:
    left = {"a": 250, "b": 100, "c": 0}
    taken: list[tuple[str, int]] = []

    def some_of(name: str) -> Batch:
        async def take() -> int:
            number = min(left[name], 100)
            left[name] -= number
            taken.append((name, number))
            return number

        return take

    async def batches() -> AsyncIterator[Batch]:
        for name in left:
            yield some_of(name)

    asyncio.run(run_batches(batches(), 100))
    assert taken == [("a", 100), ("a", 100), ("a", 50), ("b", 100), ("b", 0), ("c", 0)]
