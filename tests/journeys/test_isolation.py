"""What is another merchant's, or the other mode's, does not exist: for every call that the OpenAPI document knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.conftest import Desk, Merchant, make_merchant
from tests.journeys.documented import DOCUMENT, FILTERS, NAMING_BODIES, NAMING_PATHS, body_naming, examples, schema_of
from tests.resources.payment_links.visiting import Visitor
from tests.running import Caller, RunningServer, new_key, new_reference

NOUNS = ("customer", "account", "bill", "payment")

WITHOUT_REFERENCE = ("closing", "event", "webhook_endpoint", "checkout")


@dataclass(frozen=True)
class Belongings:
    """One of each object, and how each can be named."""

    caller: Caller
    key: str
    secret: str
    objects: dict[str, dict[str, Any]]

    def names(self, noun: str) -> list[str]:
        """The id and, if it has one, the reference of the one `noun`; or the one idempotency key."""
        if noun == "idempotency_key":
            return [self.key]
        if noun == "import":  # made when it is wanted: whoever carries it out tells of it, at a time of their own
            return [self.send_file()]
        if noun == "export":
            answer = self.caller.http.post("/billing/exports?kind=bills", headers={"Idempotency-Key": new_key()})
            return [str(answer.json()["id"])]
        return [self.objects[noun][member] for member in ("id", "external_reference") if member in self.objects[noun]]

    def send_file(self) -> str:
        """The id of an import, of which nothing is written."""
        content = f"external_reference\n{new_reference('CUST')}\n"
        sent = {"Content-Type": "text/csv", "Idempotency-Key": new_key()}
        answer = self.caller.http.post("/billing/imports?kind=customers&dry_run=true", content=content, headers=sent)
        return str(answer.json()["id"])


def belongings(caller: Caller) -> Belongings:
    """What somebody makes: one of each, with references that have to be escaped where there are any."""
    key, secret = new_key(), new_key()
    fields: dict[str, Any] = {"currency": "ZAR", "balance": 100, "metadata": {"key": secret}}
    customer = caller.register_customer(external_reference=new_reference("CUST/'é'"), **fields).json()
    account = caller.open_account(customer=customer["id"], external_reference=new_reference("UAR/'é'"), **fields).json()
    bill = caller.make_bill(key, account=account["id"], metadata={"key": secret}).json()
    paid = {"bill": bill["id"], "external_reference": new_reference("EFT/'é'"), "amount": 500, "currency": "ZAR"}
    payment = caller.post("/billing/payments", paid | {"metadata": {"key": secret}}).json()
    bill = caller.get(f"/billing/bills/{bill['id']}").json()
    endpoint = caller.post("/billing/webhook_endpoints", {"url": "https://example.com/webhooks"}).json()
    named = {"customer": customer["external_reference"], "external_reference": new_reference("LINK/'é'")}
    asked = {"customer": customer["id"], "external_reference": new_reference("ASK/'é'"), "amount": 5, "currency": "ZAR"}
    link = caller.post("/billing/payment_links", named).json()
    if caller.get("/billing/test_clock").status_code == 200:  # in live mode there is no processor of tests
        begun = caller.post("/billing/payment_links", {"bills": [bill["id"]]}).json()
        Visitor(str(caller.http.base_url), begun["url"]).begin()
    objects = {
        "checkout": next(iter(caller.get("/billing/checkouts?limit=1").json()["data"]), {}),
        "closing": caller.post("/billing/closings", {"through": "2020-01-31"}).json(),
        "mail": caller.post("/billing/mails", {"payment": payment["id"], "to": "jane@example.com"}).json(),
        "payment_request": caller.post("/collect/payment_requests", asked).json(),
        "payment_link": link,
        "customer": customer,
        "account": account,
        "bill": bill,
        "payment": payment,
        "event": caller.get("/billing/events?limit=1").json()["data"][0],
        "webhook_endpoint": {name: value for name, value in endpoint.items() if name != "secret"},
    }
    return Belongings(caller, key, secret, objects)


def nobodys(name: str) -> str:
    """A name like this one, under which there is nothing anywhere."""
    half = len(name) // 2
    return name[:half] + name[: half - 1 : -1]


def kept_belongings(caller: Caller) -> Iterator[Belongings]:
    """Those of somebody, which are the same afterwards."""
    owned = belongings(caller)
    yield owned
    for noun in NOUNS:
        assert caller.get(f"/billing/{noun}s/{owned.objects[noun]['id']}").json() == owned.objects[noun]
        assert len(caller.everything(f"/billing/{noun}s")) == 1
    for noun in WITHOUT_REFERENCE:
        assert caller.get(f"/billing/{noun}s/{owned.objects[noun]['id']}").json() == owned.objects[noun]


@pytest.fixture(scope="module")
def owner(desk: Desk, server: RunningServer, cells: int) -> Merchant:
    """The merchant whose belongings in test mode are to be kept from others."""
    return make_merchant(desk, server, cells)


@pytest.fixture(scope="module")
def victim(owner: Merchant) -> Iterator[Belongings]:
    """Somebody whose belongings are the same after all tests, each of which would change them if it found them."""
    yield from kept_belongings(owner.caller())


@pytest.fixture(scope="module", params=["another merchant", "the other mode"])
def intruder(
    request: pytest.FixtureRequest, desk: Desk, server: RunningServer, cells: int, owner: Merchant, victim: Belongings
) -> Caller:
    """Somebody with a good key and belongings of their own, from whom the victim's are to be kept."""
    assert victim
    another = request.param == "another merchant"
    caller = make_merchant(desk, server, cells).caller() if another else owner.caller("live")
    return belongings(caller).caller


