"""Payments as they are kept, found and listed, with what each was applied to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, get_args

from dues.commands.columns import Column, folded
from dues.commands.kind import Kind, Row
from dues.db.database import Database
from dues.domain.payments import Payment, PaymentStatus
from dues.domain.records import Change
from dues.domain.tenants import Tenant
from dues.events.catalogue import EventType
from dues.lists.listing import ACCOUNT_NAMED, BILL_NAMED, BY_REFERENCE, CUSTOMER_NAMED, Key, Listing, Order, Through
from dues.resources.payments.wire import payment_body

INSERT_APPLICATIONS = """
insert into payment_applications (cell, tenant_id, payment_id, number, id, owner_id, amount)
select $1::integer, *
  from unnest($2::integer[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::bigint[])
"""

INSERT_UNDONE_APPLICATIONS = """
insert into payment_applications
       (cell, tenant_id, payment_id, number, id, owner_id, amount, released, not_restored, not_restored_reason)
select $1::integer, *
  from unnest($2::integer[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
              $9::bigint[], $10::text[])
"""
"""Of a payment that was made and undone within one group."""

UNDO_APPLICATIONS = """
update payment_applications x
   set released = new.released, not_restored = new.not_restored, not_restored_reason = new.not_restored_reason
  from unnest($2::integer[], $3::text[], $4::smallint[], $5::bigint[], $6::bigint[], $7::text[])
    as new(tenant_id, payment_id, number, released, not_restored, not_restored_reason)
 where x.cell = $1 and x.tenant_id = new.tenant_id and x.payment_id = new.payment_id and x.number = new.number
"""

INSERT_LINKS = """
insert into payment_links (cell, tenant_id, owner_id, payment_id)
select $1::integer, * from unnest($2::integer[], $3::text[], $4::text[])
    on conflict do nothing
"""


def _beside(tenant_id: int, old: Payment | None, new: Payment) -> Iterable[tuple[str, Row]]:
    """Its applications, as far as they are new or were undone, and what it is listed under from now on."""
    there = old.applications if old else ()
    for number, one in enumerate(new.applications, 1):
        undone = one.released, one.not_restored, one.not_restored_reason
        row = tenant_id, new.id, number
        if number <= len(there):
            if one != there[number - 1]:
                yield UNDO_APPLICATIONS, (*row, *undone)
        elif any(undone):
            yield INSERT_UNDONE_APPLICATIONS, (*row, one.id, one.owner_id, one.amount, *undone)
        else:
            yield INSERT_APPLICATIONS, (*row, one.id, one.owner_id, one.amount)
    for owner_id in new.linked_to:
        yield INSERT_LINKS, (tenant_id, owner_id, new.id)


def _event_types(change: Change[Payment]) -> Sequence[EventType]:
    """That it was made is told by each of its applications."""
    after = change.after.of
    if change.before is None:
        return ("payment.unapplied",) if after.amount_unapplied else ()
    before = change.before.of
    if after.status != before.status:
        return ("payment.reversed",)
    if after.represented_by != before.represented_by:
        return ("payment.represented",)
    if after.amount_refunded != before.amount_refunded:
        return ("payment.refunded",)
    return ("payment.applied",) if after.amount_unapplied < before.amount_unapplied else ("payment.unapplied",)


PAYMENT: Final = Kind(
    Payment,
    noun="payment",
    prefix="pay_",
    table="payments",
    saved=("status", "amount_unapplied", "amount_refunded", "represented_by"),
    computed={
        "linked_to": "'[]'::json",
        "applications": """coalesce((
select json_agg(json_build_object('id', x.id, 'owner_id', x.owner_id, 'amount', x.amount, 'released', x.released,
                                  'not_restored', x.not_restored, 'not_restored_reason', x.not_restored_reason)
                order by x.number)
  from payment_applications x
 where x.cell = $1 and x.tenant_id = t.tenant_id and x.payment_id = t.id), '[]'::json)""",
        "reversal": """case when t.reversed_at is not null then json_build_object(
    'reason', t.reversal_reason, 'note', t.reversal_note, 'reversed_at', t.reversed_at) end""",
    },
    more_columns=(
        folded("reference", "external_reference", saved=False),
        Column("reversal_reason", "text", lambda payment: payment.reversal and payment.reversal.reason, saved=True),
        Column("reversal_note", "text", lambda payment: payment.reversal and payment.reversal.note, saved=True),
        Column("reversed_at", "timestamptz", lambda p: p.reversal and p.reversal.reversed_at, saved=True),
    ),
    rows_beside=_beside,
    found_while="t.represented_by is null",
    show=lambda record: payment_body(record.of),
    event_types=_event_types,
    has_balance=False,
)

PAYMENTS: Final = Listing(
    name="payments",
    prefix=PAYMENT.prefix,
    columns=PAYMENT.selected,
    table="payments t",
    filters={
        "external_reference": "t.external_reference = {} and t.represented_by is null",
        "status": "t.status = {}",
        "currency": "t.currency = {}",
        "unapplied": "t.amount_unapplied > 0 and {} = 'true'",
    },
    named={"customer": CUSTOMER_NAMED, "account": ACCOUNT_NAMED, "bill": BILL_NAMED},
    orders={"paid_at": Order((Key("paid_at", datetime),)), "amount": Order((Key("amount", int),))},
    sought=(BY_REFERENCE,),
    divided={"status": get_args(PaymentStatus), "currency": None},
    through={
        "bill": Through("payment_links", "owner_id", "payment_id"),
        "account": Through("payment_links", "owner_id", "payment_id", own="account_id"),
        "customer": Through("payment_links", "owner_id", "payment_id", own="customer_id"),
    },
)

FIND_PAYMENT: Final = f"""
select {PAYMENT.selected} from payments t where t.cell = $1 and t.tenant_id = $2 and t.id = $3
"""


async def find_payment(database: Database, tenant: Tenant, payment_id: str) -> Payment | None:
    """The payment with this id."""
    row = await database.row(FIND_PAYMENT, *tenant, payment_id)
    return PAYMENT.of_row(row).of if row else None
