"""Identifiers: a prefix that tells the kind, then 21 characters of which the first eight are the time."""

import secrets
from datetime import datetime
from typing import Final, Literal

Prefix = Literal["bcus_", "bacc_", "evt_", "ent_", "req_", "key_", "mer_"]

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""In ASCII order, so that ids compared as bytes sort by age."""

_PAIRS: Final = tuple(a + b for a in _ALPHABET for b in _ALPHABET)

_TIME_LENGTH: Final = 8
"""62**8 milliseconds reach past the year 8000."""

_RANDOM_LENGTH: Final = 13
"""62**13 is a little more than 2**77: the chance of two equal ids in one millisecond is nil."""


def new_id(prefix: Prefix, now: datetime) -> str:
    """A new identifier made at `now` (aware): time-ordered to the millisecond, then 77 random bits."""
    return prefix + _base62(int(now.timestamp() * 1000), _TIME_LENGTH) + random_text(_RANDOM_LENGTH)


def random_text(length: int) -> str:
    """`length` characters of [0-9A-Za-z] from the operating system's randomness (5.95 bits each)."""
    return _base62(secrets.randbelow(62**length), length)


def _base62(number: int, length: int) -> str:
    text = ""
    for _ in range(length // 2):
        number, low = divmod(number, 3844)
        text = _PAIRS[low] + text
    return _ALPHABET[number] + text if length % 2 else text
