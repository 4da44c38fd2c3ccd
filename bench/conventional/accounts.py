"""POST /billing/accounts and GET /billing/accounts/{account}."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from bench.conventional.callers import Caller, cause_of
from bench.conventional.database import Session
from bench.conventional.idempotency import Answer, Key, answer_once
from bench.conventional.models import Account
from bench.conventional.opening import open_account, show_account
from bench.conventional.problems import Problem
from bench.conventional.schemas import AccountOut, NewAccount, render
from bench.conventional.tenants import whose
from dues.domain.etags import etag, names

FIND_BY_ID = select(Account).where(whose(Account), Account.id == bindparam("name"))
FIND_BY_REFERENCE = select(Account).where(whose(Account), Account.external_reference == bindparam("name"))

router = APIRouter(prefix="/billing/accounts")


@router.post("", status_code=201, response_model=AccountOut)
async def create_account(body: NewAccount, request: Request, caller: Caller, key: Key, session: Session) -> Response:
    """Opens an account, once per idempotency key."""

    async def work() -> Answer:
        cause = cause_of(caller, request, key)
        shown = await open_account(session, body, cause)
        return Answer(201, render(shown), shown.id)

    return await answer_once(session, caller.tenant_id, key, request, work, _taken)


def _taken(error: IntegrityError) -> Problem:
    if "customers_reference_is_unique" in str(error.orig):
        pointer, kind = "/customer/external_reference", "customer"
    elif "accounts_reference_is_unique" in str(error.orig):
        pointer, kind = "/external_reference", "account"
    else:
        raise error
    detail = f"Another {kind} already has this external_reference."
    return Problem("conflict", "external_reference_taken", detail, pointer=pointer)


@router.get("/{account:path}", response_model=AccountOut)
async def get_account(
    account: str, caller: Caller, session: Session, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Shows an account, by its id or its reference."""
    statement = FIND_BY_ID if account.startswith("bacc_") else FIND_BY_REFERENCE
    found = await session.scalar(statement, {"tenant_id": caller.tenant_id, "name": account})
    if found is None:
        raise Problem("not-found", "account_not_found", f"There is no account {account!r}.")
    shown = render(await show_account(session, found))
    tag = etag(shown)
    if if_none_match is not None and names(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(shown, headers={"ETag": tag}, media_type="application/json")
