"""Identifiers: a prefix that tells the kind, then 21 characters of which the first eight are the time."""

import os
import secrets
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

Prefix = Literal[
    "bcus_",
    "bacc_",
    "bill_",
    "cred_",
    "pay_",
    "ob_",
    "ref_",
    "evt_",
    "ent_",
    "req_",
    "key_",
    "mer_",
    "whe_",
    "lane_",
    "imp_",
    "exp_",
    "plk_",
    "chk_",
    "pr_",
    "cls_",
    "late_",
    "fol_",
    "per_",
    "inv_",
    "ses_",
    "aud_",
    "mail_",
]

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""In ASCII order, so that ids compared as bytes sort by age."""

_TIME_LENGTH: Final = 8
"""62**8 milliseconds reach past the year 8000."""

_RANDOM_LENGTH: Final = 13
"""No character is likelier than 5 in 256, so 13 of them are at least 73 random bits (77 on average)."""

SALT_LENGTH: Final = 16

_LETTERS: Final = bytes(ord(_ALPHABET[byte % 62]) for byte in range(256))


def new_id(prefix: Prefix, now: datetime) -> str:
    """A new identifier made at `now` (aware): time-ordered to the millisecond, then 13 random characters."""
    milliseconds = int(now.timestamp() * 1000)
    return prefix + _time_text(milliseconds) + _random.take(_RANDOM_LENGTH).translate(_LETTERS).decode("ascii")


def first_id(prefix: str, time: datetime) -> str:
    """What every id made at `time` (aware) or later is not below, and every earlier one is."""
    return prefix + _time_text(max(0, int(time.timestamp() * 1000)))


def time_of(made: str) -> datetime:
    """When an id was made, to the millisecond."""
    milliseconds = 0
    for letter in made.partition("_")[2][:_TIME_LENGTH]:
        milliseconds = milliseconds * len(_ALPHABET) + _ALPHABET.index(letter)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def new_salt() -> bytes:
    """128 random bits: who has a text's digest, and not its salt, cannot find the text by trying."""
    return _random.take(SALT_LENGTH)


def random_secret(length: int) -> str:
    """`length` characters of [0-9A-Za-z], every one as likely (5.95 bits each): for keys."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@lru_cache(maxsize=16)
def _time_text(milliseconds: int) -> str:
    text = ""
    for _ in range(_TIME_LENGTH):
        milliseconds, low = divmod(milliseconds, 62)
        text = _ALPHABET[low] + text
    return text


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
