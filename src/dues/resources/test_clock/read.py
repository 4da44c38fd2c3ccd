"""GET /billing/test_clock: what time it is for the merchant's test data."""

from collections.abc import Iterable, Sequence

from dues.resources.changes import Shown
from dues.resources.test_clock import store
from dues.resources.test_clock.wire import show_clock
from dues.work.work import Claim, Command, Request, Work


async def read_test_clocks(work: Work, requests: Sequence[Request[None]]) -> list[Shown]:
    """One answer per request: the tenant's clock."""
    offsets = await store.find_clocks(work, [request.tenant_id for request in requests])
    return [show_clock(work.server_now, offsets[request.tenant_id]) for request in requests]


def _claims(_request: Request[None]) -> Iterable[Claim]:
    return ()


READ_TEST_CLOCKS = Command("test_clock.read", read_test_clocks, _claims)
