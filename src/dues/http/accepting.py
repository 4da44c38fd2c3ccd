"""`Accept`: as what a client wants to have something."""

from collections.abc import Sequence
from typing import Final

JSON: Final = "application/json"
CSV: Final = "text/csv"

HTML: Final = "text/html"
PDF: Final = "application/pdf"


def media_type_of(accept: bytes | None, offered: Sequence[str] = (JSON, CSV)) -> str | None:
    """The one of those offered that is wanted most (RFC 9110, 12.5.1), the first where nobody says which; None: none
    will do."""
    if accept is None or not accept.strip():
        return offered[0]
    said = dict(_read(one) for one in accept.decode("latin-1").lower().split(","))
    wanted = {
        # What names it, from the most to the least exactly.
        media_type: next(
            (said[one] for one in (media_type, f"{media_type.partition('/')[0]}/*", "*/*") if one in said), 0.0
        )
        for media_type in offered
    }
    most = max(offered, key=wanted.__getitem__)
    return most if wanted[most] else None


def _read(text: str) -> tuple[str, float]:
    """A range and how much it is wanted. What makes no sense is wanted as if nothing had been said of that."""
    media_range, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_range, min(1.0, max(0.0, float(value)))
            except ValueError:
                break
    return media_range, 1.0
