"""Two groups that were decided on the same sum of a day: the second cannot be written, and is decided again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dues.commands.carry_out import Group
from dues.commands.command import Conditional, Shown
from dues.commands.job import Job
from dues.db.database import Database
from dues.db.errors import Conflict, LockTimeout
from dues.domain.key_limits import KeyLimits, Moving
from dues.domain.new_payments import NewPayment
from dues.domain.refusals import Refusal
from dues.domain.tenants import Tenant
from dues.idempotency.answers import Answer
from dues.resources.kinds import KINDS
from dues.resources.payments.create import CREATE_PAYMENTS
from dues.work.work import Request, Work
from tests.conftest import Ask, Merchant
from tests.running import new_reference

NOW = datetime.now(UTC)

LIMITS = KeyLimits("key_of_a_till", max_amount=None, max_per_day=1_000)


def told(_request: Request[Any], outcome: Shown | Refusal) -> Answer:
    """What a client would be told."""
    return Answer(403, outcome.code.encode()) if isinstance(outcome, Refusal) else Answer(201, outcome.json)


@pytest.fixture
def payment(merchant: Merchant) -> Callable[[Tenant], Job]:
    """Makes payments of 700, each of an account of its own, by a key that may move 1000 a day."""
    caller = merchant.caller()

    def make(tenant: Tenant) -> Job:
        account = caller.open_account(currency="ZAR", balance=3_000).json()["id"]
        new = NewPayment(account=account, external_reference=new_reference(), amount=700, currency="ZAR")
        moving = Moving(LIMITS, 700, "ZAR")
        return Job(CREATE_PAYMENTS, Request(tenant, "req_1", Conditional(new), moving=moving), told)

    return make


async def tenant_of(database: Database, merchant: Merchant) -> Tenant:
    """Its test data's."""
    query = "select cell, id from tenants where merchant_id = $1 and mode = 'test'"
    [row] = await database.rows(query, merchant.id)
    return Tenant(row["cell"], row["id"])


async def carry_out(work: Work, job: Job) -> int:
    """The status of its answer."""
    [answer] = await Group(KINDS, timedelta(hours=24)).carry_out(work, [job])
    status: int = answer.status
    return status


def test_of_two_that_read_the_same_sum_one_is_written(
    merchant: Merchant, ask: Ask[Any], payment: Callable[[Tenant], Job]
) -> None:
    async def both(database: Database) -> None:
        tenant = await tenant_of(database, merchant)
        first, second = payment(tenant), payment(tenant)
        async with database.transaction(tenant.cell) as one, database.transaction(tenant.cell) as other:
            assert await carry_out(Work(one, NOW), first) == 201
            assert await carry_out(Work(other, NOW), second) == 201
            await one.commit()
            with pytest.raises(Conflict):
                await other.commit()
        async with database.transaction(tenant.cell) as again:
            assert await carry_out(Work(again, NOW, cautious=True), second) == 403

    ask(both)


def test_whoever_is_cautious_waits_for_whoever_was_first(
    merchant: Merchant, ask: Ask[Any], payment: Callable[[Tenant], Job]
) -> None:
    async def both(database: Database) -> None:
        tenant = await tenant_of(database, merchant)
        first, second = payment(tenant), payment(tenant)
        async with database.transaction(tenant.cell) as one:
            assert await carry_out(Work(one, NOW, cautious=True), first) == 201
            async with database.transaction(tenant.cell) as other:
                await other.wait_at_most(0.05)
                with pytest.raises(LockTimeout):
                    await carry_out(Work(other, NOW, cautious=True), second)
            await one.commit()
        async with database.transaction(tenant.cell) as other:
            assert await carry_out(Work(other, NOW, cautious=True), second) == 403

    ask(both)
