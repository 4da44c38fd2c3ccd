"""Names of files in the drop folder: which are not looked at, and how what is put beside a file is called."""

from collections.abc import Callable
from typing import Final

NAME_BYTES_MAX: Final = 255
"""Of what file systems take."""

_UNDER_WAY: Final = (".filepart", ".part", ".partial", ".tmp", ".temp", ".crdownload", "~")
"""How programs that send files call them until they are whole."""


def is_whole(name: str) -> bool:
    """Whether a file that is called so is one to take, and no part of one that still comes."""
    return not name.startswith(".") and not name.lower().endswith(_UNDER_WAY)


def beside(name: str, ending: str) -> str:
    """What belongs to a file: its name with an ending, shortened where no file can be called so."""
    room = NAME_BYTES_MAX - len(ending)
    # A name may be any bytes; those that are no text are carried through as Python does it.
    return name.encode(errors="surrogateescape")[:room].decode(errors="surrogateescape") + ending


def unused(name: str, is_used: Callable[[str], bool]) -> str:
    """The name; or with a number, `customers.2.csv`, where there is such a file."""
    number, called = 1, name
    stem, dot, ending = name.partition(".")
    while is_used(called):
        number += 1
        called = beside(stem, f".{number}{dot}{ending}") if len(ending) < 100 else beside(name, f".{number}")
    return called


def shown(name: str) -> str:
    """The name as it can be told: text, whatever its bytes are."""
    return name.encode(errors="surrogateescape").decode(errors="replace")
