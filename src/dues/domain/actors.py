"""Actors: who did something. The id of an API key (`key_…`), or the server by itself."""

from typing import Final

SYSTEM: Final = "system"
"""Nobody asked for it: the server did it. What has no actor at all was written before actors were."""
