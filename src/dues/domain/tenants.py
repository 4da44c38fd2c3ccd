"""Tenants: a merchant in one mode, and the cell that its data lives in."""

from typing import NamedTuple


class Tenant(NamedTuple):
    """Whose data it is, and where it is kept: the first two columns of every key of it, in their order."""

    cell: int
    id: int
