"""Two processes that are about the same things wait for each other in no circle, in whatever order they were asked."""

import asyncio
from collections.abc import Sequence as Several
from datetime import timedelta

import asyncpg
import pytest

from dues.commands.carry_out import Group
from dues.db.database import Database
from dues.db.errors import Conflict
from dues.db.transaction import Transaction
from dues.resources.customers.store import CUSTOMER
from dues.resources.kinds import KINDS
from dues.work.work import Work, clock_offsets_of
from tests.commands.steps import Name, Sequence, Step
from tests.commands.world import NOW, World, new_world
from tests.conftest import Ask


async def decide(tx: Transaction, world: World, numbers: Several[int], *, cautious: bool = False) -> None:
    """Does all for a group but commit it."""
    jobs = [world._job(number, set(), {}) for number in numbers]
    work = Work(tx, NOW, clock_offsets_of(job.request for job in jobs), cautious)
    await Group(KINDS, timedelta(hours=24)).carry_out(work, jobs)


async def wait_for(world: World, waiting: int) -> None:
    """Returns once so many sessions wait for others."""
    query = "select count(distinct pid)::integer as n from pg_locks where not granted"

    async with asyncio.timeout(5):
        while (await world.database.rows(query))[0]["n"] < waiting:  # noqa: ASYNC110 -- PostgreSQL does not say so
            await asyncio.sleep(0.01)


def hold_to_one_winner(*outcomes: BaseException | None) -> None:
    """One got through, and the other was told at once that it came second: nobody had to break a circle."""
    [second] = [outcome for outcome in outcomes if outcome]
    assert isinstance(second, Conflict)
    assert isinstance(second.__cause__, asyncpg.UniqueViolationError)


def new_customers(*references: str) -> list[Step]:
    """A request for each."""
    return [Step(0, "customers.create", {"external_reference": reference}) for reference in references]


def test_new_references_in_opposite_orders(ask: Ask[None]) -> None:
    async def story(database: Database) -> None:
        world = await new_world(database, Sequence(new_customers("a", "b", "c")))
        cell = world.tenants[0].cell
        async with database.transaction(cell) as one, database.transaction(cell) as other:
            await decide(one, world, [0, 1, 2])
            await decide(other, world, [2, 1, 0])
            # Both come as far as they can, since a third has what is in the middle for a while.
            async with database.transaction(cell) as third:
                await decide(third, world, [1])
                await third.lock(CUSTOMER.insert, cell, *zip(*third._writes[CUSTOMER.insert], strict=True))
                commits = asyncio.gather(one.commit(), other.commit(), return_exceptions=True)
                await wait_for(world, 2)
            hold_to_one_winner(*await commits)

    ask(story)


@pytest.mark.parametrize("steps", [[0, 1], [1, 0]])
def test_a_new_reference_and_something_that_is_there_already(ask: Ask[None], steps: list[int]) -> None:
    account = {"customer": Name("customer", "owner", False), "external_reference": "a", "currency": "ZAR", "balance": 0}
    adjust = Step(0, "accounts.adjust", {"amount": 1, "reason": "x"}, Name("account", "a", False))
    there = [*new_customers("owner"), Step(0, "accounts.create", account)]

    async def story(database: Database) -> None:
        world = await new_world(database, Sequence([*new_customers("new"), adjust, *there]))
        await world.carry_out([2, 3], set(), cautious=False)
        cell = world.tenants[0].cell
        async with database.transaction(cell) as quick, database.transaction(cell) as cautious:
            await decide(quick, world, steps)
            await decide(cautious, world, steps, cautious=True)
            waiting = asyncio.create_task(_outcome(quick))
            await wait_for(world, 1)
            hold_to_one_winner(await _outcome(cautious), await waiting)

    ask(story)


async def _outcome(tx: Transaction) -> Exception | None:
    try:
        await tx.commit()
    except Exception as error:
        return error
    return None
