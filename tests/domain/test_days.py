"""Days: they follow each other without gap or overlap, everywhere, whatever clocks do."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.days import FIRST_DAY, LAST_DAY, beginning_of, day_at, explain_unknown_zone, time_zones

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

ODD = [
    "America/Havana",  # midnight comes twice
    "America/Sao_Paulo",  # clocks went from midnight to 23:00, and from midnight to 1:00
    "America/St_Johns",  # clocks went from one past midnight to 23:01 of the day before
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",
    "Pacific/Kwajalein",
]
zones = st.sampled_from(sorted(time_zones())) | st.sampled_from(ODD)
days = st.dates(FIRST_DAY, LAST_DAY) | st.dates(date(1970, 1, 1), date(2012, 1, 1))
instants = st.datetimes(datetime(1970, 1, 2), datetime(2200, 12, 30), timezones=st.just(UTC))


@given(instants, zones)
def test_an_instant_is_of_one_day_and_within_it(instant: datetime, zone: str) -> None:
    day = day_at(instant, zone)
    assert beginning_of(day, zone) <= instant < beginning_of(day + DAY, zone)


@given(days, zones)
def test_from_its_beginning_on_no_clock_shows_an_earlier_date_and_just_before_one_does(day: date, zone: str) -> None:
    begins, there = beginning_of(day, zone), ZoneInfo(zone)
    assert (begins - SECOND).astimezone(there).date() < day
    after = [begins + timedelta(minutes=minutes) for minutes in (*range(180), *range(180, 1_440, 30))]
    assert all(instant.astimezone(there).date() >= day for instant in after)


@given(days, zones)
def test_days_follow_each_other(day: date, zone: str) -> None:
    begins, ends = beginning_of(day, zone), beginning_of(day + DAY, zone)
    assert begins <= ends <= begins + 2 * DAY
    if begins < ends:
        assert (day_at(begins, zone), day_at(ends - SECOND, zone)) == (day, day)
    assert day_at(begins - SECOND, zone) < day <= day_at(ends, zone)


@pytest.mark.parametrize(
    ("day", "zone", "begins", "hours"),
    [
        ("2026-01-31", "UTC", "2026-01-31T00:00", 24),
        ("2026-01-31", "Africa/Johannesburg", "2026-01-30T22:00", 24),
        ("2026-03-08", "America/Los_Angeles", "2026-03-08T08:00", 23),
        ("2026-11-01", "America/Los_Angeles", "2026-11-01T07:00", 25),
        ("2025-11-02", "America/Havana", "2025-11-02T04:00", 25),
        ("2018-02-17", "America/Sao_Paulo", "2018-02-17T02:00", 25),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00", 23),
        ("2010-11-06", "America/St_Johns", "2010-11-06T02:30", 25),
        ("2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00", 24.5),
        ("2011-12-29", "Pacific/Apia", "2011-12-29T10:00", 24),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00", 0),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00", 24),
        ("1993-08-21", "Pacific/Kwajalein", "1993-08-21T12:00", 0),
        ("1969-09-30", "Pacific/Kwajalein", "1969-09-29T13:00", 47),
        ("1867-10-18", "America/Juneau", "1867-10-17T08:57:41", 48),
    ],
)
def test_a_day_is_as_long_as_it_was(day: str, zone: str, begins: str, hours: float) -> None:
    there = date.fromisoformat(day)
    first = beginning_of(there, zone)
    assert first == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert beginning_of(there + DAY, zone) - first == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("utc", "UTC"),
        ("london", "Europe/London"),
        ("Europe/Berlin ", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Africa/Johanesburg", "Africa/Johannesburg"),
        ("x" * 1_000, None),
    ],
)
def test_a_near_miss_is_told_what_was_meant(typed: str, meant: str | None) -> None:
    assert (f"Did you mean {meant}?" if meant else "For example") in explain_unknown_zone(typed)
    assert len(explain_unknown_zone(typed)) < 200


def test_what_is_another_zone_on_another_machine_is_none() -> None:
    assert {"UTC", "Africa/Johannesburg", "Pacific/Apia"} <= time_zones()
    assert time_zones().isdisjoint({"localtime", "Factory", "posixrules", "posix/UTC", "utc", ""})


def test_a_system_without_time_zones_has_them_too() -> None:
    program = "from dues.domain.days import *; print(day_at(datetime.fromisoformat('2026-01-01T12:00Z'), 'Asia/Tokyo'))"
    nowhere = os.environ | {"PYTHONTZPATH": ""}
    done = subprocess.run([sys.executable, "-c", program], env=nowhere, capture_output=True, text=True, check=True)
    assert done.stdout == "2026-01-01\n"


@pytest.mark.parametrize(
    ("instant", "day"), [("02:30:59", 6), ("02:31:00", 6), ("03:29:59", 6), ("03:30:00", 7), ("03:31:00", 7)]
)
def test_a_minute_after_which_clocks_went_back_to_the_day_before_is_still_of_that(instant: str, day: int) -> None:
    # At 02:31 UTC, clocks went from one past midnight to 23:01.
    assert day_at(datetime.fromisoformat(f"2010-11-07T{instant}Z"), "America/St_Johns") == date(2010, 11, day)
