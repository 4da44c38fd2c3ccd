"""What the names of Moment's files say: `ZA_AcmeFibre_dailyfile_2026-03-01.csv`."""

import re
from datetime import date
from typing import Final, NamedTuple

from dues.domain.files.rows import FileKindName
from dues.domain.files.verdicts import FileRefusedError

_NAME: Final = re.compile(
    r"(?P<country>[A-Za-z]{2})_(?P<merchant>[^/\\]+)_(?P<sort>moment_all-customers|dailyfile)_"
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})\.csv(?:\.gz)?"
)

_SORTS: Final[dict[str, FileKindName]] = {"moment_all-customers": "moment_full", "dailyfile": "moment_daily"}


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


def refuse_name(file_name: str, kind: FileKindName, today: date) -> Named | None:
    """What the name of a file of this kind says. Raises FileRefusedError where it must say something and does not, or
    says what cannot be. Our own kinds may be called as one likes."""
    named = read_name(file_name)
    if kind not in _SORTS.values():
        return None
    if named is None or named.kind != kind:
        sort = next(sort for sort, known in _SORTS.items() if known == kind)
        detail = f"{file_name!r} is not called like ZA_YourName_{sort}_{today}.csv."
        raise FileRefusedError("file_name_unrecognised", detail)
    if named.day > today:
        raise FileRefusedError("file_date_in_future", f"{file_name!r} is of a day that has not come: today is {today}.")
    return named
