"""Objects that only hold each other: how often they are looked for."""

import gc


def look_seldom() -> None:
    """From here on. Requests and rows leave next to nothing in cycles, so looking for cycles every 700 objects costs a
    twentieth of the one, and a tenth of the other, for nothing."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
