"""What attempts say of an endpoint: when it is held, probed and given up. Pure, so any history can be tried."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.webhooks.health import (
    FAILURES_MAX,
    GIVE_UP_AFTER,
    PROBE_SECONDS,
    Health,
    after_failure,
    after_success,
    reason_to_disable,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = 86400


def failed(times: int) -> Health:
    """An endpoint that has failed so often in a row, each time when it was not held."""
    health, now = Health(), NOW - timedelta(days=1)
    for _ in range(times):
        health = after_failure(health, now, None)
        now = health.held_until or now
    return Health(health.failures, health.failing_since)


def held_until(failures: int, retry_after: float | None) -> datetime | None:
    """Until when an endpoint is held at its failure of this number in a row."""
    return after_failure(Health(failures - 1), NOW, retry_after).held_until


@pytest.mark.parametrize("failures", [1, 2, FAILURES_MAX - 1])
def test_an_endpoint_that_failed_a_few_times_is_not_held(failures: int) -> None:
    assert held_until(failures, None) is None
    assert held_until(failures, 0.0) is None


def test_an_endpoint_that_asks_for_time_gets_it_at_once() -> None:
    assert held_until(1, 90.0) == NOW + timedelta(seconds=90)


def test_ten_failures_hold_it_ever_longer_and_no_longer_than_minutes() -> None:
    held = [held_until(failures, None) for failures in range(FAILURES_MAX, FAILURES_MAX + 20)]
    seconds = [(time - NOW).total_seconds() for time in held if time]
    assert seconds[: len(PROBE_SECONDS)] == [5, 10, 20, 40, 80, 160, 300]
    assert seconds[len(PROBE_SECONDS) :] == [300] * 13
    assert held_until(10**9, None) == NOW + timedelta(seconds=300)


def test_of_a_hold_and_a_retry_after_the_longer_counts() -> None:
    assert held_until(FAILURES_MAX, 90.0) == NOW + timedelta(seconds=90)
    assert held_until(FAILURES_MAX, 1.0) == NOW + timedelta(seconds=5)


def test_what_was_under_way_when_it_was_held_says_nothing_new() -> None:
    held = after_failure(failed(FAILURES_MAX - 1), NOW, None)
    assert held.failures == FAILURES_MAX
    for _ in range(50):
        assert after_failure(held, NOW, None) == held
    assert after_failure(held, NOW, 90.0).held_until == NOW + timedelta(seconds=90)


def test_it_is_probed_after_ten_failures_and_not_before() -> None:
    assert not failed(FAILURES_MAX - 1).is_failing
    assert failed(FAILURES_MAX).is_failing


def test_it_is_given_up_after_five_days_of_nothing_but_failures() -> None:
    failing = Health(500, NOW - GIVE_UP_AFTER)
    assert reason_to_disable(failing, [500], NOW) == "failing"
    assert reason_to_disable(failing, [500], NOW - timedelta(seconds=1)) is None
    assert reason_to_disable(after_success(), [200], NOW) is None


def test_it_is_given_up_at_once_when_it_says_that_it_is_gone() -> None:
    assert reason_to_disable(after_failure(Health(), NOW, None), [500, 410, None], NOW) == "gone"
    assert reason_to_disable(after_failure(Health(), NOW, None), [404, None], NOW) is None


# Whatever happens -------------------------------------------------------------------------------------------------


class Happening(NamedTuple):
    """An attempt ends, so many seconds after the one before."""

    seconds: float
    succeeded: bool
    retry_after: float | None


happenings = st.lists(
    st.builds(
        Happening,
        st.floats(0, 2 * DAY),
        st.sampled_from([False, False, False, True]),
        st.one_of(st.none(), st.floats(0, DAY)),
    ),
    max_size=60,
)


def history(all_of_them: Sequence[Happening]) -> list[tuple[datetime, Happening, Health, Health]]:
    """When each attempt ended, which it was, and the health before and after it."""
    told, health, now = [], Health(), NOW
    for one in all_of_them:
        now += timedelta(seconds=one.seconds)
        after = after_success() if one.succeeded else after_failure(health, now, one.retry_after)
        told.append((now, one, health, after))
        health = after
    return told


@given(happenings)
def test_one_success_is_enough_to_be_well(all_of_them: Sequence[Happening]) -> None:
    for _, one, _, after in history(all_of_them):
        assert (after == Health()) == one.succeeded


@given(happenings)
def test_it_is_held_no_shorter_than_it_asked_and_no_longer_than_that_or_a_probe(
    all_of_them: Sequence[Happening],
) -> None:
    for now, one, before, after in history(all_of_them):
        if one.succeeded:
            continue
        asked = now + timedelta(seconds=one.retry_after or 0)
        probed = now + timedelta(seconds=PROBE_SECONDS[-1])
        if one.retry_after:
            assert after.held_until
            assert after.held_until >= asked
        if before.is_held(now) and before.held_until:
            assert after.held_until == max(before.held_until, asked), (
                "a hold is never cut short, nor made longer by itself"
            )
        elif after.held_until:
            assert after.held_until <= max(asked, probed)
        assert not after.failures >= FAILURES_MAX or after.is_held(now), "it is never tried at once again"


@given(happenings)
def test_failures_count_from_the_last_success_and_not_while_it_is_held(all_of_them: Sequence[Happening]) -> None:
    for now, one, before, after in history(all_of_them):
        if not one.succeeded:
            assert after.failures == before.failures + (not before.is_held(now))
            assert after.failing_since == (before.failing_since or now)


@given(happenings)
def test_nobody_is_given_up_sooner_than_after_five_days_without_a_success(all_of_them: Sequence[Happening]) -> None:
    last_good = NOW
    for now, one, _, after in history(all_of_them):
        last_good = now if one.succeeded else last_good
        if reason_to_disable(after, [500], now):
            assert now - last_good >= GIVE_UP_AFTER
