"""The desk, without a script: people come in, see what is owed and why, and do what their role may, once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dues.db.database import Database
from dues.domain.people import ROLES, Role, least_role, scopes_of
from dues.resources.api import OPERATIONS
from dues.tenants.people.letting_in import invite
from dues.tenants.people.store import save_removed, save_role
from tests.conftest import Ask, Merchant
from tests.http.desk.sitting import PASSWORD, Sitter, seat_of
from tests.resources.payment_links.visiting import Page, Thing
from tests.running import Caller

TODAY = datetime.now(UTC).date()


@pytest.fixture
def debtor(alice: Caller) -> tuple[Thing, Thing]:
    """A customer with a bill of 1,200.00 that is overdue."""
    customer = alice.register_customer(name="Nomsa <b>Dlamini</b>", phone="+27821234567").json()
    bill = alice.make_bill(
        customer=customer["id"],
        currency="ZAR",
        amount_due=120_000,
        bill_date=str(TODAY - timedelta(days=40)),
        due_date=str(TODAY - timedelta(days=10)),
    ).json()
    return customer, bill


def audit_of(merchant: Merchant, ask: Ask[Any]) -> list[tuple[str, str]]:
    """Operation and object of every row of the audit of a merchant's, the first first."""

    async def read(database: Database) -> list[tuple[str, str]]:
        rows = await database.rows(
            "select a.operation, a.object_id from audit a join tenants t on t.id = a.tenant_id and t.cell = a.cell"
            " where t.merchant_id = $1 order by a.id",
            merchant.id,
        )
        return [(row["operation"], row["object_id"]) for row in rows]

    found: list[tuple[str, str]] = ask(read)
    return found


