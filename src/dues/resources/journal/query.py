"""What a journal is asked for."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, defstruct

from dues.domain.fields import DAY_RULE, says
from dues.domain.journal.movements import ACCOUNTS
from dues.domain.journal.names import DEFAULTS, broken_names
from dues.domain.violations import Violation


def _day(meaning: str) -> Meta:
    return Meta(description=meaning, extra={"rule": DAY_RULE})


_USUAL: Final = ", ".join(f"`{account}` (`{name}`)" for account, name in DEFAULTS.items())


def _cross_check(query: Any) -> Iterator[Violation]:
    """Yields days the wrong way round, and names that cannot be those of accounts."""
    first, last = getattr(query, "from"), query.to
    if isinstance(first, date) and isinstance(last, date) and last < first:
        yield Violation("/to", "before_from", f"must not be before the first day, {first}.")
    if query.accounts:
        yield from broken_names(query.accounts, query.format)


JournalQuery: Final = defstruct(
    "JournalQuery",
    [
        (
            "from",
            Annotated[date, _day("The merchant's first day; where it is not said, the very first.")] | None,
            None,
        ),
        ("to", Annotated[date, _day("The last day; today where it is not said.")] | None, None),
        (
            "format",
            Annotated[
                Literal["hledger", "beancount", "ledger", "csv"],
                says("For which program. `csv` has the columns of a manual journal, a row for each posting."),
            ],
            "hledger",
        ),
        (
            "summary",
            Annotated[
                bool,
                says("`true`: one transaction for each day, method and currency, without customers."),
            ],
            False,
        ),
        (
            "accounts",
            Annotated[
                dict[str, str],
                Meta(
                    max_length=len(ACCOUNTS),
                    description="What your books call an account, such as `accounts[receivable]=1200`; a colon "
                    f"makes levels. As usual: {_USUAL}.",
                ),
            ]
            | None,
            None,
        ),
    ],
    namespace={"__doc__": "Which days, and for which program.", "cross_check": staticmethod(_cross_check)},
    frozen=True,
    kw_only=True,
)
"""Its first field is called `from`, which no class can say."""
