"""Ranges of times as ranges of ids, which begin with them."""

from datetime import UTC, datetime, timedelta

import pytest

from dues.domain.ids import new_id
from dues.lists.ranges import TimeRange, ids_of

AT = datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(("after", "within"), [(-1_000, False), (0, True), (999, True), (1_000, False)])
def test_both_ends_are_in_a_range_to_the_millisecond(after: int, within: bool) -> None:
    first, last = ids_of("bill_", TimeRange(gte=AT, lte=AT))
    assert first is not None
    assert last is not None
    assert (first < new_id("bill_", AT + timedelta(microseconds=after)) < last) == within


def test_an_end_that_is_not_said_is_none() -> None:
    assert ids_of("bill_", TimeRange()) == (None, None)


@pytest.mark.parametrize(("year", "before"), [(2, True), (1969, True), (8889, False), (9998, False)])
def test_what_no_id_can_begin_with_is_before_or_after_all(year: int, before: bool) -> None:
    time = datetime(year, 1, 1, tzinfo=UTC)
    for end in ids_of("bill_", TimeRange(gte=time, lte=time)):
        assert end is not None
        assert (end < new_id("bill_", AT)) == before
