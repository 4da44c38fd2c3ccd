"""Signatures as Standard Webhooks have them, https://www.standardwebhooks.com: made afresh for each attempt."""

import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from standardwebhooks import Webhook

_SECRET_BYTES: Final = 24
"""192 bits, as the specification's own examples have."""


def new_secret() -> str:
    """A new secret, `whsec_…`: what signatures are made and verified with."""
    return "whsec_" + b64encode(os.urandom(_SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether it can be signed with."""
    try:
        return text.startswith("whsec_") and bool(b64decode(text.removeprefix("whsec_"), validate=True))
    except ValueError:
        return False


def signed_headers(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a webhook: its id, the time of this attempt, and a signature with each of `secrets`."""
    text, utc = body.decode(), at.astimezone(UTC)  # the library takes the digits of a time, not its zone
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(utc.timestamp())),
        "webhook-signature": " ".join(_webhook(secret).sign(message_id, utc, text) for secret in secrets),
    }


@lru_cache(maxsize=1024)
def _webhook(secret: str) -> Webhook:
    return Webhook(secret)
