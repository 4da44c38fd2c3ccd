"""What imports are asked for in query strings."""

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

from dues.domain.closings import REASON_LENGTH_MAX
from dues.domain.fields import TIME_RULE, plain_text, says
from dues.domain.files.rows import FileKindName
from dues.domain.files.text import Encoding
from dues.domain.files.verdicts import Verdict
from dues.lists.query import OF_THIS_STATUS, FindingQuery, InTheirOrder, ListQuery
from dues.resources.imports.input import Apply

_FILE_NAME_MAX: Final = 255


class ImportQuery(Struct, frozen=True, kw_only=True):
    """What to do with a file."""

    kind: Annotated[FileKindName, says("What kind of file it is. Where it is not said, its name tells.")] | None = None
    file_name: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=_FILE_NAME_MAX,
                description="What it is called. The names of Moment's files say their day.",
                extra={"rule": plain_text},
            ),
        ]
        | None
    ) = None
    as_of: (
        Annotated[
            datetime,
            Meta(
                description="Of which time its balances are: payments and reversals that were recorded after it are "
                "kept on top of them. Without it a balance overwrites what is there.",
                extra={"rule": TIME_RULE},
            ),
        ]
        | None
    ) = None
    dry_run: Annotated[bool, says("`true`: give every row its verdict, and write nothing.")] = False
    apply: Annotated[
        Apply, says("`rows`: each row stands by itself. `all_or_nothing`: one transaction, of 10,000 rows at most.")
    ] = "rows"
    again: Annotated[bool, says("`true`: carry a file out that was imported before, or is older than the last.")] = (
        False
    )
    encoding: Annotated[Encoding, says("What its bytes are.")] = "utf-8"
    closed_period_reason: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=REASON_LENGTH_MAX,
                description="Why rows are entered that are of closed days: only by a secret key without restrictions. "
                "Without it they are refused.",
                extra={"rule": plain_text},
            ),
        ]
        | None
    ) = None


class ImportListQuery(FindingQuery, frozen=True, kw_only=True):
    """What imports can be listed by."""

    order: InTheirOrder | None = None
    status: (
        Annotated[Literal["receiving", "checking", "applying", "completed", "stopped", "failed"], OF_THIS_STATUS] | None
    ) = None


class RowQuery(ListQuery, frozen=True, kw_only=True):
    """What the rows of an import can be listed by."""

    no_filters: ClassVar[frozenset[str]] = ListQuery.no_filters

    verdict: Annotated[Verdict, says("Only those of this verdict.")] | None = None


class ResultQuery(Struct, frozen=True, kw_only=True):
    """Which rows a result is to have."""

    verdict: Annotated[Verdict, says("Only those of this verdict.")] | None = None
