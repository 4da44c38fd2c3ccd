"""What is sent to take a payment: for whom it is, and how it is to be spread."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dues.domain.allocation import PARTS_MAX, Part
from dues.domain.fields import (
    AccountName,
    BillName,
    CustomerName,
    KeptCurrency,
    Metadata,
    PaidAt,
    PaymentAmount,
    PaymentMethod,
    PaymentName,
    PaymentReference,
)
from dues.domain.payment_rules import Noun
from dues.domain.violations import Violation


class NewPayment(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A payment that came in, for exactly one of a bill, an account or a customer, all of which exist."""

    external_reference: PaymentReference
    amount: PaymentAmount
    currency: KeptCurrency
    bill: BillName | None = None
    account: AccountName | None = None
    customer: CustomerName | None = None
    parts: (
        Annotated[
            list[Part],
            Meta(
                min_length=1,
                max_length=PARTS_MAX,
                description="For several bills of the account or customer: how much for each. What is left over goes "
                "to the balance.",
            ),
        ]
        | None
    ) = None
    allocation: (
        Annotated[
            Literal["oldest_due_first"],
            Meta(
                description="For the open bills of the account or customer, in the order of their due dates: each "
                "is filled before the next. What is left over goes to the balance."
            ),
        ]
        | None
    ) = None
    rest: (
        Annotated[
            Literal["hold"],
            Meta(
                description="What the bills and the rules do not take is held, instead of the payment being refused: "
                "`amount_unapplied`, to be applied later."
            ),
        ]
        | None
    ) = None
    represents: (
        Annotated[
            PaymentName,
            Meta(
                description="The reversed payment that comes again with this one, by id or reference: that one's "
                "reference may then be used again, once."
            ),
        ]
        | None
    ) = None
    method: PaymentMethod | None = None
    paid_at: PaidAt | None = None
    metadata: Metadata | None = None

    @property
    def target(self) -> tuple[Noun, str]:
        """What is paid: what kind of object, and its id or reference."""
        if self.bill is not None:
            return "bill", self.bill
        if self.account is not None:
            return "account", self.account
        assert self.customer is not None, "cross_check sees to it"
        return "customer", self.customer

    def cross_check(self) -> Iterator[Violation]:
        """Yields a payment for nothing or for several, and parts that do not go together."""
        named = [name for name in ("bill", "account", "customer") if getattr(self, name) is not None]
        if not named:
            yield Violation("/bill", "required", "is required, unless account or customer is given: what is paid?")
        for name in named[1:]:
            yield Violation(f"/{name}", "one_only", f"must not be given beside {named[0]}: name one of them.")
        for name in ("parts", "allocation"):
            if getattr(self, name) is not None and "bill" in named:
                yield Violation(f"/{name}", "not_of_a_bill", "spreads over bills what an account or customer pays.")
        if self.parts is None:
            return
        if self.allocation is not None:
            yield Violation("/allocation", "one_only", "must not be given beside parts.")
        seen = set()
        for number, part in enumerate(self.parts):
            if part.bill in seen:
                yield Violation(f"/parts/{number}/bill", "twice", "names a bill that is named before.")
            seen.add(part.bill)
        if (total := sum(part.amount for part in self.parts)) > self.amount:
            yield Violation("/parts", "above_amount", f"come to {total}, which is more than the amount.")
