"""Arrays that are sent as text are read by PostgreSQL as they were meant."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dues.db.arrays import array, parameter
from dues.db.database import Database

texts = st.lists(st.none() | st.text("NULL,{}'\"é\\ \n\t\x1f\x0b😀٣"), min_size=1, max_size=8)

integers = st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8)


def read_back(database_url: str, kind: str, values: list[Any]) -> list[Any]:
    """What PostgreSQL makes of an array."""

    async def read() -> list[Any]:
        database = await Database.connect(database_url, 1)
        try:
            statement = f"select a.one from unnest({parameter(1, kind)}) with ordinality as a(one, n) order by a.n"
            return [row["one"] for row in await database.rows(statement, array(tuple(values), kind))]
        finally:
            await database.close()

    return asyncio.run(read())


@settings(max_examples=25)
@given(texts)
def test_every_text_comes_as_it_is_sent(database_url: str, values: list[str | None]) -> None:
    assert read_back(database_url, "text", values) == values


@settings(max_examples=10)
@given(integers)
def test_every_number_comes_as_it_is_sent(database_url: str, values: list[int | None]) -> None:
    assert read_back(database_url, "bigint", values) == values


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("timestamptz", [datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC), None]),
        ("bytea", [b"\x00\xff", b""]),
        ("text", [""]),
        ("text", [None]),
    ],
)
def test_so_does_whatever_else_there_is(database_url: str, kind: str, values: list[Any]) -> None:
    assert read_back(database_url, kind, values) == values


def test_a_text_that_no_database_has_is_refused_and_never_two() -> None:
    for values in (["a\0b", "c"], ["a\0b", None], ["\0"]):
        with pytest.raises(ValueError, match="U"):
            array(values, "text")
