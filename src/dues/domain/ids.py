"""Identifiers: a prefix that tells the kind, then 21 characters of which the first eight are the time."""

import os
import secrets
from datetime import datetime
from typing import Final, Literal

Prefix = Literal["bcus_", "bacc_", "bill_", "evt_", "ent_", "req_", "key_", "mer_"]

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""In ASCII order, so that ids compared as bytes sort by age."""

_PAIRS: Final = tuple(a + b for a in _ALPHABET for b in _ALPHABET)

_TIME_LENGTH: Final = 8
"""62**8 milliseconds reach past the year 8000."""

_RANDOM_LENGTH: Final = 13
"""62**13 is a little more than 2**77: the chance of two equal ids in one millisecond is nil."""

_RANDOM_BYTES: Final = 12
"""More than 13 characters can hold, so that none is noticeably likelier than another."""


def new_id(prefix: Prefix, now: datetime) -> str:
    """A new identifier made at `now` (aware): time-ordered to the millisecond, then 77 random bits."""
    number = int.from_bytes(_random.take(_RANDOM_BYTES)) % 62**_RANDOM_LENGTH
    return prefix + _base62(int(now.timestamp() * 1000), _TIME_LENGTH) + _base62(number, _RANDOM_LENGTH)


def random_secret(length: int) -> str:
    """`length` characters of [0-9A-Za-z], every one as likely (5.95 bits each): for keys."""
    return _base62(secrets.randbelow(62**length), length)


def _base62(number: int, length: int) -> str:
    text = ""
    for _ in range(length // 2):
        number, low = divmod(number, 3844)
        text = _PAIRS[low] + text
    return _ALPHABET[number] + text if length % 2 else text


class _Random:
    """The operating system's randomness, fetched a page at a time: a call for each id costs more than the id."""

    def __init__(self) -> None:
        self._bytes = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        start = self._used
        if start + count > len(self._bytes):
            self._bytes, start = os.urandom(4096), 0
        self._used = start + count
        return self._bytes[start : start + count]

    def forget(self) -> None:
        """Without this, a forked child would make its parent's ids again."""
        self._bytes = b""


_random: Final = _Random()
os.register_at_fork(after_in_child=_random.forget)
