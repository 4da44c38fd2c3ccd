"""Lookup: what a decision may ask of what was read for it. None of it is another tenant's."""

from typing import Any, Protocol

from dues.domain.payment_rules import Noun, PaymentRules
from dues.domain.records import Record, Taken


class Lookup(Protocol):
    """Objects by name, which is an id or an external reference; the prefix decides which."""

    def find(self, noun: str, name: str) -> Record[Any] | None:
        """The object that is called so."""
        ...

    def find_id(self, noun: str, name: str) -> str | None:
        """The id of the object that is called so."""
        ...

    def find_taken(self, noun: str, reference: str) -> Taken[Any] | None:
        """The object that has a reference which is wanted for a new one."""
        ...

    def find_rules(self, noun: Noun, currency: str | None) -> PaymentRules | None:
        """The merchant's default rules for this kind of object in this currency."""
        ...
