"""When events are sent again: the contract's delays, never sooner than the endpoint asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from dues.webhooks.health import GIVE_UP_AFTER
from dues.webhooks.schedule import JITTER, next_attempt_at

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400
DELAYS = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]


def waits(attempts: int, retry_after: float | None = None) -> list[float]:
    """The seconds from now that many an event waits after so many attempts."""
    times = [next_attempt_at(attempts, NOW, retry_after) for _ in range(500)]
    return [(time - NOW).total_seconds() for time in times if time]


@pytest.mark.parametrize(("attempts", "seconds"), list(enumerate(DELAYS, start=1)))
def test_after_each_attempt_an_event_waits_about_so_long(attempts: int, seconds: float) -> None:
    found = waits(attempts)
    assert len(found) == 500
    assert seconds * 0.9 - 1e-6 <= min(found)
    assert max(found) <= seconds * 1.1 + 1e-6


@pytest.mark.parametrize(("attempts", "seconds"), list(enumerate(DELAYS, start=1)))
def test_what_failed_together_does_not_come_again_together(attempts: int, seconds: float) -> None:
    found = waits(attempts)
    assert len(set(found)) > 400
    assert max(found) - min(found) > seconds * 0.1


@pytest.mark.parametrize("retry_after", [None, 0.0, 60.0, float(DAY)])
@pytest.mark.parametrize("attempts", [10, 11, 1000])
def test_after_the_tenth_attempt_there_is_no_other(attempts: int, retry_after: float | None) -> None:
    assert next_attempt_at(attempts, NOW, retry_after) is None


def test_an_event_is_tried_for_more_than_three_days_and_fewer_than_four() -> None:
    assert sum(DELAYS) > 3 * DAY
    assert sum(DELAYS) < 4 * DAY
    assert timedelta(seconds=sum(DELAYS) * (1 + JITTER)) < GIVE_UP_AFTER, "an event gets all of its attempts"


def test_retry_after_makes_the_wait_longer() -> None:
    assert set(waits(1, 100.0)) == {100.0}
    assert set(waits(2, float(DAY))) == {float(DAY)}


@pytest.mark.parametrize("retry_after", [None, 0.0, 1.0, 4.0])
def test_retry_after_never_makes_it_shorter(retry_after: float | None) -> None:
    assert min(waits(1, retry_after)) >= 4.5
    assert min(waits(9, retry_after)) >= 0.9 * DAY


def test_retry_after_within_the_jitter_is_still_respected() -> None:
    found = waits(1, 5.0)
    assert min(found) == 5.0
    assert max(found) > 5.0
