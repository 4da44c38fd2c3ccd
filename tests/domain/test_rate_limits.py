"""A bucket keeps to its rate, and is no stricter than that."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.rate_limits import Bucket, RateLimit, parse_rate_limit

limits = st.builds(RateLimit, st.integers(1, 50), st.sampled_from([1, 60, 3600]))

pauses = st.lists(st.floats(0, 2, allow_nan=False), min_size=1, max_size=200)


@pytest.mark.parametrize(("text", "limit"), [("100/s", (100, 1)), ("6000/m", (6000, 60)), ("1/h", (1, 3600))])
def test_a_rate_is_read_as_it_is_shown(text: str, limit: tuple[int, int]) -> None:
    assert parse_rate_limit(text) == RateLimit(*limit)
    assert str(RateLimit(*limit)) == text


@pytest.mark.parametrize("text", ["", "100", "100/d", "0/s", "-1/s", "1.5/s", "100 / s", "01/s", "99999999/s", "1/s\n"])
def test_nothing_else_is_a_rate(text: str) -> None:
    assert parse_rate_limit(text) is None


@given(limits, pauses)
def test_in_any_time_no_more_are_let_through_than_the_quota_and_what_comes_back(
    limit: RateLimit, waits: list[float]
) -> None:
    times = list(accumulate(wait * limit.window_seconds / limit.quota for wait in waits))
    bucket = Bucket(limit, 0.0)
    through = [time for time in times if bucket.take(time)]
    for first, start in enumerate(through):
        for count, end in enumerate(through[first:], 1):
            assert count <= limit.quota + (end - start) * limit.quota / limit.window_seconds + 1e-6


@given(limits, st.integers(1, 200))
def test_who_keeps_to_the_rate_is_never_refused(limit: RateLimit, requests: int) -> None:
    bucket = Bucket(limit, 0.0)
    pause = limit.window_seconds / limit.quota
    assert all(bucket.take(number * pause * 1.000001) for number in range(requests))


@given(limits, st.floats(0, 1e6))
def test_what_it_says_of_the_future_comes_true(limit: RateLimit, now: float) -> None:
    bucket = Bucket(limit, now)
    assert bucket.remaining == limit.quota
    assert bucket.seconds_until_full == 0
    assert sum(bucket.take(now) for _ in range(limit.quota + 5)) == limit.quota
    assert bucket.remaining == 0
    assert bucket.seconds_until_full <= limit.window_seconds
    wait = bucket.seconds_until_one
    assert wait >= 1
    later = now + wait + 1e-3
    assert bucket.take(later)
    assert bucket.has_one(later + bucket.seconds_until_full + 1e-3)
    assert bucket.remaining == limit.quota


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = Bucket(RateLimit(1, 1), 10.0)
    assert bucket.take(10.0)
    assert not bucket.take(0.0)
    assert not bucket.take(10.5)
    assert bucket.take(11.0)