def told(answer: httpx.Response, name: str) -> tuple[int, bytes, list[str]]:
    """All that an answer tells, but for its own id and the name that was asked for."""
    body = answer.content.replace(answer.headers["request-id"].encode(), b"<request>")
    for spelling in (name, quote(name, safe="")):
        body = body.replace(spelling.encode(), b"<name>")
    return answer.status_code, body, sorted(answer.headers)


def headers(method: str, *, conditional: bool) -> dict[str, str]:
    """With a new key where one is needed, and a condition that everything fulfils or nothing does."""
    found = {} if method == "get" else {"Idempotency-Key": new_key()}
    if conditional:
        found |= {"If-None-Match": "*"} if method == "get" else {"If-Match": '"nothing"'}
    return found


def test_the_document_has_something_to_go_through() -> None:
    assert len(NAMING_PATHS) >= 12
    assert ("/billing/bills", ("account", "customer")) in NAMING_BODIES
    assert ("/billing/payments", ("bill",)) in NAMING_BODIES
    assert len(FILTERS) >= 8
    assert ("/billing/payments", "bill") in FILTERS


@pytest.mark.parametrize(("method", "path"), NAMING_PATHS)
def test_a_path_does_not_find_it(method: str, path: str, victim: Belongings, intruder: Caller) -> None:
    noun = path.partition("{")[2].partition("}")[0]
    for name in victim.names(noun):
        for body in examples(DOCUMENT["paths"][path][method]):
            for conditional in (False, True):
                answers = [
                    intruder.http.request(
                        method,
                        path.replace(f"{{{noun}}}", quote(asked, safe="")),
                        json=body,
                        headers=headers(method, conditional=conditional),
                    )
                    for asked in (name, nobodys(name))
                ]
                assert (answers[0].status_code, answers[0].json()["code"]) == (404, f"{noun}_not_found")
                assert told(answers[0], name) == told(answers[1], nobodys(name))


@pytest.mark.parametrize(("path", "pointer"), NAMING_BODIES)
def test_a_body_does_not_find_it(path: str, pointer: tuple[str, ...], victim: Belongings, intruder: Caller) -> None:
    schema, noun = schema_of(DOCUMENT["paths"][path]["post"]), pointer[-1]
    before = [len(intruder.everything(f"/billing/{kind}s")) for kind in NOUNS]
    for name in victim.names(noun):
        answers = [intruder.post(path, body_naming(schema, pointer, asked)) for asked in (name, nobodys(name))]
        problem = answers[0].json()
        assert (answers[0].status_code, problem["code"]) == (404, f"{noun}_not_found")
        assert problem["pointer"] == "/" + "/".join(pointer)
        assert told(answers[0], name) == told(answers[1], nobodys(name))
    assert [len(intruder.everything(f"/billing/{kind}s")) for kind in NOUNS] == before


