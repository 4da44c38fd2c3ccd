"""GET /billing/payments/{payment}/receipt: that it came, what it paid, what became of it."""

from dues.commands.kind import find_id
from dues.db.database import Database
from dues.domain.days import day_at
from dues.domain.payments import Payment
from dues.domain.refusals import Refusal, not_found
from dues.resources.doing import Call
from dues.resources.payment_links.store import find_account, find_customer, list_bills
from dues.resources.payments.store import PAYMENT, find_payment
from dues.resources.receipts.wire import ReceiptBody, ReceiptLineBody
from dues.resources.statements.wire import OwnerBody
from dues.tenants.payees.store import Payee, find_payee


async def read_receipt(call: Call) -> ReceiptBody | Refusal:
    """The receipt of a payment, by its id or reference."""
    payment_id = await find_id(call.database, PAYMENT, call.tenant, call.name)
    payment = await find_payment(call.database, call.tenant, payment_id) if payment_id else None
    payee = await find_payee(call.database, call.tenant.id)
    if payment is None or payee is None:
        return not_found("payment", call.name)
    return await receipt_of(call.database, payee, payment)


async def receipt_of(database: Database, payee: Payee, payment: Payment) -> ReceiptBody:
    """The receipt of a payment to this merchant."""
    customer = (await find_customer(database, payee.tenant, payment.customer_id)).of
    account = (await find_account(database, payee.tenant, payment.account_id)).of if payment.account_id else None
    live = [one for one in payment.applications if one.live]
    bills = await list_bills(database, payee.tenant, [one.owner_id for one in live])
    names = {bill.of.id: bill.of.external_reference for bill in bills}
    return ReceiptBody(
        merchant=payee.name,
        mode=payee.mode,
        payment=payment.id,
        external_reference=payment.external_reference,
        amount=payment.amount,
        currency=payment.currency,
        paid_at=payment.paid_at,
        paid_on=day_at(payment.paid_at, payee.time_zone),
        method=payment.method,
        customer=OwnerBody(id=customer.id, external_reference=customer.external_reference, name=customer.name),
        account=OwnerBody(id=account.id, external_reference=account.external_reference, name=account.name)
        if account
        else None,
        lines=[ReceiptLineBody(id=one.owner_id, bill=names.get(one.owner_id), amount=one.live) for one in live],
        held=payment.amount_unapplied,
        refunded=payment.amount_refunded,
        reversed_at=payment.reversal.reversed_at if payment.reversal else None,
    )
