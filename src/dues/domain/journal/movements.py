"""Which movement becomes which postings: one table, by which books are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, get_args

from msgspec import Struct

Account = Literal[
    "receivable",
    "billed",
    "clearing",
    "held",
    "adjustments",
    "opening",
    "closing",
    "recorded",
    "credit_notes",
    "written_off",
    "rounding",
    "not_restored",
]
"""What money is posted to, as merchants name it who have other names for it in their books."""

ACCOUNTS: Final[tuple[Account, ...]] = get_args(Account)

Ledger = Literal["bill", "balance", "payment"]


class Movement(Struct, frozen=True):
    """One kind of movement. `title` begins the words of its transaction. A `debit` is made to one account and a credit
    to the other, where what is stored is above nothing; the other way round where it is below, and where it `falls`
    for all of this kind, its amount is taken without its sign."""

    title: str
    debit: Account
    credit: Account
    falls: bool = False


Key = tuple[Ledger, str, str]
"""In which ledger it is written, as what kind of entry, and which variety of that. Beside entries there is what follows
from a bill or a payment itself: `made`, `voided`, `not_restored`."""

MOVEMENTS: Final[Mapping[Key, Movement]] = {
    ("bill", "made", ""): Movement("Bill", "receivable", "billed"),
    ("bill", "voided", ""): Movement("Bill voided", "billed", "receivable"),
    ("bill", "payment", ""): Movement("Payment of bill", "clearing", "receivable"),
    ("bill", "payment", "of held money"): Movement("Held money applied to bill", "held", "receivable"),
    ("bill", "release", ""): Movement("Held again, from bill", "receivable", "held", falls=True),
    ("bill", "reversal", ""): Movement("Payment reversed, of bill", "receivable", "clearing", falls=True),
    ("bill", "adjustment", ""): Movement("Recorded as paid, of bill", "recorded", "receivable"),
    ("bill", "credit", "credit_note"): Movement("Credit note for bill", "credit_notes", "receivable"),
    ("bill", "credit", "write_off"): Movement("Write-off of bill", "written_off", "receivable"),
    ("bill", "credit", "rounding"): Movement("Rounding of bill", "rounding", "receivable"),
    ("bill", "credit_reversal", "credit_note"): Movement(
        "Credit note reversed, for bill", "receivable", "credit_notes", falls=True
    ),
    ("bill", "credit_reversal", "write_off"): Movement(
        "Write-off reversed, of bill", "receivable", "written_off", falls=True
    ),
    ("bill", "credit_reversal", "rounding"): Movement(
        "Rounding reversed, of bill", "receivable", "rounding", falls=True
    ),
    ("balance", "opening", ""): Movement("Balance opened", "receivable", "opening"),
    ("balance", "closing", ""): Movement("Balance closed", "closing", "receivable", falls=True),
    ("balance", "adjustment", ""): Movement("Balance adjusted", "receivable", "adjustments"),
    ("balance", "payment", ""): Movement("Payment of balance", "clearing", "receivable", falls=True),
    ("balance", "payment", "of held money"): Movement(
        "Held money applied to balance", "held", "receivable", falls=True
    ),
    ("balance", "release", ""): Movement("Held again, from balance", "receivable", "held"),
    ("balance", "reversal", ""): Movement("Payment reversed, of balance", "receivable", "clearing"),
    ("payment", "hold", ""): Movement("Payment held", "clearing", "held"),
    ("payment", "refund", ""): Movement("Refund", "held", "clearing", falls=True),
    ("payment", "reversal", ""): Movement("Payment reversed, held", "held", "clearing", falls=True),
    ("payment", "not_restored", ""): Movement("Payment reversed, not restored", "not_restored", "clearing"),
}
"""Every movement. What is applied of held money, and what is held again, is in two ledgers and here once, where it went
or came from: the payment's own entry of it, `application` or such a `hold`, has no transaction."""


class Moved(Struct, frozen=True):
    """One movement as it is stored; `amount` in minor units of `currency`.

    `id` is its entry's, and `number` that one's in its ledger; where it is no entry, the bill's or the payment's,
    and 0. `reference` is that of whose ledger it is: a bill's, an account's, a customer's or a payment's.
    """

    at: datetime
    key: Key
    id: str
    number: int
    currency: str
    amount: int
    customer: str
    reference: str
    payment: str | None = None
    method: str | None = None
    reason: str | None = None
    told: str | None = None
    """When the bill is of, or when the payment was paid, as whoever recorded it said."""
