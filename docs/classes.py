"""The classes of statements, for the reference: where each is carried out if the database is spread over nodes."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

sys.path.append(str(Path(__file__).parent.parent))

from tests.house.statements import CELL, DIRECTORY, EVERY_CELL, SERVER, class_of, statements

_SAYS: Final = {
    CELL: "Each says `cell = $1`, and goes whole to the node of that cell.",
    EVERY_CELL: "The same, but of what goes through all tenants: it is sent for one cell after the other.",
    DIRECTORY: "The directory is on every node. Where servers connect it is read, and a change of it is made on all.",
    SERVER: "They are about the server that is connected to: positions, locks, sessions, the schema.",
}


def classes() -> Iterator[str]:
    """Every statement of the program, by class."""
    found: dict[str, Counter[str]] = {name: Counter() for name in _SAYS}
    for name, text in statements().items():
        found[class_of(name, text)][_short(name)] += 1
    yield "## Where they are carried out"
    yield ""
    yield "Where the database is [spread over nodes](../guides/spread-over-nodes.md). Every statement that the program"
    yield "can send has one of these classes; a number says how many are put together under one name."
    for name, says in _SAYS.items():
        yield ""
        yield f"### {name[0].upper()}{name[1:]}"
        yield ""
        yield f"{found[name].total()} statements. {says}"
        yield ""
        for one, number in sorted(found[name].items()):
            yield f"- `{one}`{f': {number}' if number > 1 else ''}"


def _short(name: str) -> str:
    """Where it stands; of lists, and of what is read for groups, what it is of."""
    plain = re.sub(r"^(list|part) (\w+).*", r"\1 \2", name.removeprefix("dues.").removesuffix(" on a node"))
    return re.sub(r"(\.save) \d+$", r"\1", plain)
