"""`Accept`: as what a client wants to have a list."""

from typing import Final, Literal

JSON: Final = "application/json"
CSV: Final = "text/csv"

_RANGES: Final = {media_type: (media_type, f"{media_type.partition('/')[0]}/*", "*/*") for media_type in (JSON, CSV)}
"""What names each, from the most to the least exactly."""


def media_type_of(accept: bytes | None) -> Literal["application/json", "text/csv"] | None:
    """The one that is wanted more (RFC 9110, 12.5.1), JSON where nobody says which; None: neither will do."""
    if accept is None or not accept.strip():
        return JSON
    said = dict(_read(one) for one in accept.decode("latin-1").lower().split(","))
    as_json, as_csv = (
        next((said[one] for one in _RANGES[media_type] if one in said), 0.0) for media_type in (JSON, CSV)
    )
    if as_json == as_csv == 0:
        return None
    return JSON if as_json >= as_csv else CSV


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
