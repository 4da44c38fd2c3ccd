"""Folding: texts that people read as the same become the same, whatever their cases and however they are composed."""

import re
from typing import Final
from unicodedata import normalize


def fold(text: str) -> str:
    """The text as it is searched: in NFC, with its cases folded as Unicode does for every language."""
    return text.lower() if text.isascii() else normalize("NFC", normalize("NFC", text).casefold())


LAST_TEXT: Final = 800 * chr(0x10FFFF)
"""No text that is folded sorts after it: 255 characters become three times as many at most."""


def after_all_that_begin_with(prefix: str) -> str:
    """What sorts after all texts that begin with `prefix`, and before all others that do, by code points."""
    for end in range(len(prefix) - 1, -1, -1):
        if (code := ord(prefix[end])) < 0x10FFFF:
            following = 0xE000 if code == 0xD7FF else code + 1  # what lies between are no characters
            return prefix[:end] + chr(following)
    return LAST_TEXT


def beginning_of_number(text: str) -> str | None:
    """The beginning of an E.164 number that a text can be; None: it is none. The plus sign may be left out."""
    # One that was not escaped in a query string has arrived as a space.
    found = re.fullmatch(r"[+ ]?([0-9]{0,15})", text, re.ASCII)
    return f"+{found[1]}" if found else None
