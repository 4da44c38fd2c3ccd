"""However a sequence of requests is cut into groups, it comes to the same as one after another."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings

from dues.db.database import Database
from dues.domain import ids
from dues.idempotency.answers import Answer
from dues.work.group_commit import Failed
from tests.commands.steps import AT_ONCE, EVERYTHING, Sequence, sequences
from tests.commands.world import COMMANDS, BoomError, play, play_one_by_one
from tests.journeys.journal import SOAK

EXAMPLES = 1_500 if SOAK else 25

Ran = Counter[str]
"""What was answered, to see that there was something to compare."""


class InOrder:
    """In the place of randomness: what is made later has the greater id, though all of it has the same time.

    The oldest of several bills would be another one in each run otherwise.
    """

    def __init__(self) -> None:
        self._count = int(datetime.now(UTC).timestamp() * 1_000)  # behind those of earlier runs, in one database

    def take(self, length: int) -> bytes:
        """Digits of the base that ids are written in."""
        self._count += 1
        left, digits = self._count, bytearray()
        for _ in range(length):
            left, digit = divmod(left, 62)
            digits.append(digit)
        return bytes(reversed(digits))


@pytest.fixture(autouse=True)
def _ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_random", InOrder())


@pytest.fixture(scope="module")
def run(database_url: str) -> Iterator[Callable[[Callable[[Database], object]], object]]:
    """Runs a coroutine function on one database, for all examples of a test."""
    with asyncio.Runner() as runner:
        database = runner.run(Database.connect(database_url, 2))
        yield lambda story: runner.run(story(database))  # type: ignore[arg-type]
        runner.run(database.close())


Run = Callable[[Callable[[Database], object]], object]

many = settings(max_examples=EXAMPLES, report_multiple_bugs=False, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.soak
def test_any_groups_come_to_the_same_as_one_by_one(run: Run) -> None:
    ran: Ran = Counter()

    @many
    @given(sequences())
    @example(EVERYTHING)
    def holds(sequence: Sequence) -> None:
        async def compare(database: Database) -> None:
            numbers = range(len(sequence.steps))
            together, by_id = await play(database, sequence)
            apart = await play_one_by_one(database, sequence, list(together.answers), by_id)
            assert await together.told(numbers) == await apart.told(numbers)
            for number, answer in together.answers.items():
                assert isinstance(answer, Answer)
                kind = "replayed" if answer.replayed else "done" if answer.status == 200 else "refused"
                ran[f"{sequence.steps[number].command} {kind}"] += 1

        run(compare)

    for sequence in AT_ONCE:
        holds = example(sequence)(holds)
    holds()
    assert {f"{command} done" for command in COMMANDS} <= ran.keys()
    assert any(name.endswith(" replayed") for name in ran)


@pytest.mark.soak
def test_who_is_refused_or_fails_leaves_the_others_as_if_it_had_never_been_there(run: Run) -> None:
    failed = 0

    @many
    @given(sequences(broken=True))
    def holds(sequence: Sequence) -> None:
        async def compare(database: Database) -> None:
            nonlocal failed
            together, by_id = await play(database, sequence)
            # A refusal that is kept under its key is something that was there.
            trace = [
                number
                for number, answer in together.answers.items()
                if isinstance(answer, Answer) and (answer.status == 200 or sequence.steps[number].key)
            ]
            failures = [answer for answer in together.answers.values() if isinstance(answer, Failed)]
            assert all(isinstance(answer.error, BoomError) for answer in failures)
            failed += len(failures)
            apart = await play_one_by_one(database, sequence, trace, by_id)
            assert await together.told(trace) == await apart.told(trace)

        run(compare)

    for _ in range(4):  # one that fails is in nearly every run of examples, and not in each
        holds()
        if failed:
            break
    assert failed
