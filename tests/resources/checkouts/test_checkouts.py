"""Checkouts through the API: listed, looked at, and told where their payer came from."""

from hypothesis import given
from hypothesis import strategies as st

from dues.http.pay_forms import TAGS_MAX, tags_of
from tests.resources.checkouts.test_the_customers_page import owing, payments, visiting
from tests.resources.payment_links.visiting import new_link
from tests.running import Caller


def test_they_are_listed_by_link_and_by_state_and_shown(alice: Caller, mallory: Caller) -> None:
    customer, _ = owing(alice, (10_000, 3))
    first = new_link(alice, customer=customer["id"], external_reference="LINK-1")
    second = new_link(alice, customer=customer["id"])
    paying, other = visiting(alice, first["url"]), visiting(alice, second["url"])
    page = paying.begin()
    other.begin()
    paying.press(page, button="pay")
    everything = alice.get("/billing/checkouts").json()["data"]
    assert [(one["payment_link_id"], one["state"]) for one in everything] == [
        (second["id"], "open"),
        (first["id"], "paid"),
    ]
    for query in ("payment_link=LINK-1", f"payment_link={first['id']}", "state=paid"):
        [found] = alice.get(f"/billing/checkouts?{query}").json()["data"]
        assert found == everything[1]
    assert alice.get(f"/billing/checkouts/{found['id']}").json() == found
    assert found["payment_id"] == payments(alice, customer)[0]["id"]
    assert mallory.get(f"/billing/checkouts/{found['id']}").json()["code"] == "checkout_not_found"
    assert mallory.get("/billing/checkouts").json()["data"] == []
    assert alice.get("/billing/checkouts?state=over").status_code == 400


def test_a_link_is_withdrawn_by_delete_as_often_as_anybody_likes(alice: Caller) -> None:
    customer, _ = owing(alice, (10_000, 3))
    link = new_link(alice, customer=customer["id"])
    visitor = visiting(alice, link["url"])
    assert visitor.look().status == 200
    answers = [alice.http.delete(f"/billing/payment_links/{link['id']}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["withdrawn_at"]
    assert visitor.look().status == 404


def test_where_somebody_came_from_is_kept_on_the_payment_and_told_with_it(alice: Caller) -> None:
    customer, _ = owing(alice, (10_000, 3))
    visitor = visiting(alice, new_link(alice, customer=customer["id"])["url"])
    visitor.url += "?utm_source=mail&agent=A-7&checkout=chk_forged&UTM_X=1&utm_medium=" + "x" * 600
    page = visitor.look()
    page.path += "?" + visitor.url.partition("?")[2]
    confirm = visitor.press(page)
    confirm.path = page.path
    paid = visitor.press(visitor.press(confirm, button="test"), button="pay")
    assert paid.status == 200
    [payment] = payments(alice, customer)
    checkout = alice.get("/billing/checkouts").json()["data"][0]["id"]
    metadata = payment["metadata"]
    assert metadata.pop("utm_medium") == "x" * 500
    link = metadata.pop("payment_link")
    assert metadata == {"utm_source": "mail", "agent": "A-7", "checkout": checkout}
    assert link.startswith("plk_")
    told = [one for one in alice.everything("/billing/events") if one["type"] == "obligation.amount_applied"]
    assert told[0]["data"]["metadata"]["utm_source"] == "mail"


@given(st.binary(max_size=300))
def test_an_address_may_say_anything(query: bytes) -> None:
    tags = tags_of(b"utm_a=1&" + query)
    assert len(tags) <= TAGS_MAX
    assert all(len(name) <= 40 and 0 < len(value) <= 500 for name, value in tags.items())


def test_ten_of_them_are_kept() -> None:
    query = "&".join(f"utm_{number}={number}" for number in range(20))
    assert len(tags_of(query.encode())) == TAGS_MAX
