"""Payment rules: how much may be paid towards a balance at once."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dues.domain.money import AMOUNT_MAX
from dues.domain.violations import Violation

Noun = Literal["customer", "account", "bill"]
"""What can be paid, and so what a merchant's default rules are for."""

NOUNS: tuple[Noun, ...] = ("customer", "account", "bill")

RuleAmount = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]


class PaymentRules(Struct, frozen=True, forbid_unknown_fields=True):
    """All four are needed: rules that are half somebody's default would change when the default does."""

    min_amount: Annotated[RuleAmount, Meta(description="The smallest payment, unless exactly that much remains.")]
    max_amount: Annotated[RuleAmount, Meta(description="The largest payment.")]
    underpayment_allowed: Annotated[bool, Meta(description="Whether less than what is due may be paid.")]
    overpayment_allowed: Annotated[bool, Meta(description="Whether more than what is due may be paid.")]

    def cross_check(self) -> Iterator[Violation]:
        """Yields the contradiction of a minimum above the maximum."""
        if None not in (self.min_amount, self.max_amount) and self.min_amount > self.max_amount:
            yield Violation("/min_amount", "min_above_max", "must not be above max_amount: nothing could be paid.")


def standard_rules() -> PaymentRules:
    """What a new merchant starts with, in every currency: no limit that nobody chose, and nothing overpaid."""
    return PaymentRules(min_amount=1, max_amount=AMOUNT_MAX, underpayment_allowed=True, overpayment_allowed=False)
