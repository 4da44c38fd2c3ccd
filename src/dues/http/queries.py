"""Query strings: what a list or a look is asked for, and what is wrong with it."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from dues.domain.tenants import Tenant
from dues.domain.violations import Violation
from dues.http.problems import ProblemError
from dues.lists.cursors import read_cursor
from dues.lists.listing import Query

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 100
METADATA_FILTERS_MAX: Final = 10

_METADATA: Final = re.compile(r"metadata\[([^\0]{1,40})\]")


def list_query(
    query_string: bytes,
    tenant: Tenant,
    list_name: str,
    filters: Collection[str],
    place: str,
    statuses: Sequence[str] = (),
    has_metadata: bool = True,
) -> Query:
    """The page that is asked for, whose cursor stands at a `place` (a pattern). `status` is one of `statuses`.

    Raises ProblemError with every parameter that is unknown, twice, or nonsense.
    """
    given = parameters(query_string)
    found = {match[1]: value for name, value in given.items() if (match := _METADATA.fullmatch(name))}
    metadata, wanted = found if has_metadata else {}, {name: given[name] for name in filters if name in given}
    broken = list(_violations(given, filters, metadata, statuses, has_metadata))
    limit, cursor = given.get("limit", str(LIMIT_DEFAULT)), given.get("cursor")
    everything = wanted | {f"metadata[{key}]": value for key, value in metadata.items()}
    after = read_cursor(tenant, list_name, everything, cursor) if cursor is not None else None
    if cursor is not None and (after is None or not re.fullmatch(place, after)):
        broken.append(Violation("/cursor", "invalid_cursor", "is not of this list with these filters."))
    if broken:
        raise invalid(broken)
    return Query(int(limit), after, wanted, metadata)


def filters_of(query: Query) -> dict[str, str]:
    """All filters of a query by the names they have in a query string; what cursors are tied to."""
    return dict(query.filters) | {f"metadata[{key}]": value for key, value in query.metadata.items()}


def as_of(query_string: bytes) -> datetime | None:
    """The time of `?as_of=`, if it is given. Raises ProblemError for anything else in the query string."""
    given = parameters(query_string)
    broken = [unknown(name, ["as_of"]) for name in given if name != "as_of"]
    time = None
    if "as_of" in given:
        try:
            # A plus sign that was not escaped has arrived as a space.
            time = datetime.fromisoformat(given["as_of"].replace(" ", "+"))
            # Within a day of the first or the last year it may have no time in UTC.
            time = time.astimezone(UTC) if time.tzinfo else None
        except (ValueError, OverflowError):
            time = None
        if time is None:
            detail = "must be a time with its offset from UTC, like 2026-01-31T12:00:00Z."
            broken.append(Violation("/as_of", "invalid_time", detail))
    if broken:
        raise invalid(broken)
    return time


def nothing(query_string: bytes) -> None:
    """Raises ProblemError if anything is said in a query string: who misspells a parameter should learn of it."""
    if broken := [unknown(name, ["none"]) for name in parameters(query_string)]:
        raise invalid(broken)


def flag(query_string: bytes, name: str) -> bool:
    """Whether `?name=true` is said. Raises ProblemError for any other value or parameter."""
    given = parameters(query_string)
    broken = [unknown(other, [name]) for other in given if other != name]
    if given.get(name, "true") not in ("true", "false"):
        broken.append(Violation(f"/{name}", "wrong_type", "must be true or false."))
    if broken:
        raise invalid(broken)
    return given.get(name) == "true"


def parameters(query_string: bytes) -> dict[str, str]:
    """What a query string says, each name once. Raises ProblemError."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise invalid([Violation("", "malformed_query", "The query string is not percent-encoded UTF-8.")]) from None
    given = dict(pairs)
    if len(given) < len(pairs) or any("\0" in text for pair in pairs for text in pair):
        raise invalid([Violation("", "malformed_query", "The query string names a parameter twice, or has U+0000.")])
    return given


def limit_violations(given: Mapping[str, str]) -> Iterator[Violation]:
    """What is wrong with the `limit` of a list, where one is given."""
    if not re.fullmatch(r"[0-9]{1,3}", limit := given.get("limit", "1")) or not 1 <= int(limit) <= LIMIT_MAX:
        yield Violation("/limit", "out_of_range", f"must be a whole number from 1 to {LIMIT_MAX}.")


def _violations(
    given: Mapping[str, str],
    filters: Collection[str],
    metadata: Mapping[str, str],
    statuses: Sequence[str],
    has_metadata: bool,
) -> Iterator[Violation]:
    known = ["limit", "cursor", *filters, *(["metadata[key]"] if has_metadata else [])]
    for name in given:
        if name not in known and not (has_metadata and _METADATA.fullmatch(name)):
            yield unknown(name, known)
    yield from limit_violations(given)
    if len(metadata) > METADATA_FILTERS_MAX:
        yield Violation("/metadata", "too_many", f"must name at most {METADATA_FILTERS_MAX} keys.")
    if (status := given.get("status")) is not None and "status" in filters and status not in statuses:
        yield Violation("/status", "unknown_status", f"must be one of {', '.join(statuses)}.")


def unknown(name: str, known: list[str]) -> Violation:
    """What is wrong with a parameter that there is not."""
    return Violation(f"/{name}", "unknown_parameter", f"is no parameter here. Known are: {', '.join(known)}.")


def invalid(broken: list[Violation]) -> ProblemError:
    """All that is wrong with a query string."""
    where = broken[0].pointer[1:] or "Query string:"
    return ProblemError("validation_failed", f"{where} {broken[0].detail}", broken)
