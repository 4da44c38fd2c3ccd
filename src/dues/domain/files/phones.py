"""Phone numbers as people and spreadsheets write them."""

import re
from typing import Any


def as_e164(text: str | None, country: str) -> tuple[str | None, str | None]:
    """The number in E.164 and None; or with a warning: it was mended, or is none."""
    if text is None:
        return None, None
    # Here, and not above: its tables are large, and a server that imports nothing needs none of them.
    import phonenumbers

    compact = re.sub(r"[\s().-]", "", text)
    restored = country == "ZA" and re.fullmatch(r"[1-9][0-9]{8}", compact) is not None
    number: Any
    try:
        number = phonenumbers.parse(f"0{compact}" if restored else compact, country)
    except phonenumbers.NumberParseException:
        return None, "phone_dropped"
    if not phonenumbers.is_valid_number(number):
        return None, "phone_dropped"
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return shown, "leading_zero_restored" if restored else None
