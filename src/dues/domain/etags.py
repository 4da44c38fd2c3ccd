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


_OF_PROXIES: Final = re.compile(r"(?:--?|;|/)(?:gzip|br|deflate|zstd)")
"""What compressing proxies add to a tag, within its quotes or behind them: Apache -gzip, Jetty --gzip, others ;gzip."""


def names(condition: str, tag: str) -> bool:
    """Whether an If-Match or If-None-Match header names `tag`, as `etag` gave it.

    `*` names every one. Weak tags count as strong, and what proxies add to a tag when they compress what it is of does
    not count: it is still of what the client saw.
    """
    return condition.strip() == "*" or any(_is(part.strip(), tag) for part in condition.split(","))


def _is(sent: str, tag: str) -> bool:
    sent, opaque = sent.removeprefix("W/"), tag[:-1]
    if sent == tag:
        return True
    # Compared from the front: a tag of ours may itself end like a suffix.
    if not sent.startswith(opaque):
        return False
    added = sent[len(opaque) :].replace('"', "", 1)
    return sent.count('"') == 2 and _OF_PROXIES.fullmatch(added) is not None


def names_a_version(if_match: str | None) -> bool:
    """Whether an If-Match header was sent that not every version fits."""
    return if_match is not None and if_match.strip() != "*"


def refuse_stale(if_match: str | None, show: Callable[[], bytes]) -> Refusal | None:
    """Refuses where what `show` gives is not what the client saw (`if_match` None: it does not mind)."""
    if if_match is None or names(if_match, now := etag(show())):
        return None
    detail = f"The object has changed: its ETag is {now} now. Read it again, then decide."
    return Refusal("etag_mismatch", detail)
