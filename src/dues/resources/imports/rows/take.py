"""Rows of payments, adjustments and credits: what happened is recorded once, by the command that the API has for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import structs

from dues.commands.command import Command, Conditional, Modify, Outcome, Shown
from dues.commands.known import TenantLookup
from dues.commands.shapes import adjust_balance_owner
from dues.domain.accounts import NewAccount
from dues.domain.customers import NewCustomer
from dues.domain.entries import Cause
from dues.domain.files.rows import AdjustmentRow, CreditRow, NewBillRow, NothingRow
from dues.domain.new_payments import NewPayment
from dues.domain.refusals import Refusal
from dues.resources.accounts.store import ACCOUNT
from dues.resources.credits.create import CREDIT_BILLS
from dues.resources.customers.store import CUSTOMER
from dues.resources.imports.rows.outcomes import Row, done
from dues.resources.imports.rows.put import PUT_ACCOUNTS, PUT_CUSTOMERS
from dues.resources.imports.rows.put_bills import PUT_BILLS
from dues.resources.payments.create import CREATE_PAYMENTS
from dues.work.questions import Question
from dues.work.work import Request

Body = Callable[[Any], Any]
"""From what a row asks for to the body of the API's command."""


def _recorded(name: str, command: Command, body: Body) -> Command:
    """The command of the API, for a row. What is there already, and is just this, is recorded."""

    def asked(request: Request[Row]) -> Request[Any]:
        return structs.replace(request, body=body(request.body.wanted))

    def questions(request: Request[Row]) -> Iterable[Question]:
        return command.questions(asked(request))

    def further(request: Request[Row], lookup: TenantLookup) -> Iterable[Question]:
        return command.further(asked(request), lookup) if command.further else ()

    def decide(request: Request[Row], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
        outcome = command.decide(asked(request), lookup, cause)
        if isinstance(outcome, Refusal):
            is_there = outcome.code == "external_reference_taken" and outcome.existing and not outcome.differs
            return done(outcome.existing.id, "unchanged") if is_there and outcome.existing else outcome
        answer = outcome.answer
        object_id = answer.id if isinstance(answer, Shown) else answer.of.id
        return done(object_id or "", "created", outcome.changes)

    return Command(name, questions, decide, further if command.further else None)


_ADJUSTS: Final = {"account": adjust_balance_owner(ACCOUNT), "customer": adjust_balance_owner(CUSTOMER)}

_ADJUSTMENTS: Final = {
    noun: _recorded("imports.adjustments", command, lambda row: Modify(row.name, row.new))
    for noun, command in _ADJUSTS.items()
}

LEAVE_OUT: Final = Command("imports.left_out", lambda request: (), lambda *_: done("", "unchanged"))

_COMMANDS: Final[Mapping[type, Command]] = {
    NothingRow: LEAVE_OUT,
    NewCustomer: PUT_CUSTOMERS,
    NewAccount: PUT_ACCOUNTS,
    NewBillRow: PUT_BILLS,
    NewPayment: _recorded("imports.payments", CREATE_PAYMENTS, lambda new: Conditional(new)),
    CreditRow: _recorded("imports.credits", CREDIT_BILLS, lambda row: Modify(row.bill, row.new)),
}


def command_of(row: Row) -> Command:
    """What carries a row out."""
    if isinstance(row.wanted, AdjustmentRow):
        return _ADJUSTMENTS[row.wanted.noun]
    return _COMMANDS[type(row.wanted)]
