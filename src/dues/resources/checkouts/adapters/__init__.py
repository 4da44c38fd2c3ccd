"""The ways in which a checkout can be paid, by name."""

from collections.abc import Mapping
from typing import Final

from dues.resources.checkouts.adapters import bank_transfer, stripe_checkout, trial
from dues.resources.checkouts.adapters.adapter import Adapter

ADAPTERS: Final[Mapping[str, Adapter]] = {
    one.name: one for one in (stripe_checkout.ADAPTER, bank_transfer.ADAPTER, trial.ADAPTER)
}
"""In the order in which they are offered."""
