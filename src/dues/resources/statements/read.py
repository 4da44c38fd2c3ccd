"""GET …/statement: what was owed at the beginning and the end of some days, and what moved between, of one instant."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from dues.commands.kind import Kind, find_id
from dues.db.transaction import Row
from dues.domain.days import beginning_of, day_at
from dues.domain.journal.movements import Key, Ledger
from dues.domain.money import is_safe
from dues.domain.refusals import Refusal, not_found
from dues.domain.statements.causes import CAUSES, change_of
from dues.domain.statements.figures import Position, ages_of, days_since
from dues.resources.accounts.store import ACCOUNT
from dues.resources.customers.store import CUSTOMER
from dues.resources.doing import Call
from dues.resources.statements.pay_at import find_payment_url
from dues.resources.statements.query import Period, period_of
from dues.resources.statements.store import Noun, Owned
from dues.resources.statements.wire import (
    AgeBody,
    InCurrencyBody,
    MovementBody,
    OpenBillBody,
    OwnerBody,
    PositionBody,
    StatementBody,
    sums_of,
)

LINES_MAX: Final = 20_000
"""Movements of one statement, and open bills at its end, that are answered at once; a table has them all."""

OPEN_BILLS_SHOWN: Final = 100

AT_ONCE: Final = 500
"""So many lines take some milliseconds."""

_KINDS: Final[dict[Noun, Kind]] = {"customer": CUSTOMER, "account": ACCOUNT}  # type: ignore[type-arg]


class DoesNotTieOutError(Exception):
    """What moved does not come to what there was at the end: `dues verify` says what is wrong."""


async def find_owned(call: Call, noun: Noun) -> Owned | Refusal:
    """Whose statement is asked for."""
    found = await find_id(call.database, _KINDS[noun], call.tenant, call.name)
    return not_found(noun, call.name) if found is None else Owned(noun, call.tenant, found)


async def read_statement(call: Call, noun: Noun) -> StatementBody | Refusal:
    """The whole statement. Refuses one that is too long to be answered at once, and sums out of range."""
    period, owned = period_of(call), await find_owned(call, noun)
    if isinstance(owned, Refusal):
        return owned
    async with call.database.transaction() as tx:
        await tx.stand_still()
        merchant, owner = await owned.find_names(tx.find)
        opening = await owned.find_positions(tx.find, period.begins)
        closing = await owned.find_positions(tx.find, period.ends)
        movements = await owned.list_movements(tx.find, period.begins, period.ends, LINES_MAX + 1)
        open_bills = await owned.list_open_bills(tx.find, period.ends, LINES_MAX + 1)
    if max(len(movements), len(open_bills)) > LINES_MAX:
        what = "movements" if len(movements) > LINES_MAX else "open bills"
        detail = f"More than {LINES_MAX:,} {what} are in it. Ask for fewer days, or for text/csv."
        return Refusal("statement_too_long", detail)
    payment_url = await find_payment_url(call, owner)
    if isinstance(payment_url, Refusal):
        return payment_url
    own = [owner["currency"]] if owner["currency"] else []
    currencies = {*opening, *closing, *own, *(row["currency"] for row in movements)}

    def make() -> list[InCurrencyBody]:
        return [
            in_currency(
                currency,
                period,
                (opening.get(currency, Position()), closing.get(currency, Position())),
                [row for row in movements if row["currency"] == currency],
                [row for row in open_bills if row["currency"] == currency],
            )
            for currency in sorted(currencies)
        ]

    # A long one takes some tenths of a second, in which nobody else would be answered.
    is_long = len(movements) + len(open_bills) > AT_ONCE
    parts = await asyncio.to_thread(make) if is_long else make()
    if any(not is_safe(amount) for part in parts for amount in sums_of(part)):
        return Refusal("amount_out_of_range", "A sum in it is out of range. Ask for text/csv, which has no such bound.")
    shown = [part for part in parts if _is_something(part, owner["currency"])]
    return _body(call, period, merchant, owner, shown, payment_url)


def _body(
    call: Call, period: Period, merchant: str, owner: Row, currencies: Sequence[InCurrencyBody], payment_url: str | None
) -> StatementBody:
    customer = OwnerBody(id=owner["id"], external_reference=owner["external_reference"], name=owner["name"])
    name = owner["account_name"]
    own_id = owner["account_id"]
    account = OwnerBody(id=own_id, external_reference=owner["account_reference"], name=name) if own_id else None
    return StatementBody(
        merchant=merchant,
        mode=call.key.mode,
        customer=customer,
        account=account,
        from_=period.first,
        to=period.last,
        time_zone=period.zone,
        payment_reference=(account or customer).external_reference,
        currencies=list(currencies),
        payment_url=payment_url,
    )


def _is_something(part: InCurrencyBody, own: str | None) -> bool:
    """Whether there is anything to say of the currency; of the owner's own there always is."""
    silent = PositionBody(total=0, balances_owed=0, balances_in_credit=0, open_bills=0, overpaid_bills=0, held=0)
    moved = part.movements or part.held_movements
    return part.currency == own or bool(moved) or part.opening != silent or part.closing != silent


