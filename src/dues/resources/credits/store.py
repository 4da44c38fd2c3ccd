"""Credits as they are kept and found; and the payments that have money on a bill."""

from typing import Any, Final

from dues.commands.kind import Kind
from dues.commands.known import Known, TenantLookup
from dues.domain.credits import Credit
from dues.domain.payments import Payment
from dues.domain.records import Record
from dues.lists.listing import BILL_NAMED, Listing
from dues.resources.credits.wire import credit_body
from dues.resources.payments.store import PAYMENT
from dues.work.questions import Answers, Part, Question

CREDIT: Final = Kind(
    Credit,
    noun="credit",
    prefix="cred_",
    table="bill_credits",
    saved=("reversed_at", "reversal_reason"),
    computed={"metadata": "null", "created_at": "t.created_at"},
    show=lambda record: credit_body(record.of),
    event_types=lambda change: (),
    belongs_by="bill_id",
    has_balance=False,
    has_ledger=False,
    has_events=False,
)

CREDITS: Final = Listing(
    name="credits",
    prefix=CREDIT.prefix,
    columns=CREDIT.selected,
    table="bill_credits t",
    filters={"bill": "t.bill_id = {}"},
    named={"bill": BILL_NAMED},
)

PAYMENTS_MAX: Final = 500
"""How many payments a credit may give money back to."""


class PaymentsOn(Question, frozen=True):
    """The payments that have money on a bill, to be changed."""

    bill_id: str

    @property
    def part(self) -> Part:
        return _PAYMENTS_ON

    @property
    def values(self) -> tuple[object, ...]:
        return (self.bill_id,)

    def learn(self, known: Answers, tenant_id: int, answer: Any) -> None:
        assert isinstance(known, Known)
        payments: list[Record[Payment]] = answer or []
        for payment in payments:
            known.remember(tenant_id, payment)
            known.ids[tenant_id, PAYMENT.noun, payment.of.id] = payment.of.id


_PAYMENTS_ON: Final = Part(
    name="payments on a bill",
    asked={"bill_id": "text"},
    source=f""" cross join lateral (
           select json_agg({PAYMENT.record(ends=True)}) as records
             from (select p.*
                     from payment_links l
                     join payments p on p.cell = $1 and p.tenant_id = l.tenant_id and p.id = l.payment_id
                                    and p.status = 'applied'
                    where l.cell = $1 and l.tenant_id = asked.tenant_id and l.owner_id = asked.bill_id
                    order by l.payment_id desc
                    limit {PAYMENTS_MAX}) as t
       ) as on_bill""",
    value="coalesce(on_bill.records, '[]'::json)",
    shape=list[Record[Payment]],
)


def find_payments_on(lookup: TenantLookup, bill_id: str) -> list[Record[Payment]]:
    """Those with money on a bill, as those before in the group have left them: what was applied last comes first."""
    payments = [one for one in lookup.records_of(Payment) if one.of.applied_to(bill_id)]
    return sorted(payments, key=lambda one: _last_applied(one.of, bill_id), reverse=True)


def _last_applied(payment: Payment, bill_id: str) -> str:
    return max(one.id for one in payment.applications if one.owner_id == bill_id and one.live)
