"""Entity tags: the version of an object, as what a client was shown of it."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

from dues.domain.refusals import Refusal


def etag(json: bytes) -> str:
    """The strong entity tag (RFC 9110) of a representation."""
    return f'"{urlsafe_b64encode(sha256(json).digest()[:15]).decode()}"'


def names(condition: str, tag: str) -> bool:
    """Whether an If-Match or If-None-Match header names `tag`. `*` names every one; weak tags count as strong."""
    return condition.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in condition.split(","))


def refuse_stale(if_match: str | None, show: Callable[[], bytes]) -> Refusal | None:
    """Refuses where what `show` gives is not what the client saw (`if_match` None: it does not mind)."""
    if if_match is None or names(if_match, now := etag(show())):
        return None
    detail = f"The object has changed: its ETag is {now} now. Read it again, then decide."
    return Refusal("etag_mismatch", detail)