def in_currency(
    currency: str,
    period: Period,
    positions: tuple[Position, Position],
    movements: Sequence[Row],
    open_bills: Sequence[Row],
) -> InCurrencyBody:
    """All of one currency, of `positions` at the beginning and the end. Raises DoesNotTieOutError."""
    opening, closing = positions
    running = Running(opening, period.zone)
    made = [running.next(row) for row in movements]
    running.check(closing)
    owed = [body for is_held, body in made if not is_held]
    bills = [_open_bill(row, period.as_of) for row in open_bills]
    return InCurrencyBody(
        currency=currency,
        opening=position_body(opening),
        charged=sum(one.amount for one in owed if one.amount > 0),
        credited=-sum(one.amount for one in owed if one.amount < 0),
        movements=owed,
        held_movements=[body for is_held, body in made if is_held],
        closing=position_body(closing),
        ages=[
            AgeBody(count=age.count, amount=age.amount, from_days=age.from_days, to_days=age.to_days)
            for age in ages_of([(bill.days_overdue, bill.amount_remaining) for bill in bills])
        ],
        open_bills=bills[:OPEN_BILLS_SHOWN],
        open_bills_count=len(bills),
    )


def position_body(position: Position) -> PositionBody:
    """It as clients see it."""
    return PositionBody(
        total=position.total,
        balances_owed=position.balances_owed,
        balances_in_credit=position.balances_in_credit,
        open_bills=position.open_bills,
        overpaid_bills=position.overpaid_bills,
        held=position.held,
    )


def _open_bill(row: Row, day: date) -> OpenBillBody:
    due: date = row["due_on"] or row["bill_on"]
    return OpenBillBody(
        id=row["id"],
        external_reference=row["external_reference"],
        bill_date=row["bill_on"],
        due_date=row["due_on"],
        amount_due=row["amount_due"],
        amount_remaining=int(row["remaining"]),
        age="due_date" if row["due_on"] else "bill_date",
        days_overdue=max(0, days_since(due, day)),
    )


class Running:
    """Movements of one currency in their order, and what is owed and held after each."""

    def __init__(self, opening: Position, zone: str) -> None:
        self._zone = zone
        self.owed, self.held = opening.total, opening.held
        self._today: tuple[datetime, datetime, date] | None = None

    def next(self, row: Row) -> tuple[bool, MovementBody]:
        """The next one, and whether it is about what is held."""
        ledger = _LEDGERS[row["owner_id"].partition("_")[0]]
        amount = change_of(ledger, row["kind"], row["amount"])
        is_held = ledger == "payment"
        if is_held:
            self.held += amount
        else:
            self.owed += amount
        names = {_NAMED[row["owner_id"].partition("_")[0]]: row["reference"]} if not is_held else {}
        return is_held, MovementBody(
            date=self._day_of(row["at"]),
            recorded_at=row["at"],
            cause=CAUSES[_key(ledger, row)],
            amount=amount,
            balance=self.held if is_held else self.owed,
            id=row["id"],
            payment=row["payment"],
            method=row["method"],
            paid_at=row["paid_at"],
            reason=row["reason"],
            bill_date=row["bill_on"],
            due_date=row["due_on"],
            **names,
        )

    def _day_of(self, at: datetime) -> date:
        if self._today is None or not self._today[0] <= at < self._today[1]:
            day = day_at(at, self._zone)
            ends = beginning_of(day + timedelta(days=1), self._zone)
            self._today = beginning_of(day, self._zone), ends, day
        return self._today[2]

    def check(self, closing: Position) -> None:
        """Raises DoesNotTieOutError unless this is what there is at the end, which was found in another way."""
        if (self.owed, self.held) != (closing.total, closing.held):
            moved, there = (self.owed, self.held), (closing.total, closing.held)
            raise DoesNotTieOutError(f"what moved comes to {moved}, and there is {there}")


_LEDGERS: Final[dict[str, Ledger]] = {"bill": "bill", "pay": "payment", "bacc": "balance", "bcus": "balance"}

_NAMED: Final = {"bill": "bill", "bacc": "account", "bcus": "customer"}


def _key(ledger: Ledger, row: Row) -> Key:
    variety = row["variety"] or ""
    if ledger == "payment" and row["kind"] == "hold" and not (row["number"] == 1 and row["is_first"]):
        variety = "again"
    return ledger, row["kind"], variety
