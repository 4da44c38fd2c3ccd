"""What the names of files say: `ZA_AcmeFibre_dailyfile_2026-03-01.csv`, `customers-2026-03.csv`."""

import re
from datetime import date
from typing import Final, NamedTuple, cast

from dues.domain.files.rows import FileKindName
from dues.domain.files.verdicts import FileRefusedError

_NAME: Final = re.compile(
    r"(?P<country>[A-Za-z]{2})_(?P<merchant>[^/\\]+)_(?P<sort>moment_all-customers|dailyfile)_"
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})\.csv(?:\.gz)?"
)

_SORTS: Final[dict[str, FileKindName]] = {"moment_all-customers": "moment_full", "dailyfile": "moment_daily"}


_OWN: Final = re.compile(
    r"(customers|accounts|bills|payments|adjustments|credits)(?:[^A-Za-z].*)?\.csv(?:\.gz)?", re.IGNORECASE | re.DOTALL
)


class Named(NamedTuple):
    """What a name says: the country, which kind of file it is, and of which day."""

    country: str
    kind: FileKindName
    day: date


def read_name(file_name: str) -> Named | None:
    """What a name says, if it is one of Moment's."""
    found = _NAME.fullmatch(file_name)
    if found is None:
        return None
    try:
        day = date.fromisoformat(found["day"])
    except ValueError:
        return None
    return Named(found["country"].upper(), _SORTS[found["sort"]], day)


def kind_of(file_name: str) -> FileKindName:
    """What kind of file has this name: one of Moment's, or one that begins with what is in it. Raises
    FileRefusedError where it does not tell."""
    if named := read_name(file_name):
        return named.kind
    if found := _OWN.fullmatch(file_name):
        return cast(FileKindName, found[1].lower())
    detail = f"The name {file_name!r} does not tell what kind of file it is: say kind=."
    raise FileRefusedError("file_name_unrecognised", detail)


def said_by(file_name: str, kind: FileKindName, today: date) -> Named | None:
    """What the name of a file says that is of this kind, if it says anything. Raises FileRefusedError for a day that
    has not come."""
    named = read_name(file_name)
    if named is None or named.kind != kind:
        return None
    if named.day > today:
        raise FileRefusedError("file_date_in_future", f"{file_name!r} is of a day that has not come: today is {today}.")
    return named
