"""Metadata: merchants' own notes on an object."""

from msgspec import UnsetType

from dues.domain.refusals import Refusal

KEYS_MAX = 10


def merge_metadata(
    old: dict[str, str] | None, changes: dict[str, str | None] | UnsetType | None
) -> dict[str, str] | Refusal | None:
    """What a PATCH leaves: sent keys are added or replaced, None deletes one; None for all of it clears.

    Refuses where the result would have more than KEYS_MAX keys.
    """
    if isinstance(changes, UnsetType):
        return old
    if changes is None:
        return None
    merged = {key: value for key, value in ((old or {}) | changes).items() if value is not None}
    if len(merged) > KEYS_MAX:
        detail = f"/metadata would have {len(merged)} keys; it must have at most {KEYS_MAX}."
        return Refusal("validation_failed", detail, "/metadata", "too_many")
    return merged or None
