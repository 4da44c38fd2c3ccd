"""Which movement becomes which postings in a journal: the table by which the server makes them."""

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Final

from dues.domain.journal.movements import MOVEMENTS, Account, Key
from dues.domain.journal.names import DEFAULTS

WIDTH: Final = 118

MEANINGS: Final[Mapping[Account, str]] = {
    "receivable": "What customers owe. Below it is an account for each customer, by its reference.",
    "billed": "What was billed.",
    "clearing": "Money on its way to the bank. Below it is an account for each method of payment.",
    "held": "Money of customers that is applied to nothing. Below it is an account for each customer.",
    "adjustments": "What balances were adjusted or set by.",
    "opening": "What was owed when a balance began to be tracked.",
    "closing": "What was owed when it no longer was.",
    "recorded": "What was recorded by hand as paid, elsewhere.",
    "credit_notes": "Credit notes.",
    "written_off": "Debts that were given up.",
    "rounding": "Cents that cash has not.",
    "not_restored": "Money that went back to the payer, and that nobody owes again: it was refunded before, or what it "
    "had paid could not be changed any more.",
}

_WRITTEN: Final[Mapping[Key, str]] = {
    ("bill", "made", ""): "a bill, when it is recorded",
    ("bill", "voided", ""): "a bill, when it is voided: what of it was not credited",
    ("payment", "not_restored", ""): "a payment, when it is reversed",
}

_SIDES: Final = {"bill": "bill", "balance": "customer or account", "payment": "payment"}


def journal() -> Iterator[str]:
    """The page."""
    yield "# The journal"
    yield ""
    yield from wrap(
        "`GET /billing/journal` and `dues journal` write everything that moved as double entries. Here is what "
        "becomes of what: the table is the one that the server goes by. Which entries each movement leaves in the "
        "ledgers is in [what happens to the money](money.md); the [guide](../guides/books-for-your-accountant.md) "
        "shows how a journal is had.",
        WIDTH,
    )
    yield from ("", "## Accounts", "", "| account | as usual | what is in it |", "| --- | --- | --- |")
    for account, meaning in MEANINGS.items():
        yield f"| `{account}` | `{DEFAULTS[account]}` | {meaning} |"
    yield from ("", "## Movements", "", "| movement | written as | debit | credit |", "| --- | --- | --- | --- |")
    for key, movement in MOVEMENTS.items():
        yield f"| {movement.title} | {_written(key)} | `{movement.debit}` | `{movement.credit}` |"
    yield ""
    yield from wrap(
        "Where the amount is below nothing, as of an adjustment that lowers a balance, debit and credit change "
        "sides. Held money that is applied, and money that is held again, leaves an entry in the ledger of the "
        "payment too; it is one movement, and has one transaction.",
        WIDTH,
    )


def _written(key: Key) -> str:
    if key in _WRITTEN:
        return _WRITTEN[key]
    ledger, kind, variety = key
    return f"`{kind}` of a {_SIDES[ledger]}{f', {_VARIETIES.get(variety, variety)}' if variety else ''}"


_VARIETIES: Final = {"credit_note": "a credit note", "write_off": "a write-off", "rounding": "a rounding"}
