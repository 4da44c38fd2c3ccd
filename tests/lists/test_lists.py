"""Lists: every object once, newest first, a page at a time, however filtered and whatever happens meanwhile."""

import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.lists.cursors import make_cursor
from tests.conftest import Ask, Merchant
from tests.running import Caller, new_reference

KINDS = ["customers", "accounts", "bills"]


def fill(caller: Caller, kind: str, count: int) -> tuple[str, list[str]]:
    """The path of a list with `count` things in it, and their ids, newest first."""
    if kind == "entries":
        account = caller.open_account(currency="ZAR", balance=1).json()
        path = f"/billing/accounts/{quote(account['external_reference'], safe='')}"
        opening = caller.get(f"{path}/entries").json()["data"][0]["id"]
        adjustment = {"amount": 1, "reason": "x"}
        later = [caller.post(f"{path}/adjustments", adjustment).json()["id"] for _ in range(count - 1)]
        return f"{path}/entries", [*later[::-1], opening]
    make = {"customers": caller.register_customer, "accounts": caller.open_account, "bills": caller.make_bill}[kind]
    return f"/billing/{kind}", [make().json()["id"] for _ in range(count)][::-1]


def page(caller: Caller, path: str, **parameters: str | int) -> httpx.Response:
    """One page, whose headers and body agree on what follows it."""
    answer = caller.http.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.keys() == {"data", "has_more"} | ({"next_cursor"} if body["has_more"] else set())
    assert answer.headers.get("next-cursor") == body.get("next_cursor")
    assert ("link" in answer.headers) == body["has_more"]
    if body["has_more"]:
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers["link"])
        assert link
        target = urlsplit(link[1])
        assert target.path == urlsplit(str(answer.request.url)).path == path
        wanted = {name: [str(value)] for name, value in parameters.items()} | {"cursor": [body["next_cursor"]]}
        assert parse_qs(target.query, keep_blank_values=True) == {"limit": ["20"]} | wanted
        assert re.fullmatch(r"[A-Za-z0-9_-]+", body["next_cursor"])
    return answer


