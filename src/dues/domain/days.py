"""Days: which one it is somewhere, and when it begins there.

A day begins where the clocks of its zone reach its date for good. So days follow each other without a gap and without
an overlap, whatever clocks do at midnight; a day that a zone skips begins when the next one does.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from dues.domain.violations import closest, quoted

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2200, 12, 31)
"""A date before or after these is a slip of somebody's hand: no bill is of such a day."""

_NOWHERE: Final = frozenset({"Factory", "localtime"})
"""What systems have beside the names of IANA: a machine's own time, which is another on the next one."""

_SECOND: Final = timedelta(seconds=1)


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """The names of all zones. It reads them from the disk, once."""
    return frozenset(available_timezones() - _NOWHERE)


def explain_unknown_zone(name: str) -> str:
    """A sentence for a name that is not among them, with the one that was likely meant."""
    cities = {zone.rpartition("/")[2].lower(): zone for zone in sorted(time_zones())}
    wanted = name.strip().replace(" ", "_").lower()
    meant = cities.get(wanted.rpartition("/")[2]) or cities.get(closest(wanted, cities) or "")
    hint = f"Did you mean {meant}?" if meant else "For example Africa/Johannesburg."
    return f"must be a time zone of the IANA database, and {quoted(name)} is none. {hint}"


def day_at(instant: datetime, time_zone: str) -> date:
    """The day to which an instant (aware) belongs: it begins then or earlier, and the next one later."""
    day = instant.astimezone(ZoneInfo(time_zone)).date()
    # Clocks may have reached it, and gone back again: by a minute after midnight, where they change at one past.
    while instant < beginning_of(day, time_zone):
        day -= timedelta(days=1)
    return day


def beginning_of(day: date, time_zone: str) -> datetime:
    """When a day begins, in UTC: the first instant from which on no clock of the zone shows an earlier date."""
    zone = ZoneInfo(time_zone)
    midnight = datetime.combine(day, time(), zone)
    first, second = midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)
    if second < first:
        return _leap_over(midnight, second, first)
    # Where midnight comes twice, it was reached for good at the second only if clocks went back to the day before.
    went_back = first < second and (second - _SECOND).astimezone(zone).date() < day
    return second if went_back else first


def _leap_over(midnight: datetime, before: datetime, after: datetime) -> datetime:
    """The instant between the two at which clocks leap over `midnight`, which they never show."""
    zone, day = midnight.tzinfo, midnight.date()
    while after - before > _SECOND:
        between = before + (after - before) // 2
        between -= timedelta(microseconds=between.microsecond)
        if between.astimezone(zone).date() < day:
            before = between
        else:
            after = between
    return after
