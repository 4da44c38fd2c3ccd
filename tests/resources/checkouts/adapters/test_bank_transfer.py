"""What the QR code of a transfer says: of euros, what banks' apps fill in; else the reference."""

from dues.resources.checkouts.adapters.bank_transfer import EPC_AMOUNT_MAX, epc_text, fills_in, transfer_code
from dues.tenants.payees.store import BankAccount

ACCOUNT = BankAccount("DE89370400440532013000", "A Test & Söhne")


def test_the_reference_stands_where_apps_show_it() -> None:
    lines = epc_text(ACCOUNT, 12_345, "INV-1").split("\n")
    assert lines == ["BCD", "002", "1", "SCT", "", "A Test & Söhne", ACCOUNT.iban, "EUR123.45", "", "", "INV-1"]
    assert len(epc_text(ACCOUNT, EPC_AMOUNT_MAX, "x" * 255).encode()) <= 331, "as many bytes as the standard allows"


def test_only_euros_that_have_room_are_filled_in() -> None:
    assert fills_in(EPC_AMOUNT_MAX, "EUR")
    assert not fills_in(EPC_AMOUNT_MAX + 1, "EUR")
    assert not fills_in(100, "ZAR")
    codes = {currency: transfer_code(ACCOUNT, 100, currency, "INV-1") for currency in ("EUR", "ZAR", "JPY")}
    assert codes["ZAR"] == codes["JPY"] != codes["EUR"]
    assert all(b"style=" not in code and code.startswith(b"<svg") for code in codes.values())
