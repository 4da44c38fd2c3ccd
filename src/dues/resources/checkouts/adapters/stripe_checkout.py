"""By Stripe Checkout: cards, wallets and whatever else the merchant's account at Stripe takes.

begin ──► a session at Stripe (one for each checkout, by its Idempotency-Key) ──► Stripe's page ──► our page again
read      Stripe's signed message about a session, as it comes
ask       Stripe about the session: of what was paid, and told to nobody

A session ends an hour before its checkout does: once that has expired, Stripe takes no more money for it.
"""

from collections.abc import Mapping
from datetime import timedelta
from importlib.util import find_spec
from typing import Any, Final, Literal, cast

import msgspec
from msgspec import Struct

from dues.domain.checkouts import LASTS, Charged, Checkout, Choice, Coming, NotCharged, Told
from dues.domain.currencies import EXPONENTS
from dues.resources.checkouts.adapters.adapter import Adapter, Ask, Message, ProcessorAwayError, Services
from dues.resources.checkouts.store import find_checkout, find_session, save_session
from dues.tenants.payees.store import Payee, find_payee
from dues.tenants.processors.store import StripeAccount, find_stripe_account
from dues.tenants.secrets.keys import UnreadableSecretError

NAME: Final = "stripe"

INSTALL: Final = "pip install 'dues[stripe]'"

SECONDS_MAX: Final = 15.0
"""For one answer of Stripe's."""

EARLIER: Final = timedelta(hours=1)
"""A session lasts 24 hours at most, by Stripe's clock."""

_OTHER_EXPONENTS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Of currencies that Stripe counts in other units than ISO 4217 does: docs.stripe.com/currencies, "special cases"."""

_LAST_DIGIT_ZERO: Final = 3
"""Amounts with so many decimals must end with a zero there."""


def is_installed() -> bool:
    """Whether Stripe's library is there, which is an extra."""
    return find_spec("stripe") is not None


def to_stripe(amount: int, currency: str) -> int | None:
    """An amount in minor units as Stripe counts it; None where it cannot be said so."""
    ours = EXPONENTS[currency]
    theirs = _OTHER_EXPONENTS.get(currency, ours)
    if theirs == _LAST_DIGIT_ZERO and amount % 10:
        return None
    if theirs >= ours:
        return int(amount * 10 ** (theirs - ours))
    whole, rest = divmod(amount, 10 ** (ours - theirs))
    return None if rest else int(whole)


def from_stripe(amount: int, currency: str) -> int:
    """An amount of Stripe's in minor units; what is smaller than one of them is not there."""
    ours = EXPONENTS[currency]
    theirs = _OTHER_EXPONENTS.get(currency, ours)
    return amount * 10 ** (ours - theirs) if ours >= theirs else int(amount // 10 ** (theirs - ours))


class Intent(Struct, frozen=True):
    """What was tried to charge a session: one of these, whose `status` may say that nothing will come of it."""

    id: str
    status: str | None = None


class Session(Struct, frozen=True):
    """Of a session what says whether it is paid. `amount_total` is in Stripe's units, `currency` in small letters."""

    id: str
    status: str | None = None
    payment_status: str | None = None
    payment_intent: str | Intent | None = None
    amount_total: int | None = None
    currency: str | None = None
    client_reference_id: str | None = None
    url: str | None = None


class _Object(Struct, frozen=True):
    object: Session


class _Event(Struct, frozen=True):
    """A message of Stripe's."""

    type: str
    data: _Object


async def _account(services: Services, payee: Payee) -> StripeAccount | None:
    try:
        return await find_stripe_account(services.database, payee.tenant.id, services.secret_keys)
    except UnreadableSecretError as error:
        raise ProcessorAwayError(str(error)) from error


async def _is_for(services: Services, payee: Payee, choice: Choice) -> bool:
    if not is_installed() or to_stripe(choice.amount, choice.currency) is None:
        return False
    return await _account(services, payee) is not None


async def _called(ask: Ask, does: Literal["create", "retrieve", "expire"], *what: Any) -> Session:
    """Stripe's answer. Raises ProcessorAwayError."""
    account = await _account(ask.services, ask.payee) if is_installed() else None
    if account is None:
        raise ProcessorAwayError(f"there is no account of Stripe's, or its library is gone ({INSTALL})")
    from stripe import AIOHTTPClient, StripeClient, StripeError  # here, and not above: it is large, and an extra

    http, bases = AIOHTTPClient(timeout=SECONDS_MAX), cast(Any, {"api": account.api_url})
    client = StripeClient(account.secret_key, base_addresses=bases, max_network_retries=1, http_client=http)
    sessions = client.v1.checkout.sessions
    call: Any = {
        "create": sessions.create_async,
        "retrieve": sessions.retrieve_async,
        "expire": sessions.expire_async,
    }[does]
    try:
        return msgspec.convert((await call(*what)).to_dict(), Session)
    except (StripeError, msgspec.ValidationError, AttributeError) as error:
        # Its sentence may quote what was sent; its kind does not.
        raise ProcessorAwayError(f"Stripe: {type(error).__name__}") from error
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]


