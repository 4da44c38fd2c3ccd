"""POST /billing/accounts/{account}/adjustments: a signed delta to a balance."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from msgspec.structs import asdict
from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic_core import PydanticCustomError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bench.conventional.callers import Caller, cause_of
from bench.conventional.database import Session
from bench.conventional.idempotency import Answer, Key, answer_once
from bench.conventional.models import Account, Entry
from bench.conventional.opening import event_of, refuse_unsafe, show_account
from bench.conventional.owed import find_ends, lock_named
from bench.conventional.problems import Problem
from bench.conventional.schemas import Strict, plain_text, render
from dues.domain.entries import Cause, Chain

router = APIRouter(prefix="/billing/accounts")


def _not_zero(amount: int) -> int:
    if not amount:
        raise PydanticCustomError("zero", "must not be 0.")
    return amount


class NewAdjustment(Strict):
    """By how much, in minor units, and why."""

    amount: Annotated[int, AfterValidator(_not_zero)]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(plain_text)]


class CausedByOut(BaseModel):
    """What changed the balance."""

    request_id: str
    idempotency_key: str
    actor: str


class EntryOut(BaseModel):
    """A change of a balance as it is shown."""

    id: str
    kind: str
    currency: str
    amount: int
    balance_after: int
    caused_by: CausedByOut
    created_at: datetime
    reason: str


@router.post("/{account:path}/adjustments", status_code=201, response_model=EntryOut)
async def adjust_account(
    account: str, body: NewAdjustment, request: Request, caller: Caller, key: Key, session: Session
) -> Response:
    """Changes a balance, once per idempotency key."""

    async def work() -> Answer:
        cause = cause_of(caller, request, key)
        shown = await _adjust(session, account, body, cause)
        return Answer(201, render(shown), shown.id)

    return await answer_once(session, caller.tenant_id, key, request, work, _taken)


async def _adjust(session: AsyncSession, name: str, body: NewAdjustment, cause: Cause) -> EntryOut:
    """Changes the held account, and adds the entry and the event of that."""
    account = await lock_named(session, cause.tenant_id, "account", name)
    if account is None:
        raise Problem("not-found", "account_not_found", f"There is no account {name!r}.")
    assert isinstance(account, Account)
    if account.balance is None or account.currency is None:
        raise Problem("unprocessable", "balance_not_tracked", "It has no balance to adjust.")
    refuse_unsafe(body.amount, "/amount")
    refuse_unsafe(account.balance + body.amount, "/amount")

    ends = (await find_ends(session, cause.tenant_id, [account.id]))[account.id]
    chain = Chain(account.id, ends.head, cause)
    chain.add("adjustment", account.currency, body.amount, body.reason)
    account.balance += body.amount
    [entry] = chain.entries
    session.add(Entry(**asdict(entry)))
    shown = await show_account(session, account)
    session.add(event_of(cause, "account.updated", shown, account.id, ends.sequence + 1))
    return EntryOut(
        id=entry.id,
        kind=entry.kind,
        currency=entry.currency,
        amount=entry.amount,
        balance_after=entry.balance_after,
        caused_by=CausedByOut(
            request_id=cause.request_id, idempotency_key=str(cause.idempotency_key), actor=str(cause.actor)
        ),
        created_at=entry.created_at,
        reason=body.reason,
    )


def _taken(error: IntegrityError) -> Problem:
    raise error