def test_a_caller_is_looked_up_and_a_payment_recorded_once(
    merchant: Merchant, alice: Caller, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    customer, bill = debtor
    sitter = seat_of(merchant, ask, "cashier")
    today = sitter.look()
    assert "Test data: no money moves" in today.text
    assert "ZAR 1,200.00" in today.answer
    found = sitter.look("/desk/customers?q=nomsa")
    assert "Nomsa <b>Dlamini</b>" in found.text
    page = sitter.look(f"/desk/customers/{customer['id']}")
    assert page.answer == "ZAR 1,200.00"
    assert bill["external_reference"] in page.text
    form = sitter.follow(page, "Record a payment")
    looked = sitter.fill(form, amount="1 000,00", external_reference="FNB-1", method="eft")
    assert "Record ZAR 1,000.00" in looked.text
    assert "200.00" in looked.text
    assert alice.everything("/billing/payments", customer=customer["id"]) == [], "a look changes nothing"
    receipts = [sitter.fill(looked) for _ in range(2)]
    assert receipts[0].path == receipts[1].path
    [payment] = alice.everything("/billing/payments", customer=customer["id"])
    assert (payment["amount"], payment["external_reference"], payment["method"]) == (100_000, "FNB-1", "eft")
    assert alice.get(f"/billing/bills/{bill['id']}").json()["amount_remaining"] == 20_000
    assert audit_of(merchant, ask) == [("create_payment", payment["id"])]
    assert "create payment" in sitter.look("/desk/audit").text
    told = {one["type"] for one in alice.everything("/billing/events") if one.get("actor", "").startswith("per_")}
    assert "obligation.amount_applied" in told, "the events say who did it"


def test_what_changed_between_the_look_and_the_press_is_shown_before_anything_is_done(
    merchant: Merchant, alice: Caller, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    _, bill = debtor
    sitter = seat_of(merchant, ask)
    form = sitter.look(f"/desk/bills/{bill['id']}/pay")
    looked = sitter.fill(form, amount="1200.00", currency="ZAR", external_reference="FNB-2")
    paid = {"bill": bill["id"], "amount": 50_000, "currency": "ZAR", "external_reference": "TILL-1"}
    assert alice.post("/billing/payments", paid).status_code == 201
    again = sitter.fill(looked)
    assert len(alice.everything("/billing/payments", bill=bill["id"])) == 1
    assert again.status in (409, 422)
    assert "changed meanwhile" in again.text or "There is something to correct" in again.text


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong_beside_it(
    merchant: Merchant, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    customer, bill = debtor
    sitter = seat_of(merchant, ask)
    form = sitter.look(f"/desk/customers/{customer['id']}/pay")
    wrong = sitter.fill(form, amount="a lot", external_reference="FNB-3")
    assert wrong.status == 422
    assert "Write the amount with a point" in wrong.text
    assert 'href="#amount"' in wrong.html
    assert 'value="a lot"' in wrong.html
    assert 'value="FNB-3"' in wrong.html
    credit = sitter.look(f"/desk/bills/{bill['id']}/credit")
    refused = sitter.fill(credit, amount="9999.00", kind="credit_note", reason="Two days without water")
    assert refused.status == 422
    assert "Two days without water" in refused.html


def test_an_accountant_corrects_and_each_write_is_one_row_of_the_audit(
    merchant: Merchant, alice: Caller, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    _, bill = debtor
    sitter = seat_of(merchant, ask)
    credit = sitter.look(f"/desk/bills/{bill['id']}/credit")
    for _ in range(2):
        page = sitter.fill(credit, amount="200.00", kind="write_off", reason="Gone")
        assert page.path == f"/desk/bills/{bill['id']}"
    assert alice.get(f"/billing/bills/{bill['id']}").json()["amount_remaining"] == 100_000
    paid = {"bill": bill["id"], "amount": 50_000, "currency": "ZAR", "external_reference": "TILL-2"}
    payment = alice.post("/billing/payments", paid).json()
    back = sitter.fill(sitter.look(f"/desk/payments/{payment['id']}/reverse"), reason="bounced", note="No funds")
    assert "Taken back" in back.text
    operations = [operation for operation, _ in audit_of(merchant, ask)]
    assert operations == ["credit_bill", "reverse_payment"]
    assert "Thandi" in sitter.look(f"/desk/bills/{bill['id']}").text, "who did it"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_the_table_says_and_nothing_else(merchant: Merchant, ask: Ask[Any], role: Role) -> None:
    """Through the API's own check: a scope that the role has not is refused, whatever the page."""
    may = set(scopes_of(role))
    for operation in OPERATIONS:
        scope = operation.scope
        if not scope:
            continue
        allowed = role == "admin" or scope in may or f"{scope.partition(':')[0]}:*" in may
        assert allowed == (ROLES.index(role) >= ROLES.index(least_role(scope))), operation.id


def test_a_role_that_may_not_is_told_whose_may(
    merchant: Merchant, alice: Caller, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    _, bill = debtor
    viewer = seat_of(merchant, ask, "viewer")
    page = viewer.look(f"/desk/bills/{bill['id']}")
    assert "Record a payment" not in page.text
    for path, role in (("pay", "cashier"), ("credit", "accountant"), ("void", "accountant")):
        there = f"/desk/bills/{bill['id']}/{path}"
        for refused in (viewer.look(there), viewer.send(there)):
            assert refused.status == 403
            assert f"This takes the role {role}" in refused.text
    assert audit_of(merchant, ask) == []
    assert alice.get(f"/billing/bills/{bill['id']}").json()["status"] == "unpaid"


def test_a_role_that_is_lowered_and_a_person_who_is_removed_are_so_at_once(
    merchant: Merchant, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    _, bill = debtor
    sitter = seat_of(merchant, ask)
    form = sitter.look(f"/desk/bills/{bill['id']}/void")

    async def lower(database: Database) -> None:
        async with database.transaction() as tx:
            assert await save_role(tx, merchant.id, sitter.email, "viewer")
            await tx.commit()

    ask(lower)
    assert sitter.fill(form).status == 403

    async def remove(database: Database) -> None:
        async with database.transaction() as tx:
            assert await save_removed(tx, merchant.id, sitter.email, datetime.now(UTC))
            await tx.commit()

    ask(remove)
    assert sitter.look().path == "/desk/login"
    assert sitter.login(code=sitter.code(1)).status == 401


# Being let in ---------------------------------------------------------------------------------------------------------


def test_an_invitation_is_for_once_and_an_unknown_one_is_the_same_page(merchant: Merchant, ask: Ask[Any]) -> None:
    email = "once@example.com"

    async def make(database: Database) -> str:
        return await invite(database, merchant.id, email, "viewer")

    token = ask(make)
    first, second = Sitter(merchant.base, email), Sitter(merchant.base, email)
    assert first.join(token).status == 200
    used, unknown = second.look(f"/desk/join/{token}"), second.look("/desk/join/" + "x" * 43)
    assert used.status == unknown.status == 404
    assert used.html == unknown.html
    assert second.send(f"/desk/join/{token}", name="Eve", password=PASSWORD).status == 404


def test_money_takes_a_second_factor_that_is_used_once(merchant: Merchant, ask: Ask[Any]) -> None:
    sitter = seat_of(merchant, ask, "cashier")
    sitter.send("/desk/logout")
    assert sitter.look().path == "/desk/login"
    assert sitter.login().status == 401
    assert sitter.login(code="000000").status == 401
    code = sitter.code(1)
    assert sitter.login(code=code).path == "/desk"
    sitter.send("/desk/logout")
    assert sitter.login(code=code).status == 401, "a code that was seen over a shoulder"


def test_the_wrong_password_and_an_unknown_person_are_told_alike_and_not_for_ever(
    merchant: Merchant, ask: Ask[Any]
) -> None:
    sitter = seat_of(merchant, ask, "viewer")
    sitter.send("/desk/logout")
    wrong, unknown = sitter.login("not it at all"), sitter.login(email="nobody@example.com")
    assert wrong.status == unknown.status == 401
    assert wrong.html.replace(sitter.email, "") == unknown.html.replace("nobody@example.com", "")
    tries = [sitter.login("wrong again").status for _ in range(12)]
    assert tries[-1] == 429
    assert sitter.login().status == 429, "even with the right one, until a while has passed"


def test_a_form_of_another_site_does_nothing(
    merchant: Merchant, alice: Caller, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    _, bill = debtor
    sitter = seat_of(merchant, ask)
    for site in ("cross-site", "same-site", "none"):
        sitter.send(f"/desk/bills/{bill['id']}/void", site=site, press="x" * 22)
        assert sitter.send("/desk/login", site=site, email=sitter.email, password=PASSWORD).status == 403
    assert alice.get(f"/billing/bills/{bill['id']}").json()["status"] == "unpaid"
    assert audit_of(merchant, ask) == []


def test_nobody_sees_another_merchants_desk(
    merchant: Merchant, new_merchant: Callable[[], Merchant], ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    customer, bill = debtor
    stranger = seat_of(new_merchant(), ask)
    of_bill = f"bills/{bill['id']}"
    for path in (f"customers/{customer['id']}", of_bill, f"{of_bill}/pay", f"{of_bill}/void"):
        page = stranger.look(f"/desk/{path}")
        assert page.status == 404
        assert bill["external_reference"] not in page.text
    assert "Dlamini" not in stranger.look("/desk/customers?q=nomsa").text
    live = seat_of(merchant, ask, test=False)
    assert live.look(f"/desk/bills/{bill['id']}").status == 404
    assert "Test data" not in live.look().text


def test_a_session_is_ended_from_another_and_a_cookie_is_for_no_script(merchant: Merchant, ask: Ask[Any]) -> None:
    sitter = seat_of(merchant, ask, "viewer")
    other = Sitter(merchant.base, sitter.email)
    page = other.login()
    assert page.path == "/desk"
    fields = [one for form in sitter.look("/desk/you").forms for one in form]
    [session] = [one["value"] for one in fields if one.get("name") == "session"]
    sitter.send("/desk/you", session=str(session))
    assert other.look().path == "/desk/login"
    assert sitter.look().path == "/desk"
    answer = other.http.post(
        "/desk/login",
        data={"email": sitter.email, "password": PASSWORD},
        headers={"Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    policy = sitter.look().headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert sitter.look().headers["cache-control"] == "no-store"


def test_every_page_has_a_menu_a_title_and_one_first_heading(
    merchant: Merchant, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    customer, bill = debtor
    sitter = seat_of(merchant, ask)
    of_bill = f"bills/{bill['id']}"
    things = [f"customers/{customer['id']}", of_bill, f"{of_bill}/credit", f"{of_bill}/pay"]
    for path in ("", "/ageing", "/customers", "/audit", "/you", *(f"/{one}" for one in things)):
        page = sitter.look(f"/desk{path}")
        assert page.status == 200, path
        assert page.html.count("<h1") == 1, path
        assert "Log out" in page.text
        assert "style=" not in page.html
    assert "Statement of account" in sitter.look(f"/desk/customers/{customer['id']}/statement").text


def test_a_month_is_closed_and_its_folder_handed_over(
    merchant: Merchant, alice: Caller, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    viewer, sitter = seat_of(merchant, ask, "viewer"), seat_of(merchant, ask, "accountant")
    assert "Close these days" not in viewer.look("/desk/month").text
    assert viewer.send("/desk/month", through="2026-01-31").status == 403
    page = sitter.look("/desk/month")
    assert "Owed when the first day began" in page.text or "Nothing was closed yet" in page.text
    through = str(TODAY.replace(day=1) - timedelta(days=1))
    wrong = sitter.fill(page, through=str(TODAY + timedelta(days=40)))
    assert wrong.status == 422
    assert "must be a day that is over" in wrong.text
    closed = [sitter.fill(sitter.look("/desk/month"), through=through)]
    assert "Thandi" in closed[0].text
    [closing] = alice.everything("/billing/closings")
    assert closing["through"] == through
    assert closed[0].path == f"/desk/month/{closing['id']}"
    assert sitter.fill(sitter.look("/desk/month"), through=through).status == 422, "closed already"
    made = sitter.fill(closed[0])
    assert "It is being made" in made.text
    assert [operation for operation, _ in audit_of(merchant, ask)] == ["create_closing", "create_folder"]
    assert viewer.look(f"{closed[0].path}/folder").status == 403
    late = {"bill": debtor[1]["id"], "amount": 5, "currency": "ZAR", "external_reference": "LATE-1"}
    refused = alice.post("/billing/payments", late | {"paid_at": f"{through}T10:00:00Z"})
    assert refused.json()["code"] == "period_closed"


def test_support_changes_contact_data_and_sees_what_others_have_changed(
    merchant: Merchant, alice: Caller, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    customer, _ = debtor
    sitter = seat_of(merchant, ask, "support")
    there = f"/billing/customers/{customer['id']}"
    form = sitter.look(f"/desk/customers/{customer['id']}/contact")
    assert "+27821234567" in form.html
    assert alice.patch(there, {"name": "N. Dlamini"}).status_code == 200
    both = sitter.fill(form, phone="+27829999999")
    assert both.status == 422
    assert "It says now: N. Dlamini" in both.text
    assert "+27829999999" in both.html
    assert alice.get(there).json()["phone"] == "+27821234567"
    saved = sitter.fill(both, name="N. Dlamini", phone="")
    assert saved.path == f"/desk/customers/{customer['id']}"
    assert "phone" not in alice.get(there).json()
    assert [operation for operation, _ in audit_of(merchant, ask)] == ["update_customer"]


def test_support_makes_a_link_once_and_withdraws_it(
    merchant: Merchant, alice: Caller, ask: Ask[Any], debtor: tuple[Thing, Thing]
) -> None:
    customer, _ = debtor
    sitter = seat_of(merchant, ask, "support")
    path = f"/desk/customers/{customer['id']}/links"
    press = next(one["value"] for one in sitter.look(path).forms[2] if one.get("name") == "press")
    for _ in range(2):
        page = sitter.send(path, press=str(press))
    [link] = alice.everything("/billing/payment_links")
    assert link["url"] in page.text
    assert "Nothing" not in Page(sitter.http.get(link["url"])).answer
    gone = sitter.send(path, withdraw=link["id"])
    assert "It leads nowhere any more" in gone.text
    assert sitter.http.get(link["url"]).status_code == 404
    assert seat_of(merchant, ask, "viewer").look(path).status == 403
