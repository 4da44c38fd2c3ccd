"""The page lists each cell of the matrix, and no other."""

import re
from pathlib import Path

from tests.journeys.any_postgres import test_matrix

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "postgresql.md"


def test_the_page_has_a_cell_for_each_test() -> None:
    rows = re.findall(r"(?m)^\| (\d\d) \| (.*) \|$", PAGE.read_text())
    assert [version for version, _ in rows] == list(test_matrix.VERSIONS)
    ways = [name for name in vars(test_matrix) if name.startswith("test_")]
    for _, cells in rows:
        assert len(cells.split(" | ")) == len(ways)
        assert all(cell.startswith(("passed", "not run")) for cell in cells.split(" | "))
