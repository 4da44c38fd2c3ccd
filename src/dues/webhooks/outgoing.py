"""How webhooks go out of this server, as its settings say."""

from msgspec import Struct

from dues.tenants.secrets.keys import NO_KEYS, SecretKeys
from dues.webhooks.destinations import Destinations


class Outgoing(Struct, frozen=True):
    """Where they may go, and what their secrets are encrypted with where they are stored."""

    destinations: Destinations
    secret_keys: SecretKeys = NO_KEYS
    public_url: str = ""
    """What the addresses begin with that are sent to people; empty where nobody said."""
    sends_mail: bool = False
    """Whether there is a mail server to send by."""
