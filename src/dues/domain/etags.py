"""Entity tags: the version of an object, as what a client was shown of it."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from dues.domain.refusals import Refusal


def etag(json: bytes) -> str:
    """The strong entity tag (RFC 9110) of a representation."""
    return f'"{urlsafe_b64encode(sha256(json).digest()[:15]).decode()}"'


_COMPRESSED: Final = re.compile(r'(?:--?|;|/)(?:gzip|br|zstd|deflate)"$')
"""What proxies that compress add to the tag of what they compressed."""


def names(condition: str, tag: str) -> bool:
    """Whether an If-Match or If-None-Match header names `tag`. `*` names every one; weak tags, and those to which a
    proxy has added how it compressed, count as what they were made of."""
    if condition.strip() == "*":
        return True
    parts = [part.strip().removeprefix("W/") for part in condition.split(",")]
    return tag in parts or tag in [_COMPRESSED.sub('"', part) for part in parts]


def refuse_stale(if_match: str | None, show: Callable[[], bytes]) -> Refusal | None:
    """Refuses where what `show` gives is not what the client saw (`if_match` None: it does not mind)."""
    if if_match is None or names(if_match, now := etag(show())):
        return None
    detail = f"The object has changed: its ETag is {now} now. Read it again, then decide."
    return Refusal("etag_mismatch", detail)
