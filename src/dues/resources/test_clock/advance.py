"""POST /billing/test_clock/advance: move the time of the merchant's test data forward, for good."""

from collections.abc import Iterable, Sequence

from dues.domain.refusals import Refusal
from dues.domain.test_clock import TestClockAdvance, advance_test_clock
from dues.resources.changes import Shown
from dues.resources.test_clock import store
from dues.resources.test_clock.wire import show_clock
from dues.work.work import Claim, Command, Request, Work


async def advance_test_clocks(work: Work, requests: Sequence[Request[TestClockAdvance]]) -> list[Shown | Refusal]:
    """One answer per request: the tenant's clock as it is then, or why it was not moved. All are in test mode."""
    found = await store.lock_clocks(work, [request.tenant_id for request in requests])

    decided = [advance_test_clock(request.body, work.server_now, found[request.tenant_id]) for request in requests]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request.tenant_id, outcome)
        for request, outcome in zip(requests, decided, strict=True)
    ]


def _write(work: Work, tenant_id: int, offset_seconds: int) -> Shown:
    store.save_clock(work, tenant_id, offset_seconds)
    # The answer is of the new time. Of the old one, an advance by a day would be forgotten at once, and a retry of it
    # would advance by another.
    work.set_clock(tenant_id, offset_seconds)
    return show_clock(work.server_now, offset_seconds)


def _claims(request: Request[TestClockAdvance]) -> Iterable[Claim]:
    yield "test_clock", request.tenant_id


ADVANCE_TEST_CLOCKS = Command("test_clock.advance", advance_test_clocks, _claims)