def _reference(payee: Payee, checkout: Checkout) -> str:
    return f"{payee.tenant.id}:{checkout.id}"


async def _begin(ask: Ask) -> str:
    checkout = ask.checkout
    # A merchant's test clock may be ahead of everybody else's, Stripe's among them.
    ahead = timedelta(seconds=ask.payee.clock_offset_seconds)
    unit_amount = to_stripe(checkout.amount, checkout.currency)
    price = {
        "currency": checkout.currency.lower(),
        "unit_amount": unit_amount,
        "product_data": {"name": ask.payee.name[:250]},
    }
    wanted = {
        "mode": "payment",
        "client_reference_id": _reference(ask.payee, checkout),
        "line_items": [{"quantity": 1, "price_data": price}],
        "payment_intent_data": {"metadata": {"checkout": checkout.id}},
        "success_url": f"{ask.page}/{checkout.id}",
        "cancel_url": f"{ask.page}/{checkout.id}",
        "expires_at": int((checkout.created_at - ahead + LASTS - EARLIER).timestamp()),
    }
    # The same again, for whoever comes back before the session is over, is the same session.
    session = await _called(ask, "create", wanted, {"idempotency_key": checkout.id})
    if not session.url:
        raise ProcessorAwayError("Stripe gave no address")
    await save_session(ask.services.database, ask.payee.tenant, checkout.id, session.id)
    return session.url


async def _read(services: Services, body: bytes, headers: Mapping[bytes, bytes]) -> Message | None:
    try:
        event = msgspec.json.decode(body, type=_Event)
    except msgspec.DecodeError:
        return None
    session = event.data.object
    number, _, checkout_id = (session.client_reference_id or "").partition(":")
    payee = await find_payee(services.database, int(number)) if number.isdecimal() and len(number) < 10 else None
    if payee is None or not await _is_signed(services, payee, body, headers):
        return None
    checkout = await find_checkout(services.database, payee.tenant, checkout_id)
    if checkout is None or checkout.adapter != NAME:
        return None
    known = await find_session(services.database, payee.tenant, checkout_id)
    if known not in (None, session.id):
        return None  # signed with the merchant's secret, and of another session than ours: not for us to count
    is_declined = event.type == "checkout.session.async_payment_failed"
    return Message(payee, checkout_id, NotCharged("declined") if is_declined else _told(session))


async def _is_signed(services: Services, payee: Payee, body: bytes, headers: Mapping[bytes, bytes]) -> bool:
    account = await _account(services, payee)
    if account is None or not is_installed():
        return False
    from stripe import SignatureVerificationError, WebhookSignature

    try:
        header = headers.get(b"stripe-signature", b"").decode("latin-1")
        WebhookSignature.verify_header(body, header, account.webhook_secret, tolerance=300)
    except (SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


_DECLINED: Final = ("requires_payment_method", "canceled")


def _told(session: Session) -> Told | None:
    if session.payment_status == "paid":
        currency = (session.currency or "").upper()
        if session.amount_total is None or currency not in EXPONENTS:
            return None
        intent = session.payment_intent
        charge = (intent.id if isinstance(intent, Intent) else intent) or session.id
        return Charged(charge, from_stripe(session.amount_total, currency), currency)
    if session.status == "expired":
        return NotCharged("not_paid_in_time", "expired")
    if session.status != "complete":
        return None
    is_declined = isinstance(session.payment_intent, Intent) and session.payment_intent.status in _DECLINED
    return NotCharged("declined") if is_declined else Coming()


async def _ask(ask: Ask) -> Told | None:
    session = await find_session(ask.services.database, ask.payee.tenant, ask.checkout.id)
    if session is None:
        return None  # nobody was sent there
    return _told(await _called(ask, "retrieve", session, {"expand": ["payment_intent"]}))


async def _close_session(ask: Ask) -> None:
    session = await find_session(ask.services.database, ask.payee.tenant, ask.checkout.id)
    if session is None:
        return
    found = await _called(ask, "retrieve", session)
    if found.status == "open":
        await _called(ask, "expire", session)


ADAPTER: Final = Adapter(NAME, _is_for, _begin, _read, _ask, _close_session)
