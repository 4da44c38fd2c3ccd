"""Any interleaving of any requests ends as if they had been carried out one after another."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.work.group_commit import Failed, GroupCommit
from dues.work.work import Work
from tests.work.stage import SOON_SECONDS, BoomError, Job, turns


@dataclass(frozen=True)
class Step:
    """Somebody asks, after `pause` turns of the loop, to make each named value `value * factor + number`.

    It may fail with all of its group, or alone.
    """

    tenant: int
    names: frozenset[str]
    number: int
    by_other_command: bool
    pause: int
    turns_in_work: int
    fails: bool
    fails_alone: bool
    leaves_at_once: bool


STEPS = st.lists(
    st.builds(
        Step,
        tenant=st.sampled_from([1, 1, 2, 3]),
        names=st.frozensets(st.sampled_from("abcde"), min_size=1, max_size=3),
        number=st.integers(1, 9),
        by_other_command=st.booleans(),
        pause=st.sampled_from([0, 0, 0, 1, 2, 5, 40]),
        turns_in_work=st.sampled_from([0, 0, 1, 3]),
        fails=st.sampled_from([False] * 7 + [True]),
        fails_alone=st.sampled_from([False] * 7 + [True]),
        leaves_at_once=st.sampled_from([False] * 7 + [True]),
    ),
    max_size=25,
)


def changed(value: int, step: Step) -> int:
    """The value after a step: not the same in another order, so nothing lost or swapped goes unseen."""
    return (value * (5 if step.by_other_command else 3) + step.number) % 1_000_003


def keys_of(step: Step) -> list[str]:
    """What it touches: nothing of another tenant's."""
    return [f"{step.tenant} {name}" for name in step.names]


def predicted(steps: Sequence[Step]) -> dict[str, int]:
    """The table, had the steps been carried out one after another."""
    table: dict[str, int] = {}
    for step in steps:
        if not (step.fails or step.fails_alone or step.leaves_at_once):
            for name in keys_of(step):
                table[name] = changed(table.get(name, 0), step)
    return table


class Values:
    """A table of values, and commands that read, wait a little and write back, as careless as may be."""

    def __init__(self, database: Database, table: str) -> None:
        self.database = database
        self._table = table
        self._in_work: set[str] = set()
        self.shared = 0

    async def _change(self, work: Work, jobs: Sequence[Job]) -> list[Any]:
        steps: list[Step] = [job.body for job in jobs]
        names = {name for step in steps for name in keys_of(step)}
        assert self._in_work.isdisjoint(names), "something is in work twice"
        self._in_work |= names
        try:
            rows = await work.tx.find(f"select key, value from {self._table} where key = any($1::text[])", [*names])
            values = {row["key"]: row["value"] for row in rows}
            for step in steps:
                await turns(step.turns_in_work)
            answers: list[Any] = []
            touched: set[str] = set()
            for step in steps:
                if step.fails_alone:
                    answers.append(Failed(BoomError()))
                    continue
                after = {key: changed(values.get(key, 0), step) for key in keys_of(step)}
                self.shared += not touched.isdisjoint(after)
                touched |= after.keys()
                values |= after
                answers.append(after)
            work.tx.write(
                f"insert into {self._table} select $1::integer, * from unnest($2::text[], $3::bigint[])"
                " on conflict (key) do update set value = excluded.value",
                [(key, values[key]) for key in touched],
            )
            if any(step.fails for step in steps):
                raise BoomError
            return answers
        finally:
            self._in_work -= names

    async def play(self, steps: Sequence[Step]) -> tuple[dict[str, int], list[Any]]:
        """Carries the steps out, as they come; returns the table and what each was answered."""
        await self.database.rows(f"delete from {self._table}")
        work = GroupCommit(self.database, self._change)
        clients = []
        for step in steps:
            await turns(step.pause)
            claims, name = frozenset(keys_of(step)), "other" if step.by_other_command else "one"
            job = Job(step, name=name, tenant=Tenant(1, step.tenant), claims=claims)
            clients.append(asyncio.create_task(work.submit(job)))
            await asyncio.sleep(0)
            if step.leaves_at_once:
                clients[-1].cancel()
        async with asyncio.timeout(SOON_SECONDS):
            answers = await asyncio.gather(*clients, return_exceptions=True)
            await work.drain()
        rows = await self.database.rows(f"select key, value from {self._table}")
        return {row["key"]: row["value"] for row in rows}, answers


def test_any_interleaving_ends_as_if_done_one_after_another(database_url: str) -> None:
    schema = f"scratch_{uuid4().hex}"
    with asyncio.Runner() as runner:
        database = runner.run(Database.connect(database_url, 4))
        runner.run(database.rows(f"create schema {schema}"))
        runner.run(
            database.rows(f"create table {schema}.things (cell integer, key text primary key, value bigint not null)")
        )
        values = Values(database, f"{schema}.things")

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(STEPS)
        @example([Step(1, frozenset("a"), 1, False, 0, 0, False, False, False)] * 20)
        def all_is_as_predicted(steps: list[Step]) -> None:
            table, answers = runner.run(values.play(steps))
            assert table == predicted(steps)
            for step, answer in zip(steps, answers, strict=True):
                if step.leaves_at_once:
                    continue
                failed = step.fails or step.fails_alone
                assert isinstance(answer, BoomError) if failed else set(answer[0]) == {*keys_of(step)}

        try:
            all_is_as_predicted()
            assert values.shared, "no group ever had two of one claim"
        finally:
            with suppress(Exception):
                runner.run(database.rows(f"drop schema {schema} cascade"))
            runner.run(database.close())
