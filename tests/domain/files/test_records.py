"""Bytes to records: whatever they are, every line is in one record, and pieces of any size give the same."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dues.domain.files.records import QUOTED_LINES_MAX, Record, Records
from dues.domain.files.text import LINE_BYTES_MAX, Lines
from dues.domain.files.verdicts import FileRefusedError


def read(data: bytes, size: int = 1 << 20) -> list[Record]:
    records = Records(Lines())
    found = [record for start in range(0, len(data), size) for record in records.feed(data[start : start + size])]
    return [*found, *records.end()]


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), max_size=6), st.integers(1, 9))
def test_what_a_csv_writer_writes_is_read_in_pieces_of_any_size(rows: list[list[str]], size: int) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    data = text.getvalue().encode()
    assert [record.cells for record in read(data, size)] == rows
    assert read(data, size) == read(data)


@given(st.text(st.sampled_from('a,"\n;'), max_size=60), st.integers(1, 7))
@example('a,b\n1,"open\n3,4\n', 3)
@example('"\n"\n"', 1)
def test_every_line_with_anything_in_it_belongs_to_one_record(text: str, size: int) -> None:
    found = read(text.encode(), size)
    lines = text.split("\n")
    begins = [record.line for record in found]
    assert begins == sorted(set(begins))
    # From where a record begins to where the next one does there is nothing but its own lines, and empty ones.
    for record, following in zip(found, [*begins[1:], len(lines) + 1], strict=False):
        own = 1 if record.cells is None else 1 + sum(cell.count("\n") for cell in record.cells)
        assert all(not line for line in lines[record.line - 1 + own : following - 1]), (record, following)
    assert all(not line for line in lines[: begins[0] - 1 if begins else 0])
    assert found or not any(lines)


@given(st.binary(max_size=80), st.integers(1, 9))
def test_any_bytes_are_records_or_refused_at_an_offset(data: bytes, size: int) -> None:
    try:
        found = read(data, size)
    except FileRefusedError as refused:
        assert refused.code == "file_not_utf8"
        with pytest.raises(FileRefusedError):
            read(data)
        return
    assert found == read(data, size)
    assert all(record.ends_at <= len(data) for record in found)


def test_reading_goes_on_where_any_record_ended() -> None:
    data = 'a,b\r\n1,"x\ny"\n2,"open\n3,4\n\n5,"Zoë ""Z"""\n6,x"y\n7,8'.encode()
    found = read(data)
    assert [record.cells and record.cells[0] for record in found] == ["a", "1", None, "3", "5", None, "7"]
    for number, record in enumerate(found):
        line = found[number + 1].line - 1 if number + 1 < len(found) else 0
        records = Records(Lines(offset=record.ends_at), line=line)
        rest = [*records.feed(data[record.ends_at :]), *records.end()]
        # An empty line has a number and no record.
        assert [one.cells for one in rest] == [one.cells for one in found[number + 1 :]]


def test_a_quote_that_never_closes_costs_its_own_line_alone() -> None:
    lines = ['1,"open', *(f"{number},x" for number in range(2, 1_000))]
    found = read("\n".join(lines).encode())
    assert [record.line for record in found] == list(range(1, 1_000))
    assert [record.line for record in found if record.cells is None] == [1]
    assert len(lines) > QUOTED_LINES_MAX


def test_a_line_without_end_is_not_kept_whole() -> None:
    lines = Lines()
    kept = [text for _ in range(8) for text, _ in lines.feed(b"x" * (LINE_BYTES_MAX // 2))]
    assert kept
    assert all(len(text) <= 2 * LINE_BYTES_MAX for text in kept)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("é".encode("cp1252"), "Byte 1 of the file is not UTF-8."),
        (b"a,b\nc,\xff", "Byte 7 of the file is not UTF-8."),
        ("a,b".encode("utf-16"), "The file is UTF-16."),
        (b"a,b\nc\0,d", "Byte 6 of the file is not UTF-8."),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(data: bytes, says: str) -> None:
    with pytest.raises(FileRefusedError, match=says):
        read(data)


def test_windows_code_is_read_where_it_is_said_and_a_mark_is_no_column() -> None:
    assert [*Lines("windows-1252").feed("Zoë\n".encode("cp1252"))] == [("Zoë", 4)]
    assert [record.cells for record in read(b"\xef\xbb\xbfa,b\n")] == [["a", "b"]]