@pytest.mark.parametrize(("path", "name"), FILTERS)
def test_a_filter_does_not_find_it(path: str, name: str, victim: Belongings, intruder: Caller) -> None:
    noun = path.rpartition("/")[2][:-1] if name == "external_reference" else name
    values = [victim.secret] if name == "metadata[key]" else victim.names(noun)
    assert victim.caller.everything(path, **{name: values[-1]}), "the victim itself does find it"
    for value in values:
        answers = [intruder.get(f"{path}?{urlencode({name: asked})}") for asked in (value, nobodys(value))]
        assert answers[0].json() == {"data": [], "has_more": False}
        assert told(answers[0], value) == told(answers[1], nobodys(value))


def test_a_reference_or_key_that_somebody_else_has_is_free(victim: Belongings, intruder: Caller) -> None:
    reference = {noun: victim.objects[noun]["external_reference"] for noun in NOUNS}
    account = {"customer": {"external_reference": reference["customer"]}, "external_reference": reference["account"]}
    made = intruder.make_bill(victim.key, external_reference=reference["bill"], account=account)
    assert made.status_code == 201
    assert "idempotent-replayed" not in made.headers
    paid = {"external_reference": reference["payment"], "bill": reference["bill"], "amount": 500, "currency": "ZAR"}
    assert intruder.post("/billing/payments", paid).status_code == 201
    for noun in NOUNS:
        found = intruder.get(f"/billing/{noun}s/{quote(reference[noun], safe='')}").json()
        assert found["external_reference"] == reference[noun]
        assert found["id"] != victim.objects[noun]["id"]


def cursors(caller: Caller, path: str, **filters: str) -> str:
    """The cursor to the second page of a list."""
    found: str = caller.http.get(path, params={"limit": 1, **filters}).json()["next_cursor"]
    return found


def test_a_cursor_fits_only_the_list_it_came_from(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    for caller in (alice, mallory, merchant.caller("live")):
        for _ in range(2):
            caller.make_bill(
                account={"customer": {"external_reference": new_reference()}}
                | {"external_reference": new_reference(), "currency": "ZAR", "balance": 5}
            )
    accounts = [account["id"] for account in alice.everything("/billing/accounts")]
    for account in accounts:
        alice.post(f"/billing/accounts/{account}/adjustments", {"amount": 1, "reason": "x"})
    own = cursors(alice, "/billing/bills", currency="ZAR")
    entries = f"/billing/accounts/{accounts[0]}/entries"
    elsewhere = [
        ("/billing/bills", cursors(mallory, "/billing/bills")),
        ("/billing/bills", cursors(merchant.caller("live"), "/billing/bills")),
        ("/billing/bills", cursors(alice, "/billing/accounts")),
        ("/billing/bills", own),
        ("/billing/bills?currency=USD", own),
        ("/billing/bills?currency=ZAR&status=unpaid", own),
        ("/billing/bills?metadata%5Bcurrency%5D=ZAR", own),
        (entries, cursors(alice, f"/billing/accounts/{accounts[1]}/entries")),
        (entries, cursors(alice, "/billing/accounts")),
        ("/billing/accounts", cursors(alice, entries)),
    ]
    assert alice.http.get("/billing/bills", params={"currency": "ZAR", "cursor": own, "limit": 7}).status_code == 200
    for path, cursor in elsewhere:
        answer = alice.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/cursor"), path


def test_the_document_is_the_one_that_is_served(server: RunningServer) -> None:
    assert httpx.get(f"{server.base}/openapi.json").json()["paths"].keys() == DOCUMENT["paths"].keys()
