"""GET /billing/control_totals: what all customers owed at the beginning and the end of some days, and what moved."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from dues.domain.money import is_safe
from dues.domain.refusals import Refusal
from dues.domain.statements.causes import CAUSES, Cause, change_of
from dues.domain.statements.figures import Position
from dues.domain.tenants import Tenant
from dues.resources.ageing.instants import Find
from dues.resources.ageing.store import allow_hashes
from dues.resources.control_totals.store import Moved, find_positions, list_moved
from dues.resources.control_totals.wire import ControlledBody, ControlLineBody, ControlTotalsBody
from dues.resources.doing import Call
from dues.resources.exports.sending import turn_of
from dues.resources.statements.query import period_of
from dues.resources.statements.read import DoesNotTieOutError, position_body

_ORDER: Final[dict[Cause, int]] = {cause: number for number, cause in enumerate(CAUSES.values())}


async def read_control_totals(call: Call) -> ControlTotalsBody | Refusal:
    """All of it. Refuses sums that not every client could read; raises Unavailable where its turn does not come."""
    period = period_of(call)
    async with turn_of(call), call.database.snapshot() as snapshot:
        currencies = await find_control_totals(snapshot.rows, call.tenant, period.begins, period.ends)
    if not all(map(is_safe, amounts_of(currencies))):
        return Refusal("amount_out_of_range", "A sum in it is out of range. Ask for text/csv, which has no such bound.")
    return ControlTotalsBody(
        mode=call.key.mode, from_=period.first, to=period.last, time_zone=period.zone, currencies=list(currencies)
    )


async def find_control_totals(
    find: Find, tenant: Tenant, begins: datetime, ends: datetime, opening: Mapping[str, Position] | None = None
) -> Sequence[ControlledBody]:
    """By currency. `find` reads from one instant; `opening` is what was owed at the beginning, where that is known.
    Raises DoesNotTieOutError."""
    await allow_hashes(find)
    opening = await find_positions(find, tenant, begins) if opening is None else opening
    closing = await find_positions(find, tenant, ends)
    moved = await list_moved(find, tenant, begins, ends)
    return [
        in_currency(
            currency,
            (opening.get(currency, Position()), closing.get(currency, Position())),
            [one for one in moved if one.currency == currency],
        )
        for currency in sorted({*opening, *closing, *(one.currency for one in moved)})
        if any(one.currency == currency for one in moved)
        or opening.get(currency, Position()) != closing.get(currency, Position())
        or opening.get(currency, Position()) != Position()
    ]


def in_currency(currency: str, positions: tuple[Position, Position], moved: Iterable[Moved]) -> ControlledBody:
    """All of one currency, of `positions` at the beginning and the end. Raises DoesNotTieOutError."""
    opening, closing = positions
    lines, held = _Lines(), _Lines()
    for one in moved:
        (held if one.ledger == "payment" else lines).add(one)
    reached = opening.total + lines.amount, opening.held + held.amount
    if reached != (closing.total, closing.held):
        there = closing.total, closing.held
        raise DoesNotTieOutError(f"what moved in {currency} comes to {reached}, and there is {there}")
    return ControlledBody(
        currency=currency,
        opening=position_body(opening),
        movements=lines.bodies(),
        held_movements=held.bodies(),
        closing=position_body(closing),
    )


def closing_positions(currencies: Iterable[ControlledBody]) -> dict[str, Position]:
    """Where control totals end, by currency."""
    found = {}
    for one in currencies:
        figures = {name: getattr(one.closing, name) for name in Position.__struct_fields__}
        found[one.currency] = Position(**figures)
    return found


class _Lines:
    """Movements by cause."""

    def __init__(self) -> None:
        self._counts: dict[Cause, int] = defaultdict(int)
        self._amounts: dict[Cause, int] = defaultdict(int)

    def add(self, moved: Moved) -> None:
        """Some more."""
        cause = CAUSES[moved.ledger, moved.kind, moved.variety]
        self._counts[cause] += moved.count
        self._amounts[cause] += change_of(moved.ledger, moved.kind, moved.amount)

    @property
    def amount(self) -> int:
        """What all come to."""
        return sum(self._amounts.values())

    def bodies(self) -> list[ControlLineBody]:
        """As clients see them, in one order."""
        return [
            ControlLineBody(cause=cause, count=self._counts[cause], amount=self._amounts[cause])
            for cause in sorted(self._counts, key=_ORDER.__getitem__)
        ]


def amounts_of(currencies: Iterable[ControlledBody]) -> Iterator[int]:
    """Every amount in it."""
    for one in currencies:
        for position in (one.opening, one.closing):
            yield from (position.total, position.balances_owed, position.balances_in_credit)
            yield from (position.open_bills, position.overpaid_bills, position.held)
        yield from (line.amount for line in (*one.movements, *one.held_movements))
