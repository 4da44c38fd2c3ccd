"""How a merchant's pages look: a colour, made readable on light and on dark ground, and a logo."""

import re
from typing import Final, Literal

from msgspec import Struct

CONTRAST_MIN: Final = 4.5
"""Of text and its ground, by WCAG 2.2, level AA."""

LIGHT_GROUND: Final = "#ffffff"

DARK_GROUND: Final = "#12161c"
"""Of pages by night: `--ground` in `pages/look/look.css`."""

LOGO_BYTES_MAX: Final = 32_768
"""With it a page stays below 60 KB."""

LOGO_PIXELS_MAX: Final = 2_000

_COLOUR: Final = re.compile("#?([0-9a-fA-F]{6})")

_STEPS: Final = 64
"""From a colour to black or white: each step is smaller than an eye can tell."""

LogoType = Literal["image/png", "image/jpeg"]


class Logo(Struct, frozen=True):
    """A picture, by its media type, its pixels and its bytes."""

    type: LogoType
    width: int
    height: int
    bytes: bytes


class NotALogoError(ValueError):
    """The bytes are no logo. The message says why."""


def read_colour(text: str) -> str | None:
    """A colour as `#rrggbb`, in small letters; None where it is none."""
    match = _COLOUR.fullmatch(text.strip())
    return f"#{match[1].lower()}" if match else None


def contrast(one: str, other: str) -> float:
    """How well one colour is read on the other, from 1 (not) to 21, by WCAG."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(ground: str, colour: str) -> str:
    """The colour, no further from what was chosen than it has to be to be read on that ground."""
    aim = "#000000" if _luminance(ground) > 0.5 else "#ffffff"
    for step in range(_STEPS + 1):
        mixed = _mixed(colour, aim, step / _STEPS)
        if contrast(mixed, ground) >= CONTRAST_MIN:
            return mixed
    return aim


def text_on(colour: str) -> str:
    """What is written on it: white or near black, whichever is read better."""
    return max(LIGHT_GROUND, "#10151c", key=lambda text: contrast(text, colour))


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = ((int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def read_logo(picture: bytes) -> Logo:
    """A logo of the bytes of a PNG or JPEG file. Raises NotALogoError."""
    if len(picture) > LOGO_BYTES_MAX:
        raise NotALogoError(f"it has {len(picture):,} bytes; {LOGO_BYTES_MAX:,} are the most")
    kind: LogoType
    if picture.startswith(b"\x89PNG\r\n\x1a\n") and picture[12:16] == b"IHDR":
        kind, width, height = "image/png", *_big(picture[16:24], 4)
    elif picture.startswith(b"\xff\xd8\xff"):
        kind, (height, width) = "image/jpeg", _jpeg_size(picture)
    else:
        raise NotALogoError("it is neither a PNG nor a JPEG file")
    if not (0 < width <= LOGO_PIXELS_MAX and 0 < height <= LOGO_PIXELS_MAX):
        raise NotALogoError(f"it is {width} × {height} pixels; {LOGO_PIXELS_MAX} each way are the most")
    return Logo(kind, width, height, picture)


def _big(part: bytes, size: int) -> tuple[int, int]:
    return int.from_bytes(part[:size]), int.from_bytes(part[size : 2 * size])


def _jpeg_size(picture: bytes) -> tuple[int, int]:
    """Height and width, from the frame's header (SOF0 to SOF15, but not DHT, JPG and DAC, which are between them)."""
    at = 2
    while at + 9 <= len(picture) and picture[at] == 0xFF:
        marker = picture[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _big(picture[at + 5 : at + 9], 2)
        at += 1 if marker == 0xFF else 2 + max(2, int.from_bytes(picture[at + 2 : at + 4]))
    raise NotALogoError("it begins like a JPEG file, and has no picture in it")
