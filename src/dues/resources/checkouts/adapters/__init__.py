"""The ways in which a checkout can be paid, by name: ours, and those of packages that are installed beside dues."""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import structlog

from dues.resources.checkouts.adapters import bank_transfer, cash_point, stripe_checkout, trial
from dues.resources.checkouts.adapters.adapter import Adapter

GROUP: Final = "dues.adapters"
"""Under this name packages say that they have an adapter."""

OURS: Final = (stripe_checkout.ADAPTER, bank_transfer.ADAPTER, cash_point.ADAPTER, trial.ADAPTER)

_log = structlog.get_logger()


def adapters(found: Iterable[EntryPoint]) -> Mapping[str, Adapter]:
    """All adapters, in the order in which they are offered. One of another's that cannot be had is named in the log,
    and left out; nobody takes the name of one that is there."""
    known = {one.name: one for one in OURS}
    for entry in found:
        try:
            adapter = entry.load()
        except Exception as error:
            _log.warning("adapter_broken", adapter=entry.name, reason=f"{type(error).__name__}: {error}")
            continue
        if not isinstance(adapter, Adapter) or adapter.name in known or not adapter.label:
            reason = "it must be an Adapter with a label, of a name that no other has"
            _log.warning("adapter_broken", adapter=entry.name, reason=reason)
            continue
        known[adapter.name] = adapter
    return known


ADAPTERS: Final = adapters(sorted(entry_points(group=GROUP), key=lambda entry: entry.name))
