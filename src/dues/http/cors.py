"""What browsers ask and are told: which pages may read answers (`DUES_CORS_ORIGINS`). Never with cookies."""

from collections.abc import Iterable
from typing import Final

from dues.http.exchange import Exchange
from dues.http.problems import Reply

Header = tuple[bytes, bytes]

_VARY: Final = (b"vary", b"Origin")

_EXPOSED: Final = (
    b"access-control-expose-headers",
    b"Dues-Warning, ETag, Idempotent-Replayed, Link, Next-Cursor, RateLimit, RateLimit-Policy, Request-Id, Retry-After",
)

_METHODS: Final = (b"access-control-allow-methods", b"DELETE, GET, HEAD, PATCH, POST")
"""Whatever the path: a page may read that there is nothing, or that it has other methods."""

_SENT: Final = (
    b"access-control-allow-headers",
    b"Authorization, Content-Type, Dues-Closed-Period-Reason, Idempotency-Key, If-Match, If-None-Match",
)

_MAX_AGE: Final = (b"access-control-max-age", b"600")
"""Ten minutes, in seconds: how long a browser need not ask again."""


class Cors:
    """The origins whose pages may read answers."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, exchange: Exchange) -> list[Header]:
        """What any answer says to the page that asked. Caches must know that another would be told something else."""
        origin = exchange.header(b"origin")
        if origin not in self._origins or origin is None:
            return [_VARY]
        return [_VARY, (b"access-control-allow-origin", origin), _EXPOSED]

    def preflight(self, exchange: Exchange) -> Reply | None:
        """The answer to a browser that asks before it sends; None where it is none that is answered."""
        asked = exchange.header(b"access-control-request-method")
        if exchange.method != "OPTIONS" or asked is None or exchange.header(b"origin") not in self._origins:
            return None
        return Reply(204, b"", headers=[_METHODS, _SENT, _MAX_AGE])


def parse_origins(text: str) -> tuple[str, ...]:
    """Origins, with commas between them. Raises ValueError at what is none: `https://shop.example`, without a path."""
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        scheme, separator, host = origin.partition("://")
        if (
            scheme not in ("http", "https")
            or not separator
            or not host
            or set(host) & set("/?#*@ ")
            or host.lower() != host
        ):
            raise ValueError(origin)
    return origins
