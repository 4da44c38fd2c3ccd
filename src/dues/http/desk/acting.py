"""What can be done to one thing at the desk: a form, the call of the API that it becomes, and who may.

An action is a row here; its form, its refusals beside the fields, its key and its audit follow.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from dues.pages.desk import Thing
from dues.pages.frame.markup import Html
from dues.pages.look import field, select

Typed = Mapping[str, str]


class Field(Struct, frozen=True):
    """A field of an action's form, which becomes a member of the call's body. `options`: one of few values;
    `is_amount`: in the currency of the thing."""

    label: str
    name: str
    hint: str | None = None
    options: Mapping[str, str] | None = None
    is_amount: bool = False
    is_optional: bool = False

    def shown(self, typed: Typed, faults: Mapping[str, str], now: str | None = None) -> Html:
        """The field, with what was typed and what is wrong with it; `now`: what somebody else has made of it."""
        if self.options:
            return select(self.label, self.name, self.options, typed.get(self.name, ""), faults.get(self.name))
        more = {"inputmode": "decimal"} if self.is_amount else {}
        return field(
            self.label,
            self.name,
            typed.get(self.name, ""),
            self.hint if now is None else f"It says now: {now or 'nothing'}",
            faults.get(self.name),
            maxlength="255",
            **more,
        )


class Action(Struct, frozen=True):
    """Something that is done to one thing: by which call below its own path, with which scope, where it `fits`.

    One that `changes` it is a PATCH: its fields have what is there, what is emptied is cleared, and what somebody else
    has changed since is shown first.
    """

    noun: str
    name: str
    scope: str
    title: str
    question: str
    says: str
    fields: tuple[Field, ...]
    below: str
    fits: Callable[[Thing], bool]
    changes: bool = False

    def before(self, thing: Thing) -> dict[str, str]:
        """What stands in its fields at first."""
        return {one.name: str(thing.get(one.name) or "") for one in self.fields} if self.changes else {}

    def body(self, typed: Typed, amounts: Mapping[str, int]) -> dict[str, Any] | None:
        """What is sent; None: no body."""
        if not self.fields:
            return None
        if self.changes:
            return {one.name: typed[one.name].strip() or None for one in self.fields}
        return {
            one.name: amounts[one.name] if one.is_amount else typed[one.name].strip()
            for one in self.fields
            if typed.get(one.name, "").strip()
        }


_WHY: Final = Field("Why", "reason", "Whoever looks at it later reads this.")

_REFERENCE: Final = Field("Reference", "external_reference", "Your own name for it, if it has one.", is_optional=True)

ACTIONS: Final = (
    Action(
        "customer",
        "contact",
        "customers:update",
        "Change contact data",
        "How they are called, and where they are reached.",
        "Save",
        (
            Field("Name", "name"),
            Field("Phone", "phone", "With its country: +27 82 123 4567."),
            Field("E-mail", "email"),
        ),
        "",
        lambda customer: True,
        changes=True,
    ),
    Action(
        "customer",
        "adjust",
        "customers:adjust",
        "Adjust the balance",
        "What is written with a minus makes the customer owe less.",
        "Adjust the balance",
        (Field("By how much", "amount", "For example −5.00 or 120.00.", is_amount=True), _WHY, _REFERENCE),
        "/adjustments",
        lambda customer: customer.get("balance") is not None,
    ),
    Action(
        "bill",
        "credit",
        "bills:credit",
        "Credit or write off",
        "Lowers what is to be paid. What that leaves overpaid is held again by the payments that brought it.",
        "Lower the bill",
        (
            Field("By how much", "amount", is_amount=True),
            Field(
                "What it is",
                "kind",
                options={
                    "credit_note": "A credit note",
                    "write_off": "A debt that is given up",
                    "rounding": "Rounding",
                },
            ),
            _WHY,
            _REFERENCE,
        ),
        "/credits",
        lambda bill: bill["status"] != "void" and bill["amount_remaining"] > 0,
    ),
    Action(
        "bill",
        "void",
        "bills:void",
        "Void the bill",
        "It was never owed. Only a bill of which nothing was paid can be void, and it stays so.",
        "Void the bill",
        (),
        "/void",
        lambda bill: bill["status"] == "unpaid" and not bill["amount_paid"],
    ),
    Action(
        "payment",
        "reverse",
        "payments:reverse",
        "Take the payment back",
        "What it paid is owed again.",
        "Take it back",
        (
            Field(
                "What happened",
                "reason",
                options={
                    "bounced": "The bank took it back",
                    "duplicate": "It was recorded twice",
                    "fraud": "It was fraud",
                    "other": "Something else",
                },
            ),
            Field("More about it", "note", is_optional=True),
        ),
        "/reverse",
        lambda payment: payment["status"] != "reversed",
    ),
    Action(
        "payment",
        "refund",
        "payments:refund",
        "Record a refund",
        "Money that went out again, of what is held of this payment.",
        "Record the refund",
        (
            Field("How much", "amount", is_amount=True),
            Field("Reference", "external_reference", "The bank’s or the processor’s."),
            Field("Why", "reason", is_optional=True),
        ),
        "/refunds",
        lambda payment: bool(payment.get("amount_unapplied")),
    ),
)


def actions_of(noun: str, thing: Thing, may: Callable[[str], bool]) -> list[Action]:
    """What can be done to a thing, by somebody who `may` what has a scope."""
    return [one for one in ACTIONS if one.noun == noun and may(one.scope) and one.fits(thing)]
