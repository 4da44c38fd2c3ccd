"""What time it is for each tenant of a group."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dues.db.database import Database
from dues.work.group_commit import GroupCommit
from dues.work.work import Command, Request, Work, clock_offsets_of
from tests.conftest import Ask

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


def of(tenant_id: int, offset: int) -> Request[None]:
    """A request of a tenant whose clock is ahead by `offset` seconds."""
    return Request(tenant_id, "req_1", None, None, clock_offset_seconds=offset)


def test_of_two_answers_about_a_clock_the_later_holds() -> None:
    requests = [of(1, 60), of(1, 3600), of(1, 0), of(2, 0), of(3, 5)]
    assert clock_offsets_of(requests) == {1: 3600, 3: 5}


def test_a_command_is_told_each_tenants_time(ask: Ask[list[datetime]]) -> None:
    async def tell(work: Work, requests: Any) -> list[tuple[datetime, datetime]]:
        return [(work.now_of(request.tenant_id), work.cause(request).now) for request in requests]

    async def times(database: Database) -> list[datetime]:
        groups = GroupCommit(database, now=lambda: NOW)
        told = Command("tell", tell, lambda _: ())
        answers = [(await groups.submit(told, request))[0] for request in (of(1, 60), of(2, 0))]
        return [time for answer in answers for time in answer]

    ahead = NOW + timedelta(seconds=60)
    assert ask(times) == [ahead, ahead, NOW, NOW]
