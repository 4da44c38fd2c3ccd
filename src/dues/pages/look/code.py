"""Addresses as QR codes: for a phone that is held to a screen, or to paper."""

from io import BytesIO

import segno


def address_code(url: str) -> str:
    """An SVG of the code. The same address is the same drawing."""
    code = segno.make(url, error="m", micro=False, boost_error=False)
    drawn = BytesIO()
    code.save(drawn, kind="svg", scale=4, border=4, omitsize=True, xmldecl=False, svgclass=None, lineclass=None)
    return drawn.getvalue().decode().strip()
