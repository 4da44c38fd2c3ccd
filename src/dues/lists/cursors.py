"""Cursors: where a page ended, in a form that fits only the list it came from."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from dues.domain.tenants import Tenant
from dues.domain.violations import Violation

_CHECK_BYTES = 9

NOT_OF_THIS_LIST = "is not of this list with these filters."


def make_cursor(tenant: Tenant, list_name: str, filters: Mapping[str, str], last: str) -> str:
    """A cursor for what follows `last` in this list, with these filters, of this tenant."""
    place = last.encode()
    return urlsafe_b64encode(_check(tenant, list_name, filters, place) + place).decode().rstrip("=")


def read_cursor(tenant: Tenant, list_name: str, filters: Mapping[str, str], cursor: str) -> str | None:
    """What the cursor stands at, or None where it is not this list's."""
    check, place = _opened(cursor) or (b"", b"")
    return place.decode(errors="replace") if check == _check(tenant, list_name, filters, place) else None


def refuse_malformed(cursor: str) -> Iterable[Violation]:
    """What is wrong with a text that is no list's cursor."""
    return () if _opened(cursor) else (Violation("", "invalid_cursor", NOT_OF_THIS_LIST),)


def _opened(cursor: str) -> tuple[bytes, bytes] | None:
    """The check and the place, where it is a cursor at all."""
    try:
        decoded = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (Error, ValueError):
        return None
    return (decoded[:_CHECK_BYTES], decoded[_CHECK_BYTES:]) if len(decoded) >= _CHECK_BYTES else None


def _check(tenant: Tenant, list_name: str, filters: Mapping[str, str], place: bytes) -> bytes:
    """Ties a cursor to its list. It protects nobody's data: a page only ever shows the caller's own."""
    text = msgspec.json.encode((tenant.id, list_name, sorted(filters.items())))
    return blake2b(text + place, digest_size=_CHECK_BYTES).digest()
