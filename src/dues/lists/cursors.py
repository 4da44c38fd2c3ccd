"""Cursors: where a page ended, in a form that fits only the list it came from."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from dues.domain.tenants import Tenant

_CHECK_BYTES = 9


def make_cursor(tenant: Tenant, list_name: str, filters: Mapping[str, str], last: str) -> str:
    """A cursor for what follows `last` in this list, with these filters, of this tenant."""
    told = last.encode()
    return urlsafe_b64encode(_check(tenant, list_name, filters, told) + told).decode().rstrip("=")


def read_cursor(tenant: Tenant, list_name: str, filters: Mapping[str, str], cursor: str) -> str | None:
    """What the cursor stands at, or None where it is not this list's."""
    try:
        decoded = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        check, told = decoded[:_CHECK_BYTES], decoded[_CHECK_BYTES:]
        return told.decode("ascii") if check == _check(tenant, list_name, filters, told) else None
    except (Error, ValueError):
        return None


def _check(tenant: Tenant, list_name: str, filters: Mapping[str, str], told: bytes) -> bytes:
    """Ties a cursor to its list. It protects nobody's data: a page only ever shows the caller's own."""
    text = msgspec.json.encode((tenant.id, list_name, sorted(filters.items())))
    return blake2b(text + told, digest_size=_CHECK_BYTES).digest()
