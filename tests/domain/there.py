"""What was read, made up for tests: the objects that are there, each called by its id and by its reference."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dues.domain.payment_rules import Noun, PaymentRules
from dues.domain.records import Record, Taken

MADE_AT = datetime(2026, 1, 5, tzinfo=UTC)


class There:
    """A lookup that knows these records, and the merchant's default rules by noun and currency."""

    def __init__(self, *records: Record[Any], rules: Mapping[tuple[str, str], PaymentRules] | None = None) -> None:
        self._records = {
            (record.of.noun, name): record
            for record in records
            for name in (record.of.id, record.of.external_reference)
        }
        self._rules = rules or {}

    def find(self, noun: str, name: str) -> Record[Any] | None:
        """The object that is called so."""
        return self._records.get((noun, name))

    def find_id(self, noun: str, name: str) -> str | None:
        """The id of the object that is called so."""
        record = self.find(noun, name)
        return record.of.id if record else None

    def find_taken(self, noun: str, reference: str) -> Taken[Any] | None:
        """The object that has this reference; all were made at one time."""
        record = self.find(noun, reference)
        return Taken(record, MADE_AT) if record else None

    def find_rules(self, noun: Noun, currency: str | None) -> PaymentRules | None:
        """The merchant's default rules."""
        return None if currency is None else self._rules.get((noun, currency))
