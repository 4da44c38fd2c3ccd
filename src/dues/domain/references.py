"""References as people read them: what looks alike is alike, and nothing in one is invisible.

A reference is typed, pasted, exported and printed before it comes here, and some of those write `é` as one character,
others as two; some leave a mark at the beginning or a space of no width at the end. Whoever looks at both sees one
reference, so they are one.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from dues.domain.violations import Violation

# What Unicode draws nothing for, beside its category Cf (format): fillers, joiners, selectors of variants, a pattern of
# no dots, and the ends of lines and paragraphs.
_BLANK: Final = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2028\u2029\u2800\u3164\ufe00-\ufe0f\uffa0"
_BLANK_BEYOND: Final = "\U000e0100-\U000e01ef"

_FORMAT: Final = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ufff9-\ufffb"
)

INVISIBLE_PATTERN: Final = "".join(
    character if character == "-" else f"\\u{ord(character):04x}" for character in _FORMAT + _BLANK
)
"""What of it a regular expression of ECMA 262 can name without flags, for a class of characters."""

_DRAWN_AS_NOTHING: Final = re.compile(f"[{_BLANK}{_BLANK_BEYOND}]")


def as_read(reference: str) -> str:
    """The reference in the one form in which it is kept and looked up: Unicode's NFC."""
    return reference if reference.isascii() else unicodedata.normalize("NFC", reference)


def refuse_invisible(reference: str) -> Iterator[Violation]:
    """Yields the first character that nobody sees, by name and position."""
    if reference.isascii():
        return
    for position, character in enumerate(reference, 1):
        if unicodedata.category(character) == "Cf" or _DRAWN_AS_NOTHING.match(character):
            name = unicodedata.name(character, "")
            named = f"U+{ord(character):04X}{name and ' '}{name}"
            detail = f"must not contain invisible characters: it has {named} at position {position}."
            yield Violation("", "invisible_character", detail)
            return
