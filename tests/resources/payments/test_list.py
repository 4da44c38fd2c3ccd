"""GET /billing/payments."""

import pytest

from tests.resources.payments.paying import PATH, owing, paid
from tests.running import Caller


def test_the_newest_come_first_and_every_page_goes_on(alice: Caller) -> None:
    account = owing(alice, "account", 10_000)["id"]
    made = [paid(alice, 100, account=account) for _ in range(5)]
    assert alice.everything(PATH, limit=2) == made[::-1]


def test_each_filter_finds_what_fits_it(alice: Caller) -> None:
    customer = owing(alice, "customer", 10_000)
    account = owing(alice, "account", 10_000, customer=customer["id"])
    bills = [alice.make_bill(account=account["id"], amount_due=1_000).json() for _ in range(2)]
    of_customer = paid(alice, 100, customer=customer["id"])
    of_account = paid(alice, 101, account=account["id"], metadata={"branch": "7"})
    of_bill = paid(alice, 102, bill=bills[0]["id"])
    spread = paid(alice, 1_500, account=account["id"], allocation="oldest_due_first")
    back = alice.post(f"{PATH}/{of_bill['id']}/reverse", {"reason": "other"}).json()

    def found(**filters: str) -> list[str]:
        return [one["id"] for one in alice.everything(PATH, **filters)]

    everything = [spread["id"], of_bill["id"], of_account["id"], of_customer["id"]]
    assert found() == everything
    for name in (customer["id"], customer["external_reference"]):
        assert found(customer=name) == everything
    for name in (account["id"], account["external_reference"]):
        assert found(account=name) == everything[:3]
    for name in (bills[0]["id"], bills[0]["external_reference"]):
        assert found(bill=name) == everything[:2]
    assert found(bill=bills[1]["id"]) == [spread["id"]]
    assert found(status="reversed") == [back["id"]]
    assert found(status="applied") == [spread["id"], of_account["id"], of_customer["id"]]
    assert found(currency="ZAR") == everything
    assert found(currency="USD") == []
    assert found(external_reference=of_bill["external_reference"]) == [of_bill["id"]]
    assert found(**{"metadata[branch]": "7"}) == [of_account["id"]]
    assert found(bill=bills[0]["id"], status="applied") == [spread["id"]]


@pytest.mark.parametrize("query", ["status=paid", "amount=5", "limit=0", "cursor=x"])
def test_nonsense_is_refused(query: str, alice: Caller) -> None:
    assert alice.get(f"{PATH}?{query}").status_code == 400
