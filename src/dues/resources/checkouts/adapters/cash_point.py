"""By cash, where the merchant says: the page shows the reference in bars and as a QR code, and how much.

Whoever takes the cash records it by the reference, with a collector's key; nobody can be asked whether it came."""

from dues.domain.checkouts import Choice
from dues.resources.checkouts.adapters.adapter import Adapter, Ask, Services
from dues.tenants.payees.store import Payee


async def _begin(_ask: Ask) -> None:
    return None


async def _is_for(_services: Services, payee: Payee, _choice: Choice) -> bool:
    return payee.cash_point is not None


ADAPTER = Adapter("cash_point", _is_for, _begin)
