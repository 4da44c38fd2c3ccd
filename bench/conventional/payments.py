"""POST /billing/payments: of a bill, an account or a customer, or spread over open bills, the oldest first."""

from fastapi import APIRouter, Request, Response
from msgspec.structs import asdict, replace
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bench.conventional.callers import Caller, cause_of
from bench.conventional.database import Session
from bench.conventional.idempotency import Answer, Key, answer_once
from bench.conventional.models import Customer, Entry, MetadataPair
from bench.conventional.opening import event_of
from bench.conventional.owed import (
    BILLS_MAX,
    Ends,
    Owed,
    find_ends,
    kind_of,
    lock_open_bills,
    lock_target,
    outstanding_of,
    refusal,
    rules_of,
    show,
)
from bench.conventional.payment_models import Bill, Payment, PaymentApplication, PaymentLink
from bench.conventional.payment_schemas import AmountAppliedOut, ApplicationOut, NewPayment, PaymentOut
from bench.conventional.problems import Problem
from bench.conventional.schemas import render
from dues.domain.entries import Cause, Chain
from dues.domain.folding import fold
from dues.domain.ids import new_id
from dues.domain.money import is_safe
from dues.metadata.store import pair_of

router = APIRouter(prefix="/billing/payments")


@router.post("", status_code=201, response_model=PaymentOut)
async def create_payment(body: NewPayment, request: Request, caller: Caller, key: Key, session: Session) -> Response:
    """Takes a payment, once per idempotency key."""

    async def work() -> Answer:
        cause = cause_of(caller, request, key)
        shown = await _take(session, body, cause)
        return Answer(201, render(shown), shown.id)

    return await answer_once(session, caller.tenant_id, key, request, work, _taken)


async def _take(session: AsyncSession, body: NewPayment, cause: Cause) -> PaymentOut:
    """Adds the payment, its applications, what becomes of each thing paid, their entries and events.

    Everything is read before anything is changed. The reference is left to its constraint.
    """
    if not is_safe(body.amount):
        raise Problem("unprocessable", "amount_out_of_range", f"{body.amount} is out of range.", pointer="/amount")
    target = await lock_target(session, cause.tenant_id, body)
    allotted = await _allot(session, target, body)
    ends = await find_ends(session, cause.tenant_id, [owed.id for owed, _ in allotted])

    payment = _payment(target, body, cause)
    cause = replace(cause, payment_id=payment.id)
    applications = []
    for number, (owed, amount) in enumerate(allotted, 1):
        applied = ApplicationOut.model_validate(
            {"id": new_id("ob_", cause.now), "amount": amount, f"{kind_of(owed)}_id": owed.id}
        )
        applications.append(applied)
        payment.applications.append(
            PaymentApplication(tenant_id=cause.tenant_id, number=number, id=applied.id, owner_id=owed.id, amount=amount)
        )
        await _apply(session, owed, amount, ends[owed.id], cause)
        news = AmountAppliedOut(
            **applied.model_dump(),
            currency=body.currency,
            payment_id=payment.id,
            metadata=body.metadata or {},
            created_at=cause.now,
            updated_at=cause.now,
        )
        session.add(event_of(cause, "obligation.amount_applied", news, payment.id, number))
    session.add(payment)
    session.add_all(
        PaymentLink(tenant_id=cause.tenant_id, owner_id=owner_id, payment_id=payment.id)
        for owner_id in _linked_to(payment, target, allotted)
    )
    session.add_all(
        MetadataPair(tenant_id=cause.tenant_id, pair=pair_of(name, value), object_id=payment.id)
        for name, value in (body.metadata or {}).items()
    )
    return _show(payment, applications)


async def _allot(session: AsyncSession, target: Owed, body: NewPayment) -> list[tuple[Owed, int]]:
    """What takes how much. Refuses what the rules refuse."""
    allotted: list[tuple[Owed, int]] = []
    left = body.amount
    bills = await lock_open_bills(session, target, body.currency) if body.allocation else ()
    for number, bill in enumerate(bills):
        if not left:
            break
        if number == BILLS_MAX:
            raise Problem("unprocessable", "too_many_bills", "There are more bills: split it.", pointer="/amount")
        rules = await rules_of(session, bill)
        amount = min(left, outstanding_of(bill) or 0, rules["max_amount"] if rules else 0)
        if amount and not refusal(bill, rules, amount, body.currency):
            allotted.append((bill, amount))
            left -= amount
    if left:
        if problem := refusal(target, await rules_of(session, target), left, body.currency):
            raise problem
        allotted.append((target, left))
    return allotted


def _linked_to(payment: Payment, target: Owed, allotted: list[tuple[Owed, int]]) -> set[str]:
    """What it is listed under beside its own customer and account."""
    owners = {target.id, *(owed.id for owed, _ in allotted)}
    return owners - {payment.customer_id, payment.account_id}


def _payment(target: Owed, body: NewPayment, cause: Cause) -> Payment:
    return Payment(
        tenant_id=cause.tenant_id,
        id=new_id("pay_", cause.now),
        external_reference=body.external_reference,
        reference_folded=fold(body.external_reference),
        amount=body.amount,
        currency=body.currency,
        status="applied",
        customer_id=target.id if isinstance(target, Customer) else target.customer_id,
        account_id=target.id if body.account else getattr(target, "account_id", None),
        bill_id=target.id if body.bill else None,
        method=body.method,
        paid_at=body.paid_at or cause.now,
        metadata_=body.metadata or None,
        created_at=cause.now,
    )


async def _apply(session: AsyncSession, owed: Owed, amount: int, ends: Ends, cause: Cause) -> None:
    """Changes what is paid, and adds the entry and the events of that."""
    kind, chain = kind_of(owed), Chain(owed.id, ends.head, cause)
    happened = [f"{kind}.updated"]
    if isinstance(owed, Bill):
        chain.add("payment", owed.currency, amount)
        owed.amount_paid += amount
        owed.amount_applied += amount
        if owed.amount_paid >= owed.amount_due:
            owed.status = "paid"
            happened.append("bill.paid")
    else:
        assert owed.balance is not None
        assert owed.currency is not None
        chain.add("payment", owed.currency, -amount)
        owed.balance -= amount
    shown = await show(session, owed)
    session.add_all(Entry(**asdict(entry)) for entry in chain.entries)
    session.add_all(
        event_of(cause, event, shown, owed.id, number) for number, event in enumerate(happened, ends.sequence + 1)
    )


def _show(payment: Payment, applications: list[ApplicationOut]) -> PaymentOut:
    return PaymentOut(
        id=payment.id,
        external_reference=payment.external_reference,
        amount=payment.amount,
        currency=payment.currency,
        status=payment.status,
        customer_id=payment.customer_id,
        applications=applications,
        paid_at=payment.paid_at,
        bill_id=payment.bill_id,
        account_id=payment.account_id,
        method=payment.method,
        metadata=payment.metadata_,
    )


def _taken(error: IntegrityError) -> Problem:
    if "payments_reference_is_unique" not in str(error.orig):
        raise error
    detail = "Another payment already has this external_reference."
    return Problem("conflict", "external_reference_taken", detail, pointer="/external_reference")
