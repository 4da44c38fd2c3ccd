"""The statements on bills."""

from collections.abc import Sequence
from typing import Final, get_args

from msgspec import Struct

from dues.db.transaction import Row
from dues.domain.bills import Bill, BillStatus
from dues.domain.entries import Head
from dues.domain.payment_rules import PaymentRules
from dues.lists.listing import ACCOUNT_NAMED, CUSTOMER_NAMED, Listing
from dues.metadata.store import save_pairs
from dues.resources.json_columns import to_json, to_metadata, to_rules
from dues.resources.names import Findable, Key, find_named, lock_named
from dues.work.work import Work


class FoundBill(Struct, frozen=True):
    """A bill, the default rules for it, and where the chain of what was paid of it ends."""

    bill: Bill
    default_rules: PaymentRules | None
    head: Head


INSERT_BILLS = """
insert into bills (tenant_id, id, external_reference, customer_id, account_id, currency, amount_due, bill_on, due_on,
                   payment_rules, metadata, created_at)
select tenant_id, id, external_reference, customer_id, account_id, currency, amount_due, bill_on, due_on,
       payment_rules::jsonb, metadata::jsonb, created_at
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::date[],
              $9::date[], $10::text[], $11::text[], $12::timestamptz[])
    as b(tenant_id, id, external_reference, customer_id, account_id, currency, amount_due, bill_on, due_on,
         payment_rules, metadata, created_at)
"""


def insert_bill(work: Work, tenant_id: int, bill: Bill) -> None:
    """Writes a new bill. A reference taken meanwhile makes the transaction raise Conflict."""
    row = (
        tenant_id,
        bill.id,
        bill.external_reference,
        bill.customer_id,
        bill.account_id,
        bill.currency,
        bill.amount_due,
        bill.bill_date,
        bill.due_date,
        to_json(bill.payment_rules),
        to_json(bill.metadata),
        work.now_of(tenant_id),
    )
    work.tx.write(INSERT_BILLS, [row])
    save_pairs(work, tenant_id, bill.id, None, bill.metadata)


SAVE_BILLS = """
update bills b
   set amount_paid = new.amount_paid, status = new.status, payment_rules = new.payment_rules::jsonb,
       metadata = new.metadata::jsonb
  from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
    as new(tenant_id, id, amount_paid, status, payment_rules, metadata)
 where b.tenant_id = new.tenant_id and b.id = new.id
"""


def save_bill(work: Work, tenant_id: int, old: Bill, new: Bill) -> None:
    """Writes what may change of a bill that is locked."""
    row = (tenant_id, new.id, new.amount_paid, new.status, to_json(new.payment_rules), to_json(new.metadata))
    work.tx.write(SAVE_BILLS, [row])
    save_pairs(work, tenant_id, new.id, old.metadata, new.metadata)


# The rules are a subquery: as a join, all of a tenant's may be read for the few that are shown.
_COLUMNS: Final = """
       b.id, b.external_reference, b.customer_id, b.account_id, b.currency, b.amount_due, b.amount_paid, b.status,
       b.bill_on, b.due_on, b.payment_rules, b.metadata,
       (select rules.payment_rules from default_payment_rules rules
         where rules.tenant_id = b.tenant_id and rules.kind = 'bill' and rules.currency = b.currency
       ) as default_rules
"""

FIND_BILL_IDS = """
select asked.tenant_id, asked.external_reference, b.id
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, external_reference)
  join bills b on b.tenant_id = asked.tenant_id and b.external_reference = asked.external_reference
"""

FIND_BILLS = f"""
select b.tenant_id, {_COLUMNS}
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join bills b on b.tenant_id = asked.tenant_id and b.id = asked.id
"""

LOCK_BILLS = """
select b.tenant_id, b.id
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join bills b on b.tenant_id = asked.tenant_id and b.id = asked.id
 order by b.tenant_id, b.id
   for no key update of b
"""


async def find_bills(work: Work, named: Sequence[Key]) -> list[FoundBill | None]:
    """For each (tenant, id or reference), in order: the bill, or None. Its head is not read."""
    return await find_named(work, BILL, named)


async def lock_bills(work: Work, named: Sequence[Key]) -> list[FoundBill | None]:
    """As find_bills, held until the end of the transaction, with their heads. Raises SameObject."""
    return await lock_named(work, BILL, named)


BILLS = Listing(
    name="bills",
    prefix="bill_",
    columns=_COLUMNS,
    table="bills b",
    alias="b",
    filters={
        "external_reference": "b.external_reference = {}",
        "customer": "b.customer_id = {}",
        "account": "b.account_id = {}",
        "status": "b.status = {}",
        "currency": "b.currency = {}",
    },
    named={"customer": CUSTOMER_NAMED, "account": ACCOUNT_NAMED},
    statuses=get_args(BillStatus),
)


def _found(row: Row, head: Head) -> FoundBill:
    return FoundBill(bill_of(row), to_rules(row["default_rules"]), head)


BILL: Final = Findable("bill_", FIND_BILL_IDS, FIND_BILLS, LOCK_BILLS, _found)


def bill_of(row: Row) -> Bill:
    """A bill from its row."""
    return Bill(
        id=row["id"],
        external_reference=row["external_reference"],
        customer_id=row["customer_id"],
        account_id=row["account_id"],
        currency=row["currency"],
        amount_due=row["amount_due"],
        amount_paid=row["amount_paid"],
        status=row["status"],
        bill_date=row["bill_on"],
        due_date=row["due_on"],
        payment_rules=to_rules(row["payment_rules"]),
        metadata=to_metadata(row["metadata"]),
    )
