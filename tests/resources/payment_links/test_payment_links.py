"""Payment links: made, told of, withdrawn; a stranger has none of them."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from dues.db.database import Database
from dues.db.transaction import Row
from tests.conftest import Ask, Merchant
from tests.resources.conftest import MakeKey
from tests.resources.payment_links.visiting import Visitor, new_link
from tests.running import Caller, new_key, new_reference


def test_a_link_is_made_once_and_shown_with_its_address_until_it_is_withdrawn(alice: Caller, mallory: Caller) -> None:
    customer = alice.register_customer(name="Jane Doe").json()
    wanted, key = {"customer": customer["id"], "external_reference": new_reference("LINK")}, new_key()
    first, again = (alice.post("/billing/payment_links", wanted, key) for _ in range(2))
    link = first.json()
    assert (first.status_code, again.json()) == (201, link)
    assert (link["uses"], link["show"], link["payments"]) == ("many", "masked", 0)
    days = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert days == timedelta(days=30)
    assert alice.post("/billing/payment_links", wanted).json()["code"] == "external_reference_taken"

    for name in (link["id"], link["external_reference"]):
        assert alice.get(f"/billing/payment_links/{name}").json() == link
        assert mallory.get(f"/billing/payment_links/{name}").json()["code"] == "payment_link_not_found"
        assert mallory.post(f"/billing/payment_links/{name}/withdraw", {}).json()["code"] == "payment_link_not_found"
    other = new_link(alice, bills=[alice.make_bill().json()["id"]])
    assert alice.everything("/billing/payment_links") == [other, link]
    assert alice.everything("/billing/payment_links", customer=customer["id"]) == [link]
    assert mallory.everything("/billing/payment_links") == []

    visitor = Visitor(str(alice.http.base_url), link["url"])
    assert visitor.look().status == 200
    withdrawn = alice.post(f"/billing/payment_links/{link['id']}/withdraw", {}).json()
    assert "url" not in withdrawn
    assert alice.post(f"/billing/payment_links/{link['id']}/withdraw", {}).json() == withdrawn
    assert visitor.look().status == 404
    told = alice.everything("/billing/events")
    mine = [event for event in told if event["data"].get("id") == link["id"]]
    assert [event["type"] for event in mine] == ["payment_link.withdrawn", "payment_link.created"]
    token = link["url"].rpartition("/")[2]
    assert all(token not in str(event) for event in told)


def test_it_refuses_each_rule_by_name(alice: Caller, mallory: Caller) -> None:
    bill, other = alice.make_bill().json(), alice.make_bill().json()
    now = datetime.now(UTC)
    for body, code in (
        ({}, "validation_failed"),
        ({"customer": "x", "account": "y"}, "validation_failed"),
        ({"customer": new_reference()}, "customer_not_found"),
        ({"account": new_reference()}, "account_not_found"),
        ({"bills": [bill["id"], new_reference()]}, "bill_not_found"),
        ({"bills": [bill["id"], bill["id"]]}, "validation_failed"),
        ({"bills": [bill["id"], bill["external_reference"]]}, "validation_failed"),
        ({"bills": [bill["id"], other["id"]]}, "owner_mismatch"),
        ({"bills": [bill["id"]], "amount": 100}, "validation_failed"),
        ({"bills": [bill["id"]], "amount": 100, "currency": "EUR"}, "currency_mismatch"),
        ({"bills": [bill["id"]], "expires_at": (now - timedelta(days=1)).isoformat()}, "validation_failed"),
        ({"bills": [bill["id"]], "expires_at": (now + timedelta(days=900)).isoformat()}, "validation_failed"),
    ):
        assert alice.post("/billing/payment_links", body).json()["code"] == code, body
    assert mallory.post("/billing/payment_links", {"bills": [bill["id"]]}).json()["code"] == "bill_not_found"


def test_a_restricted_key_makes_links_where_it_may(restricted: MakeKey, alice: Caller, merchant: Merchant) -> None:
    bill = alice.make_bill().json()
    maker, reader = restricted(allowed=("payment_links:create",)), restricted(allowed=("payment_links:read",))
    link = new_link(maker, bills=[bill["id"]])
    assert maker.get(f"/billing/payment_links/{link['id']}").json()["code"] == "key_not_allowed"
    assert reader.get(f"/billing/payment_links/{link['id']}").status_code == 200
    assert reader.post(f"/billing/payment_links/{link['id']}/withdraw", {}).json()["code"] == "key_not_allowed"
    public = merchant.caller(kind="public").post("/billing/payment_links", {"bills": [bill["id"]]})
    assert public.json()["code"] == "secret_key_required"


def test_what_opens_it_is_found_by_its_hash(alice: Caller, ask: Ask[Row]) -> None:
    link = new_link(alice, bills=[alice.make_bill().json()["id"]])
    token = link["url"].rpartition("/")[2]

    async def stored(database: Database) -> Row:
        [row] = await database.rows("select token_sha256 from pay_links where id = $1", link["id"])
        return row

    assert ask(stored)["token_sha256"] == sha256(token.encode()).hexdigest()
    assert len(token.partition("-")[2]) == 22  # of 62 characters: 130 bits
