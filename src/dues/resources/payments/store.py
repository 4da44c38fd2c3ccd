"""The statements on payments and payment_applications."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from dues.db.transaction import Row
from dues.domain.entries import Head
from dues.domain.payments import Application, Payment, Reversal
from dues.metadata.store import save_pairs
from dues.resources.json_columns import to_json, to_metadata
from dues.resources.names import Findable, Key, find_named, lock_by_keys
from dues.work.work import Work

INSERT_PAYMENTS = """
insert into payments (tenant_id, id, external_reference, amount, currency, customer_id, account_id, bill_id, method,
                      paid_at, collector_id, metadata, created_at)
select tenant_id, id, external_reference, amount, currency, customer_id, account_id, bill_id, method, paid_at,
       collector_id, metadata::jsonb, created_at
  from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::timestamptz[], $11::text[], $12::text[], $13::timestamptz[])
    as p(tenant_id, id, external_reference, amount, currency, customer_id, account_id, bill_id, method, paid_at,
         collector_id, metadata, created_at)
"""

INSERT_APPLICATIONS = """
insert into payment_applications (tenant_id, payment_id, number, id, owner_id, amount)
select * from unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::bigint[])
"""


def insert_payment(work: Work, tenant_id: int, payment: Payment) -> None:
    """Writes a new payment and its applications. A reference taken meanwhile makes the transaction raise Conflict."""
    row = (
        tenant_id,
        payment.id,
        payment.external_reference,
        payment.amount,
        payment.currency,
        payment.customer_id,
        payment.account_id,
        payment.bill_id,
        payment.method,
        payment.paid_at,
        payment.collector_id,
        to_json(payment.metadata),
        work.now_of(tenant_id),
    )
    work.tx.write(INSERT_PAYMENTS, [row])
    applications = [
        (tenant_id, payment.id, number, one.id, one.owner_id, one.amount)
        for number, one in enumerate(payment.applications, 1)
    ]
    work.tx.write(INSERT_APPLICATIONS, applications)
    save_pairs(work, tenant_id, payment.id, None, payment.metadata)


SAVE_REVERSALS = """
update payments p
   set status = 'reversed', reversal_reason = new.reason, reversal_note = new.note, reversed_at = new.reversed_at
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
    as new(tenant_id, id, reason, note, reversed_at)
 where p.tenant_id = new.tenant_id and p.id = new.id
"""


def save_reversal(work: Work, tenant_id: int, payment_id: str, reversal: Reversal) -> None:
    """Writes that a payment that is locked was taken back."""
    row = (tenant_id, payment_id, reversal.reason, reversal.note, reversal.reversed_at)
    work.tx.write(SAVE_REVERSALS, [row])


COLUMNS: Final = """
       p.id, p.external_reference, p.amount, p.currency, p.status, p.customer_id, p.account_id, p.bill_id, p.method,
       p.paid_at, p.collector_id, p.reversal_reason, p.reversal_note, p.reversed_at, p.metadata,
       (select json_agg(json_build_object('id', x.id, 'owner_id', x.owner_id, 'amount', x.amount) order by x.number)
          from payment_applications x
         where x.tenant_id = p.tenant_id and x.payment_id = p.id
       ) as applications
"""

FIND_PAYMENT_IDS = """
select asked.tenant_id, asked.external_reference, p.id
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, external_reference)
  join payments p on p.tenant_id = asked.tenant_id and p.external_reference = asked.external_reference
"""

FIND_PAYMENTS = f"""
select p.tenant_id, {COLUMNS}
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join payments p on p.tenant_id = asked.tenant_id and p.id = asked.id
"""

LOCK_PAYMENTS = """
select p.tenant_id, p.id
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join payments p on p.tenant_id = asked.tenant_id and p.id = asked.id
 order by p.tenant_id, p.id
   for no key update of p
"""


async def find_payments(work: Work, named: Sequence[Key]) -> list[Payment | None]:
    """For each (tenant, id or reference), in order: the payment, or None."""
    return await find_named(work, PAYMENT, named)


async def lock_payments(work: Work, keys: Sequence[Key]) -> dict[Key, Payment]:
    """The payments with these (tenant, id), held until the end of the transaction."""
    return await lock_by_keys(work, PAYMENT, keys)


def _found(row: Row, _head: Head) -> Payment:
    return payment_of(row)


PAYMENT: Final = Findable("pay_", FIND_PAYMENT_IDS, FIND_PAYMENTS, LOCK_PAYMENTS, _found, chained=False)


def payment_of(row: Row) -> Payment:
    """A payment from its row."""
    at: datetime | None = row["reversed_at"]
    return Payment(
        id=row["id"],
        external_reference=row["external_reference"],
        amount=row["amount"],
        currency=row["currency"],
        status=row["status"],
        customer_id=row["customer_id"],
        account_id=row["account_id"],
        bill_id=row["bill_id"],
        method=row["method"],
        paid_at=row["paid_at"],
        collector_id=row["collector_id"],
        applications=_APPLICATIONS.decode(row["applications"]),
        reversal=Reversal(reason=row["reversal_reason"], note=row["reversal_note"], reversed_at=at) if at else None,
        metadata=to_metadata(row["metadata"]),
    )


_APPLICATIONS = msgspec.json.Decoder(list[Application])
