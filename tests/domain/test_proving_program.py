"""The program in the documentation that proves a chain: it finds what was altered, and believes nothing of dues."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from msgspec import structs

from dues.domain.entries import Entry
from tests.domain.test_entries import OTHER, START, erased, written

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "resources" / "ledger.md"

CHAIN = written([(("ZAR", number), START, f'Für "{number}"\\ 語') for number in range(1, 7)], old=3)
"""Three entries of version 1, three of version 2."""


def line(entry: Entry) -> str:
    """The entry as PostgreSQL gives it."""
    row: dict[str, Any] = structs.asdict(entry) | {"created_at": entry.created_at.isoformat()}
    hexed = {name: "\\x" + value.hex() for name, value in row.items() if isinstance(value, bytes)}
    return json.dumps(row | hexed)


def altered(entries: list[Entry]) -> list[str]:
    """The ids of those that it names."""
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    printed = subprocess.run(
        [sys.executable, "-c", program],
        input="\n".join(map(line, entries)),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout
    return re.findall(r"altered: (\w+)", printed)


def test_a_chain_of_both_versions_is_proved_erased_or_not() -> None:
    other = [structs.replace(entry, owner_id="bacc_2") for entry in CHAIN]
    assert altered([*CHAIN, *other]) == [entry.id for entry in other]
    assert altered([*CHAIN[:4], erased(CHAIN[4]), CHAIN[5]]) == []


def test_what_was_altered_is_named() -> None:
    named = 0
    for entry in (CHAIN[2], CHAIN[5], erased(CHAIN[5])):
        fields = ("reason", "amount", "request_id", "created_at") if entry.salt or entry.version == 1 else ("digest",)
        for field in fields:
            changed = structs.replace(entry, **{field: OTHER[field]})
            assert entry.id in altered([changed if one.id == entry.id else one for one in CHAIN]), field
            named += 1
    assert named == 9
