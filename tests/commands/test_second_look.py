"""What is refused on what was read at two moments is looked at again under locks; what is refused on one is not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dues.commands.carry_out import Group
from dues.commands.command import Modify
from dues.commands.job import Job
from dues.db.database import Database
from dues.db.errors import Conflict
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal
from dues.domain.tenants import Tenant
from dues.idempotency.answers import Answer
from dues.resources.kinds import KINDS
from dues.resources.payments.reverse import REVERSE_PAYMENTS
from dues.work.work import Request, Work
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import new_bill, pay, reverse

NOW = datetime.now(UTC)


def refused_as(request: Request[Any], outcome: Any) -> Answer:
    """Says what it was refused for; it must be refused."""
    assert isinstance(outcome, Refusal)
    return Answer(409, outcome.code.encode())


@pytest.fixture
def tried(new_merchant: Callable[[], Merchant], ask: Ask[bytes]) -> Callable[..., bytes]:
    """Reverses a payment as a group's first attempt does; `before` is done to it first."""
    merchant = new_merchant()
    caller = merchant.caller()

    def attempt(if_match: str | None = None, *, reversed_before: bool = False, name: str = "") -> bytes:
        payment = pay(caller, bill=new_bill(caller)["id"]).json()
        if reversed_before:
            assert reverse(caller, payment["id"]).status_code == 200
        wanted = Modify(name or payment["id"], NewReversal(reason="bounced"), if_match)

        async def carry_out(database: Database) -> bytes:
            query = "select cell, id from tenants where merchant_id = $1 and mode = 'test'"
            [row] = await database.rows(query, merchant.id)
            tenant = Tenant(row["cell"], row["id"])
            async with database.transaction(tenant.cell) as tx:
                job = Job(REVERSE_PAYMENTS, Request(tenant, "req_1", wanted), refused_as)
                [answer] = await Group(KINDS, timedelta(hours=24)).carry_out(Work(tx, NOW), [job])
            body: bytes = answer.body
            return body

        return ask(carry_out)

    return attempt


def test_what_one_look_refuses_is_refused(tried: Callable[..., bytes]) -> None:
    assert tried(reversed_before=True) == b"payment_reversed"
    assert tried(name="nobody's") == b"payment_not_found"


def test_what_two_looks_refuse_is_looked_at_again(tried: Callable[..., bytes]) -> None:
    with pytest.raises(Conflict, match="two moments"):
        tried('"another"')
