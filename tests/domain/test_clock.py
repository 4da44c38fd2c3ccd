"""The test clock goes forward, to where it is told, and not too far."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dues.domain.clock import OFFSET_SECONDS_MAX, ClockAdvance, advance_test_clock
from dues.domain.refusals import Refusal

times = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
offsets = st.integers(0, OFFSET_SECONDS_MAX)


@given(times, offsets, st.integers(1, OFFSET_SECONDS_MAX))
def test_seconds_are_added_or_refused(server_now: datetime, offset: int, seconds: int) -> None:
    outcome = advance_test_clock(ClockAdvance(seconds=seconds), server_now, offset)
    if offset + seconds <= OFFSET_SECONDS_MAX:
        assert outcome == offset + seconds
    else:
        assert isinstance(outcome, Refusal)
        assert (outcome.code, outcome.pointer) == ("test_clock_out_of_range", "/seconds")


@given(times, offsets, times)
def test_it_is_at_the_time_that_was_asked_for_or_within_a_second_after(
    server_now: datetime, offset: int, to: datetime
) -> None:
    outcome = advance_test_clock(ClockAdvance(to=to), server_now, offset)
    if isinstance(outcome, Refusal):
        past = to < server_now + timedelta(seconds=offset)
        assert past or to > server_now + timedelta(seconds=OFFSET_SECONDS_MAX)
        assert outcome.code == ("test_clock_backwards" if past else "test_clock_out_of_range")
    else:
        assert offset <= outcome <= OFFSET_SECONDS_MAX
        assert timedelta(0) <= server_now + timedelta(seconds=outcome) - to < timedelta(seconds=1)


def test_to_where_it_is_already_moves_nothing() -> None:
    server_now = datetime(2026, 1, 5, 8, 30, 0, 250_000, tzinfo=UTC)
    there = server_now + timedelta(seconds=60)
    assert advance_test_clock(ClockAdvance(to=there), server_now, 60) == 60
