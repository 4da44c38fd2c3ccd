"""What a movement was, in a word that programs match on: from how it is stored, one table."""

from collections.abc import Mapping
from typing import Final, Literal

from dues.domain.journal.movements import Key, Ledger

Cause = Literal[
    "bill_made",
    "bill_voided",
    "payment",
    "payment_reversed",
    "payment_held",
    "held_money_applied",
    "held_again",
    "refund",
    "recorded_as_paid",
    "credit_note",
    "write_off",
    "rounding",
    "credit_note_reversed",
    "write_off_reversed",
    "rounding_reversed",
    "balance_opened",
    "balance_adjusted",
    "balance_closed",
]

CAUSES: Final[Mapping[Key, Cause]] = {
    ("bill", "made", ""): "bill_made",
    ("bill", "voided", ""): "bill_voided",
    ("bill", "payment", ""): "payment",
    ("bill", "payment", "of held money"): "held_money_applied",
    ("bill", "release", ""): "held_again",
    ("bill", "reversal", ""): "payment_reversed",
    ("bill", "adjustment", ""): "recorded_as_paid",
    ("bill", "credit", "credit_note"): "credit_note",
    ("bill", "credit", "write_off"): "write_off",
    ("bill", "credit", "rounding"): "rounding",
    ("bill", "credit_reversal", "credit_note"): "credit_note_reversed",
    ("bill", "credit_reversal", "write_off"): "write_off_reversed",
    ("bill", "credit_reversal", "rounding"): "rounding_reversed",
    ("balance", "opening", ""): "balance_opened",
    ("balance", "closing", ""): "balance_closed",
    ("balance", "adjustment", ""): "balance_adjusted",
    ("balance", "payment", ""): "payment",
    ("balance", "payment", "of held money"): "held_money_applied",
    ("balance", "release", ""): "held_again",
    ("balance", "reversal", ""): "payment_reversed",
    ("payment", "hold", ""): "payment_held",
    ("payment", "hold", "again"): "held_again",
    ("payment", "application", ""): "held_money_applied",
    ("payment", "refund", ""): "refund",
    ("payment", "reversal", ""): "payment_reversed",
}
"""The keys of a journal's movements, and of what is in a payment's own ledger beside them."""


def change_of(ledger: Ledger, kind: str, amount: int) -> int:
    """By how much a movement of `amount`, as it is stored, changes what is owed, or held. What is settled of a bill
    lowers that."""
    raises = ledger != "bill" or kind == "made"
    return amount if raises else -amount
