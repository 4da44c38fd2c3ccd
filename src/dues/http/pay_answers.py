"""What pages of customers are answered with: who may keep them, frame them, and be told of them."""

from typing import Final

from dues.http.problems import Reply

POLICY: Final = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""As of all pages, but nothing runs here, and forms may be sent to where they are from."""

HEADERS: Final = (
    (b"content-security-policy", POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"vary", b"accept-language"),
)

KEPT: Final = (*HEADERS, (b"cache-control", b"private, max-age=3600"))
"""What is on every page of a merchant's, and says nothing about who owes."""


def html(body: bytes, status: int = 200) -> Reply:
    """A page of it."""
    return Reply(status, body, b"text/html; charset=utf-8", HEADERS)


def see_other(where: str) -> Reply:
    """On to another page."""
    return Reply(303, b"", b"text/html; charset=utf-8", [*HEADERS, (b"location", where.encode())])
