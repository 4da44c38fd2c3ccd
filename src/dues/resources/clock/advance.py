"""POST /billing/test_clock/advance: move the time of the merchant's test data forward, for good."""

from collections.abc import Iterable

from dues.commands.command import Procedure, Shown
from dues.domain.clock import ClockAdvance, advance_test_clock
from dues.domain.refusals import Refusal
from dues.resources.clock import store
from dues.resources.clock.wire import show_clock
from dues.work.work import Claim, Request, Work


async def _advance(work: Work, request: Request[ClockAdvance]) -> Shown | Refusal:
    """The tenant's clock as it is then, or why it was not moved. It is in test mode."""
    found = await store.lock_clock(work, request.tenant)
    offset = advance_test_clock(request.body, work.server_now, found)
    if isinstance(offset, Refusal):
        return offset
    await store.save_clock(work, request.tenant, offset)
    # The answer is of the new time. Of the old one, an advance by a day would be forgotten at once, and a retry of it
    # would advance by another.
    work.set_clock(request.tenant, offset)
    return show_clock(work.server_now, offset)


def _claims(_request: Request[ClockAdvance]) -> Iterable[Claim]:
    yield "test_clock"


ADVANCE_TEST_CLOCKS = Procedure("test_clock.advance", _claims, _advance)
