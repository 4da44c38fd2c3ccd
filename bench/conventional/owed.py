"""What can be paid, held while it is paid; how much it takes, under its rules; how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from bench.conventional.models import Account, Customer, Entry, Event
from bench.conventional.opening import default_rules, show_account, show_customer
from bench.conventional.payment_models import Bill
from bench.conventional.payment_schemas import BillOut, NewPayment
from bench.conventional.problems import Problem
from bench.conventional.schemas import AccountOut, CustomerOut
from bench.conventional.tenants import whose
from dues.domain.entries import Head
from dues.domain.money import AMOUNT_MAX

BILLS_MAX = 500

Owed = Bill | Account | Customer

TABLES: dict[str, tuple[type[Owed], str]] = {
    "bill": (Bill, "bill_"),
    "account": (Account, "bacc_"),
    "customer": (Customer, "bcus_"),
}

LOCK = {
    (kind, column): select(table)
    .where(whose(table), getattr(table, column) == bindparam("name"))
    .with_for_update(key_share=True)
    for kind, (table, _) in TABLES.items()
    for column in ("id", "external_reference")
}

LOCK_OPEN_BILLS = {
    kind: select(Bill)
    .where(
        whose(Bill),
        owner == bindparam("owner_id"),
        Bill.currency == bindparam("currency"),
        Bill.status == "unpaid",
    )
    .order_by(Bill.due_on, Bill.bill_on, Bill.id)
    .limit(BILLS_MAX + 1)
    .with_for_update(key_share=True)
    for kind, owner in (("account", Bill.account_id), ("customer", Bill.customer_id))
}

_asked = func.unnest(bindparam("owners", type_=ARRAY(Text))).table_valued("owner_id").render_derived("asked")
_head = (
    select(Entry.number, Entry.hash, Entry.balance_after, Entry.created_at)
    .where(whose(Entry), Entry.owner_id == _asked.c.owner_id)
    .order_by(Entry.number.desc())
    .limit(1)
    .lateral("head")
)
_last = (
    select(Event.sequence)
    .where(whose(Event), Event.object_id == _asked.c.owner_id)
    .order_by(Event.sequence.desc())
    .limit(1)
    .lateral("last")
)
FIND_ENDS = (
    select(_asked.c.owner_id, _last.c.sequence, *_head.c)
    .select_from(_asked)
    .outerjoin(_head, true())
    .outerjoin(_last, true())
)


@dataclass(frozen=True)
class Ends:
    """Where the ledger of an object ends, and the number of its latest event (0: there is none)."""

    head: Head
    sequence: int


async def lock_target(session: AsyncSession, tenant_id: int, body: NewPayment) -> Owed:
    """What is to be paid, held until the end of the transaction. Refuses what does not exist."""
    kind, name = body.target
    found = await lock_named(session, tenant_id, kind, name)
    if found is None:
        raise Problem("not-found", f"{kind}_not_found", f"There is no {kind} {name!r}.", pointer=f"/{kind}")
    return found


async def lock_named(session: AsyncSession, tenant_id: int, kind: str, name: str) -> Owed | None:
    """What has this id or reference, held until the end of the transaction."""
    column = "id" if name.startswith(TABLES[kind][1]) else "external_reference"
    found: Owed | None = await session.scalar(LOCK[kind, column], {"tenant_id": tenant_id, "name": name})
    return found


async def lock_open_bills(session: AsyncSession, target: Owed, currency: str) -> Sequence[Bill]:
    """The open bills of an account or a customer in the order of their due dates, one more than allowed; held."""
    asked = {"tenant_id": target.tenant_id, "owner_id": target.id, "currency": currency}
    return (await session.scalars(LOCK_OPEN_BILLS[kind_of(target)], asked)).all()


async def find_ends(session: AsyncSession, tenant_id: int, owners: Sequence[str]) -> dict[str, Ends]:
    """The ends of each owner's ledger and events; read once they are held."""
    rows = await session.execute(FIND_ENDS, {"tenant_id": tenant_id, "owners": owners})
    return {
        owner: Ends(Head() if number is None else Head(number, digest, balance, at), sequence or 0)
        for owner, sequence, number, digest, balance, at in rows
    }


def kind_of(owed: Owed) -> str:
    """Which noun of the API it is."""
    return next(kind for kind, (table, _) in TABLES.items() if isinstance(owed, table))


def outstanding_of(owed: Owed) -> int | None:
    """What is to be paid; None where no amount is tracked."""
    if isinstance(owed, Bill):
        return max(0, owed.amount_due - owed.amount_paid)
    return None if owed.balance is None else max(0, owed.balance)


async def rules_of(session: AsyncSession, owed: Owed) -> dict[str, Any] | None:
    """The rules that hold for it: its own, else the merchant's default."""
    if outstanding_of(owed) is None or owed.currency is None:
        return None
    return owed.payment_rules or await default_rules(session, owed.tenant_id, kind_of(owed), owed.currency)


def refusal(owed: Owed, rules: dict[str, Any] | None, amount: int, currency: str) -> Problem | None:
    """Why it does not take `amount`, with what is outstanding and the rules."""
    outstanding = outstanding_of(owed)

    def refused(code: str, detail: str, **more: Any) -> Problem:
        told = {"outstanding": outstanding, "payment_rules": rules} | more
        told = {name: value for name, value in told.items() if value is not None}
        return Problem("unprocessable", code, detail, **told)

    if isinstance(owed, Bill) and owed.status == "voided":
        return Problem("conflict", "bill_voided", "It was voided and cannot be paid.")
    if outstanding is None or rules is None:
        return refused("payment_not_allowed", "It tracks no amount, or has no payment rules.")
    if currency != owed.currency:
        return refused("currency_mismatch", f"It is in {owed.currency}, not {currency}.", pointer="/currency")
    code = _broken(outstanding, rules, amount)
    if code is None and amount > _amount_max(owed):
        code = "amount_out_of_range"
    return refused(code, f"{amount} is not what it takes.", pointer="/amount") if code else None


def _broken(outstanding: int, rules: dict[str, Any], amount: int) -> str | None:
    if amount < rules["min_amount"] and amount != outstanding:
        return "payment_below_minimum"
    if amount > rules["max_amount"]:
        return "payment_above_maximum"
    if amount < outstanding and not rules["underpayment_allowed"]:
        return "underpayment_not_allowed"
    if amount > outstanding and not rules["overpayment_allowed"]:
        return "overpayment_not_allowed"
    return None


def _amount_max(owed: Owed) -> int:
    if isinstance(owed, Bill):
        return AMOUNT_MAX - owed.amount_paid
    return min(AMOUNT_MAX, AMOUNT_MAX + (owed.balance or 0))


async def show(session: AsyncSession, owed: Owed) -> BillOut | AccountOut | CustomerOut:
    """It as its events show it."""
    if isinstance(owed, Account):
        return await show_account(session, owed)
    if isinstance(owed, Customer):
        return await show_customer(session, owed)
    return BillOut(
        id=owed.id,
        external_reference=owed.external_reference,
        customer_id=owed.customer_id,
        currency=owed.currency,
        amount_due=owed.amount_due,
        amount_paid=owed.amount_paid,
        amount_remaining=outstanding_of(owed) or 0,
        status=owed.status,
        bill_date=owed.bill_on,
        account_id=owed.account_id,
        due_date=owed.due_on,
        payment_rules=await rules_of(session, owed),
        metadata=owed.metadata_,
    )
