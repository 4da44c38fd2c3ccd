"""How files are taken from the drop folder, as it is set."""

from datetime import timedelta
from pathlib import Path

from msgspec import Struct


class Dropping(Struct, frozen=True):
    """The drop folder, how long a file in it must not have changed, and how long one is kept that was imported."""

    root: Path
    still_seconds: float
    keep: timedelta
