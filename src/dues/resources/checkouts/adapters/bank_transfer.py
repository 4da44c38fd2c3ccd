"""By bank transfer: the page says to which account, how much, and under which reference.

Nobody can be asked whether it came: the merchant records what its bank tells, as always."""

import segno

from dues.domain.checkouts import Choice
from dues.domain.money import in_major_units
from dues.resources.checkouts.adapters.adapter import Adapter, Ask, Services
from dues.tenants.payees.store import BankAccount, Payee

EPC_AMOUNT_MAX = 99_999_999_999
"""In cents: what the code has room for."""


async def _begin(_ask: Ask) -> None:
    return None


async def _is_for(_services: Services, payee: Payee, _choice: Choice) -> bool:
    return payee.bank_account is not None


def epc_text(account: BankAccount, amount: int, reference: str) -> str:
    """What the QR code of a transfer of euros says (EPC069-12, version 2): the reference as unstructured remittance
    information, where every bank's app shows it."""
    lines = ["BCD", "002", "1", "SCT", "", account.holder[:70], account.iban, f"EUR{in_major_units(amount, 'EUR')}"]
    return "\n".join([*lines, "", "", reference[:140]])


def fills_in(amount: int, currency: str) -> bool:
    """Whether banks' apps fill a transfer of so much in from its code."""
    return currency == "EUR" and amount <= EPC_AMOUNT_MAX


def transfer_code(account: BankAccount, amount: int, currency: str, reference: str) -> bytes:
    """An SVG with the QR code of a transfer: of euros, one that banks' apps fill it in from; else the reference."""
    return reference_code(epc_text(account, amount, reference) if fills_in(amount, currency) else reference)


def reference_code(text: str) -> bytes:
    """An SVG with the QR code of a text."""
    code = segno.make(text, error="m", micro=False, encoding="utf-8", boost_error=False)
    return code.svg_inline(scale=4, border=4, omitsize=True, svgclass=None, lineclass=None).encode()


ADAPTER = Adapter("bank_transfer", _is_for, _begin)
