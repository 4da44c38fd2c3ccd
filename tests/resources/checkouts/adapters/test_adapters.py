"""Ways to pay of others, which are packages beside dues; and cash."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from dues.db.database import Database
from dues.resources.checkouts.adapters import OURS, adapters
from dues.resources.checkouts.adapters.adapter import Adapter, Services
from dues.resources.checkouts.adapters.adapter import Ask as AskAdapter
from dues.tenants.payees.store import save_cash_point
from tests.conftest import Ask, Merchant
from tests.resources.checkouts.test_the_customers_page import owing, visiting
from tests.resources.payment_links.visiting import new_link
from tests.running import Caller


async def _is_for(_services: Services, *_: Any) -> bool:
    return True


async def _begin(ask: AskAdapter) -> str:
    return f"https://pay.example.com/{ask.checkout.id}"


GOOD = Adapter("wallet", _is_for, _begin, label="Pay {amount} by Wallet")

NAMELESS = Adapter("wallet", _is_for, _begin)

LIKE_OURS = Adapter("bank_transfer", _is_for, _begin, label="Pay")


def entry(name: str, what: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{what}", "dues.adapters")


def test_an_adapter_of_another_package_is_offered_after_ours() -> None:
    known = adapters([entry("wallet", "GOOD")])
    assert list(known) == [*(one.name for one in OURS), "wallet"]
    assert known["wallet"] is GOOD


@pytest.mark.parametrize("what", ["NAMELESS", "LIKE_OURS", "not_there", "TODAY"])
def test_a_broken_one_is_named_in_the_log_and_stops_nothing(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = adapters([entry("broken", what), entry("wallet", "GOOD")])
    assert list(known) == [*(one.name for one in OURS), "wallet"]
    assert known["bank_transfer"] is not LIKE_OURS
    said = capsys.readouterr()
    assert "adapter_broken" in said.out + said.err


def test_cash_is_paid_by_a_reference_in_bars(merchant: Merchant, alice: Caller, ask: Ask[Any]) -> None:
    customer, [bill] = owing(alice, (12_345, 3))
    visitor = visiting(alice, new_link(alice, customer=customer["id"])["url"])
    assert "in cash" not in visitor.press(visitor.look()).text

    async def save(database: Database) -> None:
        async with database.transaction() as tx:
            await save_cash_point(tx, merchant.id, "any till of <b>Example</b> Stores")
            await tx.commit()

    ask(save)
    page = visitor.begin(by="cash_point")
    assert page.answer == "ZAR 123.45"
    assert "Show this page at any till of <b>Example</b> Stores." in page.text
    assert bill["external_reference"] in page.text
    assert 'class="barcode"' in page.html
    assert 'class="qr"' in page.html
    collector = alice.post(
        "/billing/payments",
        {"bill": bill["external_reference"], "amount": 12_345, "currency": "ZAR", "external_reference": "TILL-1"},
    )
    assert collector.status_code == 201
    assert visitor.look().answer == "Nothing"


def test_the_adapter_in_the_guide_is_one() -> None:
    guide = (Path(__file__).parents[4] / "docs" / "guides" / "let-customers-pay.md").read_text()
    program = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert program
    made: dict[str, Any] = {}
    exec(program[1], made)
    assert isinstance(made["ADAPTER"], Adapter)
    assert made["ADAPTER"].name == "wallet"