@pytest.mark.parametrize("kind", [*KINDS, "entries"])
def test_every_page_size_gives_everything_once_and_newest_first(alice: Caller, kind: str) -> None:
    path, ids = fill(alice, kind, 7)
    for limit in (1, 2, 3, 6, 7, 8, 100):
        found: list[str] = []
        sizes = []
        parameters: dict[str, str | int] = {"limit": limit}
        while True:
            body = page(alice, path, **parameters).json()
            found += [one["id"] for one in body["data"]]
            sizes.append(len(body["data"]))
            if not body["has_more"]:
                break
            parameters["cursor"] = body["next_cursor"]
        assert found == ids
        assert sizes == [limit] * (7 // limit) + ([7 % limit] if 7 % limit else [])


@pytest.mark.parametrize("kind", [*KINDS, "entries"])
def test_the_link_leads_to_the_next_page(alice: Caller, kind: str) -> None:
    path, ids = fill(alice, kind, 5)
    found: list[str] = []
    answer = alice.get(f"{path}?limit=2")
    while True:
        found += [one["id"] for one in answer.json()["data"]]
        if "next" not in answer.links:
            break
        answer = alice.get(answer.links["next"]["url"])
    assert found == ids


def test_twenty_are_shown_where_nothing_is_said(alice: Caller) -> None:
    path, ids = fill(alice, "customers", 21)
    assert [one["id"] for one in page(alice, path).json()["data"]] == ids[:20]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_between_two_pages_moves_nothing(alice: Caller, kind: str) -> None:
    path, ids = fill(alice, kind, 6)
    first = page(alice, path, limit=3).json()
    _, newer = fill(alice, kind, 2)
    second = page(alice, path, limit=3, cursor=first["next_cursor"]).json()
    assert [one["id"] for one in first["data"] + second["data"]] == ids
    assert not second["has_more"]
    assert [one["id"] for one in alice.everything(path, limit=3)] == newer + ids


def test_what_is_booked_between_two_pages_moves_nothing(alice: Caller) -> None:
    path, ids = fill(alice, "entries", 6)
    first = page(alice, path, limit=4).json()
    alice.post(path.replace("entries", "adjustments"), {"amount": 1, "reason": "x"})
    second = page(alice, path, limit=4, cursor=first["next_cursor"]).json()
    assert [one["id"] for one in first["data"] + second["data"]] == ids


def test_what_is_made_is_listed_at_once(alice: Caller) -> None:
    for _ in range(10):
        made = alice.make_bill().json()
        assert page(alice, "/billing/bills", limit=1).json()["data"] == [made]


@pytest.fixture
def stock(alice: Caller) -> dict[str, list[dict[str, Any]]]:
    """Some of everything, with values that filters are for."""
    customers, accounts, bills = [], [], []
    for number, currency in enumerate(["ZAR", "USD"]):
        metadata = {"plan": "gold", "number": str(number)}
        customers.append(alice.register_customer(currency=currency, metadata=metadata).json())
        for branch in "ab":
            account = {"external_reference": new_reference(f"UAR/{branch}"), "customer": customers[-1]["id"]}
            metadata = {"branch": branch, "number": str(number)}
            accounts.append(alice.open_account(**account, currency=currency, metadata=metadata).json())
            for status in ("unpaid", "paid", "voided"):
                bill = {"account": accounts[-1]["id"], "currency": currency, "metadata": metadata | {"is": status}}
                made = alice.make_bill(None, **bill).json()
                path = f"/billing/bills/{made['id']}"
                if status == "paid":
                    made = alice.patch(path, {"amount_paid": 150_000}).json()
                if status == "voided":
                    made = alice.post(f"{path}/void", {}).json()
                bills.append(made)
    return {"customers": customers[::-1], "accounts": accounts[::-1], "bills": bills[::-1]}


@pytest.mark.parametrize("limit", [2, 100])
def test_every_filter_and_any_two_together_give_what_fits(
    alice: Caller, stock: dict[str, list[dict[str, Any]]], limit: int
) -> None:
    for kind, things in stock.items():
        filters: dict[str, tuple[str, str]] = {}
        for member in ("external_reference", "customer_id", "account_id", "status", "currency"):
            if member in things[1]:
                filters[member.removesuffix("_id")] = (member, things[1][member])
        for key, value in things[1]["metadata"].items():
            filters[f"metadata[{key}]"] = (key, value)
        for one in filters:
            for other in filters:
                asked = {name: filters[name][1] for name in {one, other}}
                fitting = [
                    thing
                    for thing in things
                    if all(
                        (thing["metadata"] if name.startswith("metadata") else thing).get(filters[name][0]) == value
                        for name, value in asked.items()
                    )
                ]
                assert fitting
                assert alice.everything(f"/billing/{kind}", limit=limit, **asked) == fitting, asked


def test_an_owner_is_named_by_reference_too(alice: Caller, stock: dict[str, list[dict[str, Any]]]) -> None:
    customer, account = stock["customers"][0], stock["accounts"][0]
    for name in (customer["id"], customer["external_reference"]):
        assert alice.everything("/billing/accounts", customer=name) == stock["accounts"][:2]
        assert alice.everything("/billing/bills", customer=name, limit=4) == stock["bills"][:6]
        assert (
            alice.everything("/billing/bills", customer=name, account=account["external_reference"], limit=2)
            == (stock["bills"][:3])
        )
    assert "/" in account["external_reference"]
    assert alice.everything("/billing/accounts", external_reference=account["external_reference"]) == [account]
    for nobody in ("nobody", "bcus_nobody"):
        assert alice.everything("/billing/bills", customer=nobody) == []


ODD = [
    "é ü",
    "a]b",
    "[x]",
    "a&b=c",
    "%41",
    "+",
    "'; drop table",
    '"',
    "🙂",
    "\\",
    " spaced ",
    "metadata[x]",
    "#",
    "漢字",
]


def test_metadata_is_found_whatever_its_characters(alice: Caller) -> None:
    things = [alice.register_customer(metadata={text: text[::-1]}).json() for text in ODD]
    blank = alice.register_customer(metadata={"empty": ""}).json()
    for text, thing in zip(ODD, things, strict=True):
        assert alice.everything("/billing/customers", **{f"metadata[{text}]": text[::-1]}) == [thing], text
        assert alice.everything("/billing/customers", **{f"metadata[{text}]": "other"}) == []
    assert alice.everything("/billing/customers", **{"metadata[empty]": ""}) == [blank]


def test_a_filter_follows_metadata_as_it_changes(alice: Caller) -> None:
    one = alice.open_account(metadata={"plan": "gold", "kept": "yes"}).json()
    changed = alice.patch(f"/billing/accounts/{one['id']}", {"metadata": {"plan": "silver"}}).json()
    assert alice.everything("/billing/accounts", **{"metadata[plan]": "gold"}) == []
    assert alice.everything("/billing/accounts", **{"metadata[plan]": "silver", "metadata[kept]": "yes"}) == [changed]
    alice.patch(f"/billing/accounts/{one['id']}", {"metadata": None})
    assert alice.everything("/billing/accounts", **{"metadata[kept]": "yes"}) == []


@pytest.mark.parametrize("kind", [*KINDS, "entries"])
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=1000000000", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=abc", "/limit"),
        ("limit=", "/limit"),
        ("limit=1.0", "/limit"),
        ("limit=%D9%A1", "/limit"),  # an Arabic-Indic 1
        ("limit=1&limit=2", ""),
        ("page=2", "/page"),
        ("Limit=1", "/Limit"),
        ("metadata=x", "/metadata"),
        ("metadata[]=x", "/metadata[]"),
        (f"metadata[{'k' * 41}]=x", f"/metadata[{'k' * 41}]"),
        ("cursor=", "/cursor"),
        ("cursor=abc", "/cursor"),
        ("cursor=%F0%9F%99%82", "/cursor"),
        ("currency=%00", ""),
        ("currency=%FF", ""),
    ],
)
def test_what_no_list_knows_is_refused(alice: Caller, kind: str, query: str, pointer: str) -> None:
    answer = alice.get(f"{fill(alice, kind, 1)[0]}?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "validation_failed")
    assert pointer in [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize(
    ("path", "name"),
    [("customers", "status"), ("customers", "customer"), ("accounts", "account"), ("accounts", "status")],
)
def test_a_filter_of_another_list_is_refused(alice: Caller, path: str, name: str) -> None:
    problem = alice.get(f"/billing/{path}?{name}=x").json()
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(f"/{name}", "unknown_parameter")]


def test_all_that_is_wrong_is_told_at_once(alice: Caller) -> None:
    problem = alice.get("/billing/bills?limit=0&colour=red&status=open&cursor=x").json()
    assert {error["pointer"] for error in problem["errors"]} == {"/limit", "/colour", "/status", "/cursor"}


def test_no_character_of_a_cursor_can_be_changed(alice: Caller) -> None:
    path, _ = fill(alice, "accounts", 2)
    cursor = page(alice, path, limit=1).json()["next_cursor"]
    for position in range(len(cursor) - 1):  # two bits of the last one say nothing
        forged = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        for changed in (forged, cursor[:position]):
            assert alice.http.get(path, params={"cursor": changed}).status_code == 400, changed


@pytest.mark.parametrize("told", ["", "x", "-1", "0", "1.5", "9" * 40, "\0", "bacc_\0", "~"])
@pytest.mark.parametrize("kind", ["accounts", "entries"])
def test_a_cursor_that_somebody_made_up_is_refused(
    alice: Caller, merchant: Merchant, ask: Ask[list[Row]], kind: str, told: str
) -> None:
    """Whoever has read the program can give a cursor the right check, so what it stands at is checked as well."""

    async def tenant(database: Database) -> list[Row]:
        return await database.rows("select cell, id from tenants where merchant_id = $1 and mode = 'test'", merchant.id)

    [found] = ask(tenant)
    path, _ = fill(alice, kind, 2)
    name = "accounts"
    if kind == "entries":
        account = alice.get(path.removesuffix("/entries")).json()
        name = f"entries of {account['id']}"
    answer = alice.http.get(path, params={"cursor": make_cursor(Tenant(found["cell"], found["id"]), name, {}, told)})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/cursor")
