"""What the API offers of the test clock."""

from typing import Final

from dues.domain.clock import ClockAdvance
from dues.resources.clock.advance import ADVANCE_TEST_CLOCKS
from dues.resources.clock.read import READ_TEST_CLOCKS
from dues.resources.clock.wire import ClockBody
from dues.resources.doing import Creates, Shows
from dues.resources.operation import Operation

_EXAMPLE: Final = {"now": "2026-02-05T08:30:00Z", "offset_seconds": 2678400}

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/billing/test_clock",
        does=Shows(READ_TEST_CLOCKS),
        id="retrieve_test_clock",
        tag="Test clock",
        summary="What time it is for your test data",
        description="The server's time, until the clock was advanced. For test keys alone.",
        answer=ClockBody,
        example=_EXAMPLE,
        problems=("test_mode_required",),
        tagged=False,
        test_mode=True,
    ),
    Operation(
        method="POST",
        path="/billing/test_clock/advance",
        does=Creates(ADVANCE_TEST_CLOCKS, moves_clock=True),
        id="advance_test_clock",
        tag="Test clock",
        summary="Move the time of your test data forward",
        description="By `seconds` or `to` a time, for good: all that test keys do from then on is of that time, and "
        "what lasts for a while in test mode ends by it. At most ten years ahead. For test keys alone; live data has "
        "no clock but the real one.",
        body=ClockAdvance,
        bodies={"an hour": {"seconds": 3600}},
        answer=ClockBody,
        example=_EXAMPLE,
        problems=("test_mode_required", "test_clock_backwards", "test_clock_out_of_range"),
        tagged=False,
        test_mode=True,
    ),
)
