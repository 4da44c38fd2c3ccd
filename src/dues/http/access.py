"""Who may come in: from the Authorization header to a key in force that opens what is asked for, and so to a tenant."""

from dues.http.client_address import is_within
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError
from dues.http.rate_limits import RateLimits, too_many_requests
from dues.resources.operation import Operation
from dues.tenants.authenticate import KeyRing
from dues.tenants.guesses import TooManyGuesses
from dues.tenants.keys import ApiKey, Restrictions


async def authenticate(
    exchange: Exchange, keys: KeyRing, rate_limits: RateLimits, operation: Operation, *, collectors: bool
) -> ApiKey:
    """The key that came with the request, if it opens the operation. Refuses all else: with 401 what is no key, with
    429 what comes too often, with 403 a key that may not."""
    if exchange.caller is not None:
        return _person(exchange, exchange.caller, operation)
    try:
        key = await _key(exchange, keys)
    except TooManyGuesses as error:
        detail = f"Too many unknown keys came from this address. Again in {error.retry_seconds} s."
        raise too_many_requests(detail, error.retry_seconds) from None
    exchange.tenant, exchange.key_id = f"{key.merchant_id}/{key.mode}", key.id
    if key.revoked_at is not None:
        raise ProblemError("key_revoked", f"The key that ends in {key.last_four} was revoked. Use another.")
    if key.expires_at is not None and key.expires_at <= key.now():
        raise ProblemError("key_expired", f"The key that ends in {key.last_four} has expired. Use another.")
    if key.rate_limit is not None:
        rate_limits.count(exchange, key.id, key.rate_limit)
    if key.kind != "secret" and not (collectors and key.kind == "collector"):
        raise ProblemError(
            "secret_key_required", f"This is a {key.kind} key. This call needs the merchant's secret key (sk_…)."
        )
    if operation.test_mode and key.mode != "test":
        raise ProblemError("test_mode_required", "This is a live key, and live data has no clock but the real one.")
    if key.restrictions is not None:
        _refuse_restricted(exchange, key.restrictions, operation)
    keys.uses.note(key)
    return key


def _person(exchange: Exchange, caller: ApiKey, operation: Operation) -> ApiKey:
    """A person, who may what their role may."""
    if operation.test_mode and caller.mode != "test":
        raise ProblemError("test_mode_required", "Live data has no clock but the real one.")
    if caller.restrictions is not None:
        _refuse_restricted(exchange, caller.restrictions, operation)
    return caller


def _refuse_restricted(exchange: Exchange, only: Restrictions, operation: Operation) -> None:
    if only.addresses is not None and not is_within(exchange.client, only.addresses):
        raise ProblemError("address_not_allowed", f"This key may not be used from {exchange.client}.")
    if operation.scope and not only.allow(operation.scope):
        raise ProblemError("key_not_allowed", f"This call has the scope {operation.scope}, which this key has not.")


async def _key(exchange: Exchange, keys: KeyRing) -> ApiKey:
    header = exchange.header(b"authorization")
    if header is None:
        keys.refuse(exchange.client)
        raise _unauthorized("Send your secret key as the header Authorization: Bearer <key>.")
    scheme, _, secret = header.partition(b" ")
    if scheme.lower() != b"bearer":
        keys.refuse(exchange.client)
        raise _unauthorized("The Authorization header must be: Bearer <key>.")
    key = await keys.find(secret.strip().decode("latin-1"), exchange.client)
    if key is None:
        raise _unauthorized("This key is unknown. Check that it is whole, and that it belongs to this server.")
    return key


def _unauthorized(detail: str) -> ProblemError:
    return ProblemError("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
