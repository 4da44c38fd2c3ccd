"""Background work: it comes round again whatever goes wrong, and says so once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from dues import background
from dues.background import Batch, Deleted, Job, Purge, Queue, repeat, run_batches, run_jobs
from dues.db.errors import Conflict, LockTimeout, Unavailable


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(background, "BREATH_SECONDS", 0.001)
    monkeypatch.setattr(background, "PAUSE_SECONDS_MIN", 0.001)


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


def test_a_purge_goes_on_where_its_last_batch_ended_and_says_how_far_it_is_behind() -> None:
    before = datetime(2026, 1, 1, tzinfo=UTC)
    rows = {"a": [1, 2, 3, 4, 5], "b": [7]}
    told: list[tuple[str, int, float]] = []

    def some_of(name: str) -> Queue:
        async def take(after: int, limit: int) -> Deleted:
            taken = [row for row in rows[name] if row > after][:limit]
            # They stay where they are, as they do for PostgreSQL: only the place says what is next.
            return Deleted(len(taken), taken[-1] if taken else None, before - timedelta(hours=10 - (taken or [0])[-1]))

        return take, 0

    async def queues() -> AsyncIterator[Queue]:
        for name in rows:
            yield some_of(name)

    purge = Purge("events", before, 2, lambda *one: told.append(one))
    asyncio.run(asyncio.wait_for(purge.run(queues()), 5))
    hour = 3_600.0
    assert told == [
        ("events", 2, 8 * hour),
        ("events", 2, 6 * hour),
        ("events", 1, 5 * hour),
        ("events", 1, 3 * hour),
        ("events", 0, 0.0),
    ]


def test_a_purge_pauses_for_longer_where_its_batches_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    paused: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        await sleep(0)

    async def queues() -> AsyncIterator[Queue]:
        left = iter((0.0, 0.2, None))

        async def take(_after: int, limit: int) -> Deleted:
            seconds = next(left)
            await sleep(seconds or 0)
            return Deleted(0 if seconds is None else limit, 0, datetime.now(UTC))

        yield take, 0

    monkeypatch.setattr(asyncio, "sleep", pause)
    asyncio.run(Purge("events", datetime.now(UTC), 2, lambda *_: None).run(queues()))
    quick, slow = paused
    assert quick < 0.05
    assert slow >= 0.1
