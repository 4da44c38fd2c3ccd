"""What is written to a database that is spread over nodes says so in a form that Citus sends to one of them."""

import asyncpg
import pytest

from dues.db.citus import in_its_cell
from dues.db.errors import Unavailable, translated
from dues.db.transaction import combined
from tests.house.statements import statements, strays

FROM_PARAMETERS = [text for name, text in statements().items() if "select $1::integer," in text]


def test_rows_are_selected_from_the_cell_that_they_go_to() -> None:
    plain = "insert into a (cell, b, c) select $1::integer, *, 2 from unnest($2::integer[], $3::text[])"
    assert " ".join(in_its_cell(plain).split()) == (
        "insert into a (cell, b, c) select home.cell, new.*, 2"
        " from cells home, unnest($2::integer[], $3::text[]) as new where home.cell = $1"
    )
    named = "insert into a (cell, b) select $1::integer, b::date from unnest($2::text[]) as n(b) on conflict do nothing"
    assert " ".join(in_its_cell(named).split()) == (
        "insert into a (cell, b) select home.cell, b::date from cells home, unnest($2::text[]) as n(b)"
        " where home.cell = $1 on conflict do nothing"
    )
    assert in_its_cell("update a set b = 1 where cell = $1") == "update a set b = 1 where cell = $1"


def test_no_write_of_the_program_is_left_out() -> None:
    assert len(FROM_PARAMETERS) > 12
    for text in FROM_PARAMETERS:
        assert "from cells home" in in_its_cell(text)
        assert strays(in_its_cell(text)) == []


def test_parts_run_in_their_order_where_each_runs_by_itself() -> None:
    writes = ("update a set b = $2 where cell = $1", "update c set d = $2 where cell = $1")
    text, _ = combined(writes, True)
    assert text == f"with w0 as ({writes[0]}), w1 as (update c set d = $3 where cell = $1) select"
    assert combined(writes)[0].index("update c") < combined(writes)[0].index("update a"), "PostgreSQL begins at the end"


@pytest.mark.parametrize(
    "says",
    [
        "SSL SYSCALL error: EOF detected",
        "failure on connection marked as essential: 10.0.0.2:5432",
        "server closed the connection unexpectedly",
        "connection to the remote node dues@10.0.0.2:5432 failed",
    ],
)
def test_a_node_that_is_lost_is_a_database_that_is_away(says: str) -> None:
    with pytest.raises(Unavailable), translated():
        raise asyncpg.InternalServerError(says)


def test_what_else_is_wrong_within_postgresql_is_told_as_it_is() -> None:
    with pytest.raises(asyncpg.InternalServerError), translated():
        raise asyncpg.InternalServerError("cache lookup failed for type 7")
