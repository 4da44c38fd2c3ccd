"""From JSON Schema to the limits of a value, in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

PATTERN_LENGTH_MAX: Final = 24
"""A longer regular expression is for programs; people read the meaning."""


def limits_of(schema: Mapping[str, Any]) -> Iterator[str]:
    """What a value of this schema must keep to, in words; one limit at a time."""
    if schema.get("minLength") == 1 and "maxLength" not in schema:
        yield "not empty"
    elif text := _range(schema.get("minLength"), schema.get("maxLength")):
        yield f"{text} characters"
    if text := _range(schema.get("minimum"), schema.get("maximum")):
        yield text
    if 0 < len(schema.get("pattern", "")) <= PATTERN_LENGTH_MAX:
        yield f"matches `{schema['pattern']}`"
    if text := _range(schema.get("minProperties"), schema.get("maxProperties")):
        yield f"{text} keys"
    inner = schema.get("propertyNames", {})
    if text := _range(inner.get("minLength"), inner.get("maxLength")):
        yield f"keys of {text} characters"
    values = schema.get("additionalProperties")
    for choice in values.get("anyOf", [values]) if isinstance(values, Mapping) else ():
        if text := _range(choice.get("minLength"), choice.get("maxLength")):
            yield f"values of {text} characters"


def _range(low: int | None, high: int | None) -> str:
    """A range in words; empty where there is none."""
    if low is None and high is None:
        return ""
    if high is None:
        return f"at least {_number(low)}"
    if low is None:
        return f"at most {_number(high)}"
    return f"±{_number(high)}" if low == -high else f"{_number(low)} to {_number(high)}"


def _number(number: int | None) -> str:
    return f"{number:,}".replace(",", "\u202f")
