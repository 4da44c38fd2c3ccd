"""What a list is asked for that is had whole, beside its filters."""

from functools import cache
from typing import Annotated, Any, Final, Literal, cast

from msgspec import Meta, defstruct

from dues.domain.fields import says, visible_text
from dues.domain.violations import Violation
from dues.lists.query import LIMIT_DEFAULT, ListQuery

_CSV: Final = "Of `Accept: text/csv`:"

_Columns = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4_000,
        description=f"{_CSV} these columns and no others, in this order, with commas: `external_reference,balance`.",
        extra={"rule": visible_text},
    ),
]
_For = Annotated[
    Literal["import", "spreadsheet"],
    says(
        f"{_CSV} `spreadsheet` puts a `'` before each text that a spreadsheet would take for a formula, and a byte "
        "order mark at the beginning. `import` is read by imports as it is."
    ),
]
_Amounts = Annotated[
    Literal["minor", "major"],
    says(f"{_CSV} amounts in the smallest unit, as everywhere, or as people write them: `1500.00`."),
]

_FIELDS: Final[list[Any]] = [
    ("columns", _Columns | None, None),
    ("for", _For, "import"),
    ("amounts", _Amounts, "minor"),
]

_UNSAID: Final[dict[str, object]] = {name: unsaid for name, _, unsaid in _FIELDS}


@cache
def exported(query: type[ListQuery]) -> type[ListQuery]:
    """The query of a list that can be had whole: the same, and what is said of that."""
    shape = defstruct(
        query.__name__,
        _FIELDS,
        bases=(query,),
        namespace={"__doc__": query.__doc__, "no_filters": query.no_filters | {*_UNSAID}},
        frozen=True,
        kw_only=True,
    )
    return cast(type[ListQuery], shape)


def of_exports_alone(query: ListQuery) -> list[Violation]:
    """What is said to a page that is for what is had whole."""
    return [
        Violation(f"/{name}", "not_together", "goes with Accept: text/csv alone.")
        for name, unsaid in _UNSAID.items()
        if getattr(query, name, unsaid) != unsaid
    ]


def of_pages_alone(query: ListQuery) -> list[Violation]:
    """What is said to what is had whole that is for pages."""
    said = {"limit": query.limit != LIMIT_DEFAULT, "cursor": query.cursor is not None}
    return [
        Violation(f"/{name}", "not_together", "does not go with Accept: text/csv, which has all rows.")
        for name, is_said in said.items()
        if is_said
    ]
