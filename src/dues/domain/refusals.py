"""Why a well-formed request is refused: a closed list of names, each with what it means."""

from dataclasses import dataclass
from typing import Final, Literal

RefusalCode = Literal[
    "account_not_found",
    "amount_out_of_range",
    "customer_not_found",
    "external_reference_taken",
    "idempotency_key_not_found",
    "idempotency_key_reused",
]

MEANINGS: Final[dict[RefusalCode, str]] = {
    "account_not_found": "No account of this merchant and mode has this id or external reference.",
    "amount_out_of_range": "An amount, or a sum that it leads to, would leave ±9,007,199,254,740,991, "
    "the range that every JSON client represents exactly. Nothing was changed.",
    "customer_not_found": "No customer of this merchant and mode has this id or external reference.",
    "external_reference_taken": "Another object of the same kind already has this external reference. "
    "References are unique per merchant, mode and kind, and for good.",
    "idempotency_key_not_found": "No answer is stored for this idempotency key: it was never used, its request was "
    "not carried out, or it has expired.",
    "idempotency_key_reused": "This idempotency key was first used for a different request. "
    "Use a new key for a new request.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A named no. `pointer` names the member of the body it is about, `detail` is a sentence to act on."""

    code: RefusalCode
    detail: str
    pointer: str | None = None
