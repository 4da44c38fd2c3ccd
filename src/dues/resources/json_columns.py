"""JSON columns: objects to and from the text that the database keeps of them."""

import msgspec

from dues.domain.payment_rules import PaymentRules


def to_json(value: object) -> str | None:
    """The JSON text of `value`, or None (a null column) for None."""
    return None if value is None else msgspec.json.encode(value).decode()


def to_rules(text: str | None) -> PaymentRules | None:
    """Payment rules from their column."""
    return None if text is None else _RULES.decode(text)


def to_metadata(text: str | None) -> dict[str, str] | None:
    """Metadata from its column."""
    return None if text is None else _METADATA.decode(text)


_RULES = msgspec.json.Decoder(PaymentRules)
_METADATA = msgspec.json.Decoder(dict[str, str])
