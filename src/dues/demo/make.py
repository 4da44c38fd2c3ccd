"""A demo merchant is made: every step of its year by the command of the API, at the step's own time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from msgspec import Struct

from dues.commands.carry_out import Group
from dues.commands.command import Command, Conditional, Modify
from dues.commands.job import Job
from dues.commands.shapes import adjust_balance_owner
from dues.db.database import Database
from dues.demo.year import TIME_ZONE, Does, Step
from dues.domain.actors import SYSTEM
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.resources.accounts.create import CREATE_ACCOUNTS
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.create import CREATE_BILLS
from dues.resources.bills.update import VOID_BILLS
from dues.resources.credits.create import CREDIT_BILLS
from dues.resources.customers.create import CREATE_CUSTOMERS
from dues.resources.kinds import KINDS
from dues.resources.payments.create import CREATE_PAYMENTS
from dues.resources.payments.reverse import REVERSE_PAYMENTS
from dues.resources.refunds.create import REFUND_PAYMENTS
from dues.tenants import store
from dues.tenants.keys import NewKey
from dues.tenants.merchants import create_merchant
from dues.work.group_commit import GroupCommit
from dues.work.work import Request

NAME: Final = "Demo"

_COMMANDS: Final[Mapping[Does, Command]] = {
    "register": CREATE_CUSTOMERS,
    "open": CREATE_ACCOUNTS,
    "bill": CREATE_BILLS,
    "credit": CREDIT_BILLS,
    "void": VOID_BILLS,
    "charge": adjust_balance_owner(ACCOUNT),
    "pay": CREATE_PAYMENTS,
    "reverse": REVERSE_PAYMENTS,
    "refund": REFUND_PAYMENTS,
}

Observe = Callable[[int], None]
"""Is called with how many steps there are so far."""


class DemoExistsError(Exception):
    """There is a merchant of that name: nothing is made, and nothing of it is touched."""


class StepRefusedError(Exception):
    """A step was refused, which a year that is made up should not be."""


class Demo(Struct, frozen=True):
    """What was made."""

    merchant_id: str
    keys: Sequence[NewKey]
    steps: int


async def make_demo(
    database: Database, steps: Sequence[Step], cells: int = 1, observe: Observe = lambda done: None
) -> Demo:
    """A new merchant in whose test mode the steps were carried out. Raises DemoExistsError."""
    begins = min(step.at for step in steps)
    async with database.transaction() as tx:
        await store.lock_merchants(tx)
        if any(row["name"] == NAME for row in await store.find_merchants(tx)):
            raise DemoExistsError(f"There is a merchant called {NAME} already, and a demo changes none.")
        merchant_id, keys = await create_merchant(tx, NAME, begins, cells, TIME_ZONE)
        await tx.commit()
    tenant, _ = (await store.find_tenants(database, merchant_id))["test"]
    await _carry_out(database, tenant, steps, observe)
    return Demo(merchant_id, keys, len(steps))


async def _carry_out(database: Database, tenant: Tenant, steps: Sequence[Step], observe: Observe) -> None:
    """All of one time together, as if they had been sent at once."""
    time = steps[0].at
    groups = GroupCommit(database, Group(KINDS, timedelta(hours=1)).carry_out, now=lambda: time)
    done = 0
    for time, some in groupby(steps, key=lambda step: step.at):
        jobs = [Job(_COMMANDS[step.does], _request(tenant, step)) for step in some]
        outcomes = await asyncio.gather(*map(groups.submit, jobs))
        for job, (outcome, _) in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                raise StepRefusedError(f"{job.name} at {time}: {outcome.detail}")
        done += len(jobs)
        observe(done)
    await groups.drain()


def _request(tenant: Tenant, step: Step) -> Request[Any]:
    body = step.body
    if step.does == "pay":
        body = Conditional(body)
    elif step.name:
        body = Modify(step.name, body)
    return Request(tenant, new_id("req_", step.at), body, actor=SYSTEM, time_zone=TIME_ZONE)


def first_payers(steps: Sequence[Step], at: datetime) -> Sequence[str]:
    """Customers with something to see in their statements: a payment of theirs was taken back."""
    taken = [step.name.split("-")[-2] for step in steps if step.does == "reverse" and step.at < at]
    return [f"CUST-{number}" for number in dict.fromkeys(taken)]
