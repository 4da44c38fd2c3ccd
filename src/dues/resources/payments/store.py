"""Payments as they are kept, found and listed, with what each was applied to."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, get_args

from dues.commands.columns import Column, folded
from dues.commands.kind import Kind, Row
from dues.domain.payments import Payment, PaymentStatus
from dues.lists.listing import ACCOUNT_NAMED, BILL_NAMED, BY_REFERENCE, CUSTOMER_NAMED, Key, Listing, Order, Through
from dues.resources.payments.wire import payment_body

INSERT_APPLICATIONS = """
insert into payment_applications (cell, tenant_id, payment_id, number, id, owner_id, amount)
select $1::integer, *
  from unnest($2::integer[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::bigint[])
"""


def _applications(tenant_id: int, payment: Payment) -> Iterable[tuple[str, Row]]:
    for number, one in enumerate(payment.applications, 1):
        yield INSERT_APPLICATIONS, (tenant_id, payment.id, number, one.id, one.owner_id, one.amount)


PAYMENT: Final = Kind(
    Payment,
    noun="payment",
    prefix="pay_",
    table="payments",
    saved=("status",),
    computed={
        "applications": """(
select json_agg(json_build_object('id', x.id, 'owner_id', x.owner_id, 'amount', x.amount) order by x.number)
  from payment_applications x
 where x.cell = $1 and x.tenant_id = t.tenant_id and x.payment_id = t.id)""",
        "reversal": """case when t.reversed_at is not null then json_build_object(
    'reason', t.reversal_reason, 'note', t.reversal_note, 'reversed_at', t.reversed_at) end""",
    },
    more_columns=(
        folded("reference", "external_reference", saved=False),
        Column("reversal_reason", "text", lambda payment: payment.reversal and payment.reversal.reason, saved=True),
        Column("reversal_note", "text", lambda payment: payment.reversal and payment.reversal.note, saved=True),
        Column("reversed_at", "timestamptz", lambda p: p.reversal and p.reversal.reversed_at, saved=True),
    ),
    rows_beside=_applications,
    show=lambda record: payment_body(record.of),
    # That it was made is told by each of its applications.
    event_types=lambda change: () if change.before is None else ("payment.reversed",),
    has_balance=False,
)

PAYMENTS: Final = Listing(
    name="payments",
    prefix=PAYMENT.prefix,
    columns=PAYMENT.selected,
    table="payments t",
    filters={
        "external_reference": "t.external_reference = {}",
        "customer": "t.customer_id = {}",
        "account": "t.account_id = {}",
        "status": "t.status = {}",
        "currency": "t.currency = {}",
    },
    named={"customer": CUSTOMER_NAMED, "account": ACCOUNT_NAMED, "bill": BILL_NAMED},
    orders={"paid_at": Order((Key("paid_at", datetime),)), "amount": Order((Key("amount", int),))},
    sought=(BY_REFERENCE,),
    divided={"status": get_args(PaymentStatus), "currency": None},
    through={"bill": Through("payment_applications", "owner_id", "payment_id")},
)
