"""Shim."""

import base64
import os
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook


def new_secret() -> str:
    """A new secret."""
    return "whsec_" + base64.b64encode(os.urandom(24)).decode()


def signed_headers(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers."""
    text = body.decode()
    signature = " ".join(Webhook(secret).sign(message_id, at, text) for secret in secrets)
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
