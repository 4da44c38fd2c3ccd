"""Colours that can be read, and pictures that are what they say."""

import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.brands import (
    CONTRAST_MIN,
    DARK_GROUND,
    LIGHT_GROUND,
    LOGO_BYTES_MAX,
    NotALogoError,
    contrast,
    read_colour,
    read_logo,
    readable_on,
    text_on,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def png(width: int = 120, height: int = 48, size: int = 0) -> bytes:
    """A grey picture, padded to so many bytes."""
    rows = b"".join(b"\x00" + b"\x80" * width for _ in range(height))
    header = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x00\x00\x00\x00"
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    made = b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4) for name, body in chunks
    )
    return made.ljust(size, b"\x00")


def jpeg(width: int, height: int, marker: int = 0xC0) -> bytes:
    """As much of a JPEG file as says how large it is."""
    app = b"\xff\xe0\x00\x10JFIF" + bytes(10)
    tables = b"\xff\xc4\x00\x04\x00\x00"
    frame = b"\xff" + bytes([marker]) + b"\x00\x0b\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + app + tables + frame + b"\xff\xd9"


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#21508f", "#21508f") == 1


@given(COLOURS)
def test_every_colour_can_be_read_by_day_and_by_night_and_written_on(colour: str) -> None:
    for ground in (LIGHT_GROUND, DARK_GROUND):
        shown = readable_on(ground, colour)
        assert contrast(shown, ground) >= CONTRAST_MIN
        assert contrast(text_on(shown), shown) >= CONTRAST_MIN
        if contrast(colour, ground) >= CONTRAST_MIN:
            assert shown == colour


def test_a_colour_is_read_as_people_write_it() -> None:
    assert read_colour(" #21508F ") == read_colour("21508f") == "#21508f"
    for wrong in ("blue", "#fff", "#21508f;}body{display:none", "#21508ſ", "", "#21508f\n#"):
        assert read_colour(wrong) is None, wrong


def test_a_logo_is_as_large_as_its_file_says() -> None:
    logo = read_logo(png(120, 48))
    assert (logo.type, logo.width, logo.height) == ("image/png", 120, 48)
    for marker in (0xC0, 0xC2):
        logo = read_logo(jpeg(640, 200, marker))
        assert (logo.type, logo.width, logo.height) == ("image/jpeg", 640, 200)
    assert read_logo(png(size=LOGO_BYTES_MAX))


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + bytes(40),
        png()[:12],
        png(0, 48),
        png(2_001, 1),
        png(size=LOGO_BYTES_MAX + 1),
        jpeg(0, 10),
        jpeg(640, 200)[:20],
        b"\xff\xd8\xff" + b"\xff" * 1_000,
        b"\xff\xd8\xff\xe0\x00\x00" * 1_000,
    ],
)
def test_what_is_no_logo_is_refused(picture: bytes) -> None:
    with pytest.raises(NotALogoError):
        read_logo(picture)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_logo_or_refused(rest: bytes) -> None:
    for begin in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b""):
        with suppress(NotALogoError):
            assert read_logo(begin + rest).width > 0
