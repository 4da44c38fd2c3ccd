"""A merchant's brand on pages: the stylesheet with its colour, and its logo in the place of its name."""

from typing import Final

from dues.domain.brands import DARK_GROUND, LIGHT_GROUND, readable_on, text_on
from dues.pages.frame.markup import Html, element
from dues.tenants.brands.store import Brand

_HIGH: Final = 48
_WIDE: Final = 240
"""Pixels of a page that a logo may take: as `.logo` in `look.css`."""


def brand_style(colour: str) -> bytes:
    """The stylesheet: the colour as it can be read by day, by night, and black on paper."""
    day, night = readable_on(LIGHT_GROUND, colour), readable_on(DARK_GROUND, colour)
    return (
        "@media screen {\n"
        f"  :root {{ --accent: {day}; --on-accent: {text_on(day)}; }}\n"
        "}\n"
        "@media screen and (prefers-color-scheme: dark) {\n"
        f"  :root {{ --accent: {night}; --on-accent: {text_on(night)}; }}\n"
        "}\n"
    ).encode()


def logo(brand: Brand, merchant: str, src: str) -> Html | None:
    """The picture, as large as it is shown, so that nothing moves when it arrives; None where there is none."""
    if not brand.logo_width or not brand.logo_height:
        return None
    scale = min(1, _HIGH / brand.logo_height, _WIDE / brand.logo_width)
    width, height = (max(1, round(side * scale)) for side in (brand.logo_width, brand.logo_height))
    return element("img", src=src, alt=merchant, width=str(width), height=str(height), class_="logo")
