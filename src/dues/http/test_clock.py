"""The test clock's endpoints: for test keys alone."""

from dues.commands.job import Job
from dues.domain.test_clock import TestClockAdvance
from dues.http.access import authenticate
from dues.http.endpoints import Endpoint, Floor, request_of, write
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.http.validation import decode
from dues.resources.test_clock.advance import ADVANCE_TEST_CLOCKS
from dues.resources.test_clock.read import READ_TEST_CLOCKS
from dues.tenants.keys import ApiKey


def read_test_clock(floor: Floor) -> Endpoint:
    """An endpoint that answers with the time of the merchant's test data."""

    async def endpoint(exchange: Exchange) -> Reply:
        key = await _test_key(floor, exchange)
        shown, exchange.group_size = await floor.reads.submit(Job(READ_TEST_CLOCKS, request_of(exchange, key, None)))
        return Reply(200, shown.json)

    return endpoint


def advance_test_clock(floor: Floor) -> Endpoint:
    """An endpoint that moves that time forward, once per Idempotency-Key."""

    async def body(exchange: Exchange, _key: ApiKey) -> tuple[TestClockAdvance, bytes]:
        return decode(await exchange.json_body(), TestClockAdvance)

    advance = write(floor, ADVANCE_TEST_CLOCKS, body, 200, tagged=False)

    async def endpoint(exchange: Exchange) -> Reply:
        key = await _test_key(floor, exchange)
        try:
            return await advance(exchange)
        finally:
            # Whoever was told that it is later must find it so here at once. Other processes look each key up again
            # within half a second; and where there was no answer, nobody knows whether it was done.
            floor.keys.forget(key.tenant)

    return endpoint


async def _test_key(floor: Floor, exchange: Exchange) -> ApiKey:
    key = await authenticate(exchange, floor.keys)
    if key.mode != "test":
        raise ProblemError("test_mode_required", "This is a live key, and live data has no clock but the real one.")
    return key
