"""Which keys this process answered lately: a request with one of them is most likely a repetition."""

from typing import Final

from dues.idempotency.store import StoredUnder

KEYS_MAX: Final = 32_768
"""Of each of two generations. Their hashes only: some 5 MB at most."""


class Lately:
    """A guess, and not more: who is not in it may have been answered, who is in it may not."""

    def __init__(self) -> None:
        self._newer: set[int] = set()
        self._older: set[int] = set()

    def add(self, tenant_id: int, key: StoredUnder) -> None:
        """An answer is stored under the key, or was found there."""
        if len(self._newer) >= KEYS_MAX:
            self._newer, self._older = set(), self._newer
        self._newer.add(hash((tenant_id, key)))

    def has(self, tenant_id: int, key: StoredUnder) -> bool:
        """Whether an answer is likely to be stored under the key."""
        named = hash((tenant_id, key))
        return named in self._newer or named in self._older
