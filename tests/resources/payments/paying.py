"""Who pays, takes back, and looks at what was written of it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from dues.db.database import Database
from dues.domain.money import AMOUNT_MAX
from dues.tenants import store
from dues.tenants.keys import Mode, NewKey, generate
from tests.conftest import Ask, Merchant
from tests.running import Caller, new_reference

STANDARD = {"min_amount": 100, "max_amount": 500_000, "underpayment_allowed": True, "overpayment_allowed": False}
"""Rules that somebody chose."""

DEFAULTS = {"min_amount": 1, "max_amount": AMOUNT_MAX, "underpayment_allowed": True, "overpayment_allowed": False}
"""The default rules of a new merchant, in any currency."""

Event = tuple[str, str, Any]
"""(type, object's id, data)"""


def pay(caller: Caller, key: str | None = None, query: str = "", **changes: Any) -> httpx.Response:
    """POST /billing/payments of ZAR 10.00 with a new reference, but for `changes` (... leaves one out)."""
    headers = {"If_Match": changes.pop("if_match")} if "if_match" in changes else {}
    body = {"external_reference": new_reference("EFT"), "amount": 1_000, "currency": "ZAR"} | changes
    return caller.post(f"/billing/payments{query}", {k: v for k, v in body.items() if v is not ...}, key, **headers)


def reverse(caller: Caller, payment: str, key: str | None = None, **changes: Any) -> httpx.Response:
    """POST /billing/payments/{payment}/reverse as bounced, but for `changes`."""
    headers = {"If_Match": changes.pop("if_match")} if "if_match" in changes else {}
    return caller.post(f"/billing/payments/{payment}/reverse", {"reason": "bounced"} | changes, key, **headers)


def new_account(caller: Caller, balance: int | None = 3_000, **changes: Any) -> dict[str, Any]:
    """An account in ZAR that owes `balance`; None: it tracks none."""
    tracked: dict[str, Any] = {} if balance is None else {"currency": "ZAR", "balance": balance}
    made: dict[str, Any] = caller.open_account(**tracked | changes).json()
    return made


def new_bill(caller: Caller, **changes: Any) -> dict[str, Any]:
    """A bill of ZAR 1500.00."""
    made: dict[str, Any] = caller.make_bill(**changes).json()
    return made


def shown(caller: Caller, thing: dict[str, Any]) -> dict[str, Any]:
    """What a customer, account, bill or payment is now."""
    kinds = {"bcus": "customers", "bacc": "accounts", "bill": "bills", "pay_": "payments"}
    found: dict[str, Any] = caller.get(f"/billing/{kinds[thing['id'][:4]]}/{thing['id']}").json()
    return found


def payable(caller: Caller, thing: dict[str, Any], **headers: str) -> httpx.Response:
    """What can be paid of a customer, an account or a bill."""
    kinds = {"bcus": "customers", "bacc": "accounts", "bill": "bills"}
    return caller.get(f"/billing/{kinds[thing['id'][:4]]}/{thing['id']}/payable", **headers)


def refused(answer: httpx.Response) -> tuple[int, str]:
    """(status, code) of a problem."""
    return answer.status_code, answer.json()["code"]


def events(ask: Ask[list[Event]], *object_ids: str) -> list[Event]:
    """What was written of these objects, oldest first; what one transaction wrote comes in any order."""

    async def find(database: Database) -> list[Event]:
        rows = await database.rows(
            "select type, object_id, data::text as data from events where object_id = any($1) order by id", object_ids
        )
        return [(row["type"], row["object_id"], json.loads(row["data"])) for row in rows]

    return ask(find)


@dataclass(frozen=True)
class Collector:
    """A till, a bank or a partner, and the id of its key."""

    id: str
    caller: Caller


def new_collector(ask: Ask[NewKey], merchant: Merchant, mode: Mode = "test") -> Collector:
    """Somebody who got a collector's key of the merchant."""

    async def make(database: Database) -> NewKey:
        now = datetime.now(UTC)
        key = generate(mode, "collector", now)
        tenants = {mode: tenant for mode, (tenant, _) in (await store.find_tenants(database, merchant.id)).items()}
        async with database.transaction() as tx:
            await store.insert_keys(tx, tenants, [key], now)
            await tx.commit()
        return key

    key = ask(make)
    return Collector(key.id, Caller(merchant.base, key.secret))
