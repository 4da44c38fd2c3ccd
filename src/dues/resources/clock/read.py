"""GET /billing/test_clock: what time it is for the merchant's test data."""

from dues.commands.command import Procedure, Shown
from dues.resources.clock import store
from dues.resources.clock.wire import show_clock
from dues.work.work import Request, Work


async def _show(work: Work, request: Request[None]) -> Shown:
    # By what is stored, and not by what was known when the key was looked up.
    return show_clock(work.server_now, await store.find_clock(work, request.tenant))


READ_TEST_CLOCKS = Procedure("test_clock.read", lambda request: (), _show)
