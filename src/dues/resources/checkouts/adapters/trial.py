"""By nothing at all: a processor of tests, who may pay, refuse, tell twice or late. In test mode alone.

What it knows lies in the database, so that it outlives whoever was killed between the charge and its payment. Its
messages are signed with what only the form of the checkout had.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from dues.domain.checkouts import Charged, Checkout, Choice, NotCharged, Told
from dues.resources.checkouts.adapters.adapter import Adapter, Ask, Message, Services
from dues.resources.checkouts.store import Charge, find_charge, find_checkout, save_charge
from dues.tenants.payees.store import Payee, find_payee

LATE: Final = timedelta(seconds=20)

SIGNATURE: Final = b"test-signature"


async def charge(ask: Ask, does: str) -> int:
    """What a button of the page does: `pay`, `twice`, `late` or `fail`. How many messages are sent of it now."""
    told_from = datetime.now(UTC) + (LATE if does == "late" else timedelta(0))
    new = Charge("failed" if does == "fail" else "paid", told_from)
    if not await save_charge(ask.services.database, ask.payee.tenant, ask.checkout.id, new):
        return 0
    return {"twice": 2, "late": 0}.get(does, 1)


def message(payee: Payee, checkout: Checkout, outcome: str) -> tuple[bytes, dict[bytes, bytes]]:
    """A message about a checkout: its body and headers."""
    body = msgspec.json.encode({"checkout": f"{payee.tenant.id}:{checkout.id}", "outcome": outcome})
    return body, {SIGNATURE: _signed(checkout, body)}


def _signed(checkout: Checkout, body: bytes) -> bytes:
    return hmac.new(checkout.external_reference.encode(), body, sha256).hexdigest().encode()


def _told(checkout: Checkout, outcome: str) -> Told:
    return Charged(checkout.id, checkout.amount, checkout.currency) if outcome == "paid" else NotCharged("refused")


async def _is_for(_services: Services, payee: Payee, _choice: Choice) -> bool:
    return payee.mode == "test"


async def _begin(_ask: Ask) -> None:
    return None


async def _read(services: Services, body: bytes, headers: Mapping[bytes, bytes]) -> Message | None:
    database = services.database
    try:
        sent: dict[str, Any] = msgspec.json.decode(body, type=dict[str, str])
        number, _, checkout_id = sent["checkout"].partition(":")
        payee = await find_payee(database, int(number)) if number.isdecimal() and len(number) < 10 else None
    except (msgspec.DecodeError, KeyError):
        return None
    if payee is None or payee.mode != "test":
        return None
    checkout = await find_checkout(database, payee.tenant, checkout_id)
    if checkout is None or checkout.adapter != ADAPTER.name:
        return None
    if not hmac.compare_digest(_signed(checkout, body), headers.get(SIGNATURE, b"")):
        return None
    return Message(payee, checkout.id, _told(checkout, sent.get("outcome", "")))


async def _ask(ask: Ask) -> Told | None:
    known = await find_charge(ask.services.database, ask.payee.tenant, ask.checkout.id)
    if known is None or known.told_from > datetime.now(UTC):
        return None
    return _told(ask.checkout, known.outcome)


ADAPTER: Final = Adapter("test", _is_for, _begin, _read, _ask)
