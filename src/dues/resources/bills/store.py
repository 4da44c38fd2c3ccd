"""Bills as they are kept, found and listed; and the open ones of an owner."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, get_args

from dues.commands.columns import folded
from dues.commands.kind import Kind
from dues.commands.known import Known, TenantLookup
from dues.domain.allocation import BILLS_MAX
from dues.domain.balances import refuse_unsafe
from dues.domain.bills import Bill, BillStatus
from dues.domain.open_bills import COUNTED_MAX, OpenBillsTotal
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal
from dues.events.catalogue import EventType
from dues.lists.listing import ACCOUNT_NAMED, BY_REFERENCE, CUSTOMER_NAMED, Key, Listing, Order
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.wire import bill_body
from dues.resources.customers.store import CUSTOMER
from dues.work.group_commit import Later
from dues.work.questions import Answers, Part, Question
from dues.work.work import Claim


def _event_types(change: Change[Bill]) -> Sequence[EventType]:
    if change.before is None:
        return ("bill.created",)
    before, after = change.before.of, change.after.of
    if after.status == "voided" != before.status:
        return ("bill.voided",)
    if after.overdue_on != before.overdue_on:
        return ("bill.overdue",)
    if after.status == "paid" != before.status:
        return ("bill.updated", "bill.paid")
    return ("bill.updated",)


BILL: Final = Kind(
    Bill,
    noun="bill",
    prefix="bill_",
    table="bills",
    saved=(
        "amount_paid",
        "amount_applied",
        "amount_credited",
        "status",
        "payment_rules",
        "metadata",
        "voided_at",
        "overdue_on",
    ),
    often=("amount_paid", "amount_applied", "status"),
    renamed={"bill_date": "bill_on", "due_date": "due_on"},
    more_columns=(folded("reference", "external_reference", saved=False),),
    show=bill_body,
    event_types=_event_types,
)

BILLS: Final = Listing(
    name="bills",
    prefix=BILL.prefix,
    columns=BILL.selected,
    table="bills t",
    filters={
        "external_reference": "t.external_reference = {}",
        "customer": "t.customer_id = {}",
        "account": "t.account_id = {}",
        "status": "t.status = {}",
        "currency": "t.currency = {}",
    },
    named={"customer": CUSTOMER_NAMED, "account": ACCOUNT_NAMED},
    orders={
        # It is also the order in which a payment is spread over an owner's unpaid bills, and has the same index.
        "due_date": Order((Key("due_on", date), Key("bill_on", date)), ascending=True, owners=("customer", "account")),
        "bill_date": Order((Key("bill_on", date),)),
        "amount": Order((Key("amount_due", int),)),
    },
    sought=(BY_REFERENCE,),
    divided={"status": get_args(BillStatus), "currency": None},
)


REMAINING: Final = "b.amount_due - b.amount_paid - b.amount_credited"
"""What is still to be paid of an open bill, whose row is called `b`."""


class OpenBills(Question, frozen=True):
    """The unpaid bills of an account or a customer in one currency, the oldest due first; one more than a payment may
    go over, where there are more. They are to be changed, so they come with their ends."""

    noun: str
    name: str
    currency: str

    @property
    def part(self) -> Part:
        return _OPEN_BILLS[self.noun, self.name.startswith(_OWNERS[self.noun].prefix)]

    @property
    def values(self) -> tuple[object, ...]:
        return self.name, self.currency

    @property
    def claim(self) -> Claim | None:
        return self.noun, self.name

    def learn(self, known: Answers, tenant_id: int, answer: Any) -> None:
        assert isinstance(known, Known)
        bills: list[Record[Bill]] = answer or []
        for bill in bills:
            known.remember(tenant_id, bill)
        known.other[tenant_id, self] = [bill.of.id for bill in bills]


_OWNERS: Final[dict[str, Kind[Any]]] = {"customer": CUSTOMER, "account": ACCOUNT}


def _open_bills(owner: Kind[Any], by_id: bool) -> Part:
    column = "id" if by_id else "external_reference"
    return Part(
        name=f"open bills by {owner.noun}'s {column}",
        asked={"name": "text", "currency": "text"},
        source=f"""  join {owner.table} o on o.cell = $1 and o.tenant_id = asked.tenant_id and o.{column} = asked.name
 cross join lateral (
           select json_agg({BILL.record(ends=True)}) as records
             from (select * from bills b
                    where b.cell = $1 and b.tenant_id = asked.tenant_id and b.{owner.noun}_id = o.id
                      and b.currency = asked.currency and b.status = 'unpaid'
                    order by b.due_on, b.bill_on, b.id
                    limit {BILLS_MAX + 1}) as t
       ) as open_bills""",
        value="coalesce(open_bills.records, '[]'::json)",
        shape=list[Record[Bill]],
    )


_OPEN_BILLS: Final = {
    (noun, by_id): _open_bills(owner, by_id) for noun, owner in _OWNERS.items() for by_id in (True, False)
}


def find_open_bills(lookup: TenantLookup, question: OpenBills) -> list[Record[Bill]]:
    """What was read, as those before in the group have left it. Raises Later where what was not read may count now."""
    owner_id = lookup.find_id(question.noun, question.name)
    read: list[str] = lookup.answer(question)
    if len(read) > BILLS_MAX and any(lookup.record(one).of.status != "unpaid" for one in read):
        raise Later
    bills = [
        bill
        for bill in lookup.records_of(Bill)
        if bill.of.status == "unpaid"
        and bill.of.currency == question.currency
        and owner_id == getattr(bill.of, f"{question.noun}_id")
    ]
    return sorted(bills, key=_by_due_date)[: BILLS_MAX + 1]


def _by_due_date(bill: Record[Bill]) -> tuple[date, date, str]:
    # Those without a due date come last, as they do in the database.
    return bill.of.due_date or date.max, bill.of.bill_date, bill.of.id


class OpenBillTotals(Question, frozen=True):
    """What the open bills of an account or a customer come to, by currency; of no more than COUNTED_MAX."""

    noun: str
    name: str

    @property
    def part(self) -> Part:
        return _OPEN_BILL_TOTALS[self.noun, self.name.startswith(_OWNERS[self.noun].prefix)]

    @property
    def values(self) -> tuple[object, ...]:
        return (self.name,)


def _open_bill_totals(owner: Kind[Any], by_id: bool) -> Part:
    column = "id" if by_id else "external_reference"
    total = "'currency', t.currency, 'count', t.count, 'amount_remaining', t.remaining, 'oldest_due_date', t.due_on"
    return Part(
        name=f"what open bills come to by {owner.noun}'s {column}",
        asked={"name": "text"},
        # In the order of the index that leads to them, so that no more of them are read than are counted.
        source=f"""  join {owner.table} o on o.cell = $1 and o.tenant_id = asked.tenant_id and o.{column} = asked.name
 cross join lateral (
           select json_agg(json_build_object({total})) as totals
             from (select counted.currency, count(*), sum(counted.remaining) as remaining, min(counted.due_on) as due_on
                     from (select b.currency, b.due_on, {REMAINING} as remaining
                             from bills b
                            where b.cell = $1 and b.tenant_id = asked.tenant_id and b.{owner.noun}_id = o.id
                              and b.status = 'unpaid'
                            order by b.currency, b.due_on, b.bill_on, b.id
                            limit {COUNTED_MAX}) as counted
                    group by counted.currency) as t
       ) as open_bills""",
        value="coalesce(open_bills.totals, '[]'::json)",
        shape=list[OpenBillsTotal],
    )


_OPEN_BILL_TOTALS: Final = {
    (noun, by_id): _open_bill_totals(owner, by_id) for noun, owner in _OWNERS.items() for by_id in (True, False)
}


def find_open_bill_totals(lookup: TenantLookup, question: OpenBillTotals) -> Sequence[OpenBillsTotal] | Refusal:
    """What was read. Refuses what nobody could represent exactly; raises Later where those before in the group have
    changed any of these bills."""
    owner_id = lookup.find_id(question.noun, question.name)
    if any(getattr(bill.of, f"{question.noun}_id") == owner_id for bill in lookup.written_of(Bill)):
        raise Later
    totals: list[OpenBillsTotal] = lookup.answer(question) or []
    for total in totals:
        if refusal := refuse_unsafe([total.amount_remaining], "/open_bills", total.currency):
            return refusal
    return totals
