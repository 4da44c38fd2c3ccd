"""Identifiers."""

import os
import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dues.domain.ids import first_id, new_id, random_secret

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
times = st.datetimes(datetime(2020, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC))


@given(times)
def test_an_id_is_its_prefix_and_21_letters_or_digits(now: datetime) -> None:
    assert re.fullmatch(r"bacc_[0-9A-Za-z]{21}", new_id("bacc_", now))


@given(times, times)
def test_ids_sort_by_age(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1):
        assert (new_id("bacc_", one) < new_id("bacc_", other)) == (one < other)


def test_ids_of_one_instant_differ() -> None:
    assert len({new_id("evt_", NOW) for _ in range(20_000)}) == 20_000


def test_a_forked_child_does_not_repeat_its_parents_ids() -> None:
    new_id("evt_", NOW)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, new_id("evt_", NOW).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 100).decode() != new_id("evt_", NOW)
    os.close(reader)
    os.close(writer)


def test_secrets_use_every_letter_and_digit() -> None:
    assert len(set(random_secret(5_000))) == 62


def test_no_id_is_of_a_time_before_1970() -> None:
    first = datetime(1970, 1, 1, tzinfo=UTC)
    assert first_id("pay_", first - timedelta(hours=14)) == first_id("pay_", first) < new_id("pay_", first)
