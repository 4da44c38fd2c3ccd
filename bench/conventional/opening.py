"""Opening an account: what is read, decided and added to the transaction."""

from datetime import datetime
from typing import Any

from msgspec.structs import asdict
from pydantic import BaseModel
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.conventional.models import Account, Customer, DefaultPaymentRules, Entry, Event, MetadataPair
from bench.conventional.problems import Problem
from bench.conventional.schemas import AccountOut, CustomerOut, NewAccount, NewCustomer
from bench.conventional.tenants import identity, whose
from dues.domain.entries import Cause, Chain, Head
from dues.domain.folding import fold
from dues.domain.ids import new_id
from dues.domain.money import is_safe
from dues.metadata.store import pair_of

FIND_BY_ID = select(Customer).where(whose(Customer), Customer.id == bindparam("name"))
FIND_BY_REFERENCE = select(Customer).where(whose(Customer), Customer.external_reference == bindparam("name"))


async def open_account(session: AsyncSession, body: NewAccount, cause: Cause) -> AccountOut:
    """Adds the account, its opening entry and its event; and its customer's, if one comes along.

    Refuses amounts out of range and unknown customers. References are left to their constraints.
    """
    tenant_id, now = cause.tenant_id, cause.now
    refuse_unsafe(body.balance, "/balance")
    if isinstance(body.customer, NewCustomer):
        customer = _new_customer(tenant_id, body.customer, now)
        shown_customer = await show_customer(session, customer)
        session.add(event_of(cause, "customer.created", shown_customer, customer.id))
        _add_belongings(session, customer, cause)
    else:
        customer = await _find_customer(session, tenant_id, body.customer)

    account = Account(
        tenant_id=tenant_id,
        id=new_id("bacc_", now),
        external_reference=body.external_reference,
        customer_id=customer.id,
        customer=customer,
        name=body.name,
        reference_folded=fold(body.external_reference),
        name_folded=_folded(body.name),
        currency=body.currency,
        balance=body.balance,
        payment_rules=body.payment_rules.model_dump() if body.payment_rules else None,
        metadata_=body.metadata or None,
        created_at=now,
    )
    shown = await show_account(session, account)
    session.add_all([account, event_of(cause, "account.created", shown, shown.id)])
    _add_belongings(session, account, cause)
    return shown


async def show_account(session: AsyncSession, account: Account) -> AccountOut:
    """The account as the API shows it, with the payment rules that apply to it."""
    return AccountOut(
        id=account.id,
        external_reference=account.external_reference,
        customer_id=account.customer_id,
        name=account.name,
        currency=account.currency,
        balance=account.balance,
        payment_rules=await _rules_of(session, account, "account"),
        metadata=account.metadata_,
    )


async def show_customer(session: AsyncSession, customer: Customer) -> CustomerOut:
    """The customer as the API shows it, with the payment rules that apply."""
    return CustomerOut(
        id=customer.id,
        external_reference=customer.external_reference,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        currency=customer.currency,
        balance=customer.balance,
        payment_rules=await _rules_of(session, customer, "customer"),
        metadata=customer.metadata_,
    )


async def _find_customer(session: AsyncSession, tenant_id: int, name: str) -> Customer:
    statement = FIND_BY_ID if name.startswith("bcus_") else FIND_BY_REFERENCE
    customer = await session.scalar(statement, {"tenant_id": tenant_id, "name": name})
    if customer is None:
        raise Problem("not-found", "customer_not_found", f"There is no customer {name!r}.", pointer="/customer")
    return customer


async def _rules_of(session: AsyncSession, owner: Account | Customer, kind: str) -> dict[str, Any] | None:
    if owner.balance is None or owner.currency is None:
        return None
    return owner.payment_rules or await default_rules(session, owner.tenant_id, kind, owner.currency)


async def default_rules(session: AsyncSession, tenant_id: int, kind: str, currency: str) -> dict[str, Any] | None:
    """What applies to objects of `kind` in `currency` that have no rules of their own."""
    with session.no_autoflush:
        default = await session.get(DefaultPaymentRules, identity(tenant_id, kind=kind, currency=currency))
    return default.payment_rules if default else None


def _new_customer(tenant_id: int, body: NewCustomer, now: datetime) -> Customer:
    refuse_unsafe(body.balance, "/customer/balance")
    return Customer(
        tenant_id=tenant_id,
        id=new_id("bcus_", now),
        external_reference=body.external_reference,
        name=body.name,
        email=body.email,
        phone=body.phone,
        reference_folded=fold(body.external_reference),
        name_folded=_folded(body.name),
        email_folded=_folded(body.email),
        currency=body.currency,
        balance=body.balance,
        payment_rules=body.payment_rules.model_dump() if body.payment_rules else None,
        metadata_=body.metadata or None,
        created_at=now,
    )


def refuse_unsafe(amount: int | None, pointer: str) -> None:
    """Refuses an amount that not every JSON client could represent exactly."""
    if amount is not None and not is_safe(amount):
        raise Problem("unprocessable", "amount_out_of_range", f"{amount} is out of range.", pointer=pointer)


def _add_belongings(session: AsyncSession, owner: Account | Customer, cause: Cause) -> None:
    """Adds the entry that opens the balance, and the pairs of the metadata."""
    if owner.balance is not None and owner.currency is not None:
        chain = Chain(owner.id, Head(), cause)
        chain.add("opening", owner.currency, owner.balance)
        session.add_all(Entry(**asdict(entry)) for entry in chain.entries)
    session.add_all(
        MetadataPair(tenant_id=owner.tenant_id, pair=pair_of(key, value), object_id=owner.id)
        for key, value in (owner.metadata_ or {}).items()
    )


def _folded(text: str | None) -> str | None:
    return None if text is None else fold(text)


def event_of(cause: Cause, kind: str, shown: BaseModel, object_id: str, sequence: int = 1) -> Event:
    """The news of a change, with what it is about as it is now; `sequence` counts the events of the object."""
    return Event(
        tenant_id=cause.tenant_id,
        id=new_id("evt_", cause.now),
        type=kind,
        object_id=object_id,
        data=shown.model_dump(mode="json", exclude_none=True),
        created_at=cause.now,
        sequence=sequence,
        actor=cause.actor,
    )
