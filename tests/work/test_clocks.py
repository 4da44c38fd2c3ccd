"""What time it is for each tenant of a group."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.work.group_commit import GroupCommit
from dues.work.work import Request, Work, clock_offsets_of
from tests.conftest import Ask
from tests.work.stage import Job

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


def of(tenant_id: int, offset: int) -> Request[None]:
    """A request of a tenant whose clock is ahead by `offset` seconds."""
    return Request(Tenant(1, tenant_id), "req_1", None, None, clock_offset_seconds=offset)


def test_of_two_answers_about_a_clock_the_later_holds() -> None:
    requests = [of(1, 60), of(1, 3600), of(1, 0), of(2, 0), of(3, 5)]
    assert clock_offsets_of(requests) == {Tenant(1, 1): 3600, Tenant(1, 3): 5}


def test_a_command_is_told_each_tenants_time(ask: Ask[list[datetime]]) -> None:
    async def tell(work: Work, jobs: Any) -> list[tuple[datetime, datetime]]:
        return [(work.now_of(job.request.tenant), work.cause(job.request).now) for job in jobs]

    async def times(database: Database) -> list[datetime]:
        groups = GroupCommit(database, tell, now=lambda: NOW)
        jobs = [Job(tenant=Tenant(1, 1)), Job(tenant=Tenant(1, 2))]
        for job, offset in zip(jobs, (60, 0), strict=True):
            job.request = of(job.tenant.id, offset)
        # In one group: each has its own tenant's time all the same.
        answers = await asyncio.gather(*(groups.submit(job) for job in jobs))
        assert [size for _, size in answers] == [2, 2]
        return [time for answer, _ in answers for time in answer]

    ahead = NOW + timedelta(seconds=60)
    assert ask(times) == [ahead, ahead, NOW, NOW]
