"""Who may come in: from the Authorization header to a key in force, and so to a tenant."""

from dues.http.exchange import Exchange
from dues.http.problems import ProblemError
from dues.tenants.authenticate import KeyRing
from dues.tenants.keys import ApiKey


async def authenticate(
    exchange: Exchange, keys: KeyRing, *, collectors: bool = False, test_mode: bool = False
) -> ApiKey:
    """The secret key that came with the request or, where `collectors` are let in, a collector's. Refuses all else,
    and live keys where only `test_mode` will do."""
    key = await _key(exchange, keys)
    exchange.tenant, exchange.key_id = f"{key.merchant_id}/{key.mode}", key.id
    if key.revoked_at is not None:
        raise ProblemError("key_revoked", f"The key that ends in {key.last_four} was revoked. Use another.")
    if key.expires_at is not None and key.expires_at <= key.now():
        raise ProblemError("key_expired", f"The key that ends in {key.last_four} has expired. Use another.")
    if key.kind != "secret" and not (collectors and key.kind == "collector"):
        raise ProblemError(
            "secret_key_required", f"This is a {key.kind} key. This call needs the merchant's secret key (sk_…)."
        )
    if test_mode and key.mode != "test":
        raise ProblemError("test_mode_required", "This is a live key, and live data has no clock but the real one.")
    return key


async def _key(exchange: Exchange, keys: KeyRing) -> ApiKey:
    header = exchange.header(b"authorization")
    if header is None:
        raise _unauthorized("Send your secret key as the header Authorization: Bearer <key>.")
    scheme, _, secret = header.partition(b" ")
    if scheme.lower() != b"bearer":
        raise _unauthorized("The Authorization header must be: Bearer <key>.")
    key = await keys.find(secret.strip().decode("latin-1"))
    if key is None:
        raise _unauthorized("This key is unknown. Check that it is whole, and that it belongs to this server.")
    return key


def _unauthorized(detail: str) -> ProblemError:
    return ProblemError("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
