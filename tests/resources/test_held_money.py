"""Held money, refunds and credits on bad days: strangers, repeated keys, stale tags, limited keys; and what is told."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from dues.commands.carry_out import Group
from dues.db.database import Database
from dues.resources.bills.overdue.tell import BATCH_SIZE, tell_of_overdue
from dues.resources.kinds import KINDS
from dues.tenants import store
from dues.tenants.keys import NewKey, Restrictions, generate
from dues.work.group_commit import GroupCommit
from tests.conftest import Ask, Merchant
from tests.resources.payments.holding import apply, credit, refund, represent, reverse_credit, unapply
from tests.resources.payments.paying import (
    Event,
    events,
    new_bill,
    new_collector,
    pay,
    refused,
    reverse,
    shown,
)
from tests.running import Caller, new_key, new_reference

Thing = dict[str, Any]

Doing = Callable[..., httpx.Response]


def held(alice: Caller) -> tuple[Thing, Thing, Thing]:
    """A bill of 10.00 that a payment of 20.00 has paid, that payment, and another open bill of 10.00."""
    bill, other = new_bill(alice, amount_due=1_000), new_bill(alice, amount_due=1_000)
    return bill, pay(alice, bill=bill["id"], amount=2_000, rest="hold").json(), other


def doings(bill: Thing, payment: Thing, other: Thing) -> dict[str, tuple[Thing, Callable[..., httpx.Response]]]:
    """What can be done with them: to what, and how."""
    refunded, credited = new_reference("RF"), new_reference("CN")
    return {
        "apply": (
            payment,
            lambda c, *key, **more: apply(c, payment, *key, parts=[{"bill": other["id"], "amount": 300}], **more),
        ),
        "unapply": (payment, lambda c, *key, **more: unapply(c, payment, *key, bill=bill["id"], amount=300, **more)),
        "refund": (payment, lambda c, *key, **more: refund(c, payment, 300, *key, external_reference=refunded, **more)),
        "credit": (bill, lambda c, *key, **more: credit(c, bill, 300, *key, external_reference=credited, **more)),
        "reverse credit": (bill, lambda c, *key, **more: reverse_credit(c, bill, {"id": credited}, *key, **more)),
    }


def test_each_is_done_once_whatever_is_sent_again_and_only_if_all_is_as_it_was_seen(alice: Caller) -> None:
    for of, do in doings(*held(alice)).values():
        tag = alice.get(f"/billing/{'bills' if of['id'].startswith('bill_') else 'payments'}/{of['id']}").headers[
            "etag"
        ]
        assert refused(do(alice, if_match='"old"')) == (412, "etag_mismatch")
        key = new_key()
        first = do(alice, key, if_match=tag)
        assert first.status_code in (200, 201), first.text
        again = do(alice, key)
        assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
        assert refused(do(alice, if_match=tag)) == (412, "etag_mismatch")


def test_strangers_and_collectors_do_nothing_of_it(
    alice: Caller, mallory: Caller, merchant: Merchant, ask: Ask[NewKey]
) -> None:
    things = held(alice)
    assert credit(alice, things[0], 100).status_code == 201
    before = [shown(alice, thing) for thing in things]
    for of, do in doings(*things).values():
        noun = "bill" if of["id"].startswith("bill_") else "payment"
        for stranger in (mallory, merchant.caller("live")):
            assert refused(do(stranger)) == (404, f"{noun}_not_found")
        for shut in (merchant.caller(kind="public"), new_collector(ask, merchant).caller):
            assert refused(do(shut)) == (403, "secret_key_required")
    for below in (f"bills/{things[0]['id']}/credits", f"payments/{things[1]['id']}/refunds"):
        assert alice.get(f"/billing/{below}").status_code == 200
        assert mallory.get(f"/billing/{below}").status_code == 404
    assert [shown(alice, thing) for thing in things] == before


def test_a_collector_brings_again_what_it_brought_and_nothing_of_others(
    alice: Caller, merchant: Merchant, ask: Ask[NewKey]
) -> None:
    till, bill = new_collector(ask, merchant).caller, new_bill(alice)
    own, hers = pay(till, bill=bill["id"]).json(), pay(alice, bill=bill["id"]).json()
    standing = represent(till, hers, bill=bill["id"], external_reference=new_reference("EFT"))
    for payment in (own, hers):
        reverse(alice, payment["id"])
    bounced = represent(till, hers, bill=bill["id"], external_reference=new_reference("EFT"))
    missing = pay(till, bill=bill["id"], represents="pay_nothing")
    assert {refused(answer) for answer in (standing, bounced, missing)} == {(404, "payment_not_found")}
    assert represent(till, own, bill=bill["id"]).status_code == 201


@pytest.mark.parametrize(
    ("what", "amount"), [("apply", 300), ("unapply", 300), ("refund", 300), ("credit", 300), ("reverse credit", 300)]
)
def test_what_it_moves_counts_once_against_what_a_key_may(
    alice: Caller, merchant: Merchant, ask: Ask[NewKey], what: str, amount: int
) -> None:
    things = held(alice)
    todo = doings(*things)
    if what == "reverse credit":
        assert todo["credit"][1](alice).status_code == 201

    def limited(most: int) -> Caller:
        async def insert(database: Database) -> NewKey:
            now = datetime.now(UTC)
            key = generate("test", "secret", now)
            tenants = await store.find_tenants(database, merchant.id)
            async with database.transaction() as tx:
                await store.insert_keys(tx, {"test": tenants["test"][0]}, [key], now)
                await store.save_restrictions(tx, key.id, None, Restrictions(max_per_day=most))
                await tx.commit()
            return key

        return Caller(merchant.base, ask(insert).secret)

    do = todo[what][1]
    assert refused(do(limited(amount - 1))) == (403, "daily_limit_reached")
    clerk = limited(amount)
    assert do(clerk).status_code in (200, 201)
    assert refused(unapply(clerk, things[1], bill=things[0]["id"], amount=1)) == (403, "daily_limit_reached")


def test_each_step_is_told_once_and_in_order(alice: Caller, ask: Ask[list[Event]]) -> None:
    bill, payment, other = held(alice)
    todo = doings(bill, payment, other)
    for what in ("apply", "unapply", "refund", "credit", "reverse credit"):
        assert todo[what][1](alice).status_code in (200, 201)
    reverse(alice, payment["id"])
    again = represent(alice, payment, bill=bill["id"], rest="hold").json()

    feed = alice.everything("/billing/events", limit=100)[::-1]
    told = [one["type"] for one in feed if one["data"]["id"] == payment["id"]]
    assert told == [
        "payment.unapplied",  # it came with more than the bill takes
        "payment.applied",
        "payment.unapplied",
        "payment.refunded",
        "payment.reversed",
        "payment.represented",
    ]
    assert events(ask, payment["id"])[-1][2] == shown(alice, payment)
    applied = [one["data"] for one in feed if one["type"] == "obligation.amount_applied"]
    assert [(one["payment_id"], one["amount"]) for one in applied] == [
        (payment["id"], 1_000),
        (payment["id"], 300),
        (again["id"], 1_000),
    ]
    credited = [(one["type"], one["data"]["amount"]) for one in feed if one["type"].startswith("bill.credit")]
    assert credited == [("bill.credited", 300), ("bill.credit_reversed", 300)]
    assert [one["data"].get("bill_id") for one in feed if one["type"].startswith("bill.credit")] == [bill["id"]] * 2


def test_a_bill_that_is_not_paid_is_overdue_once_whoever_looks(
    alice: Caller, ask: Ask[Any], new_merchant: Callable[[], Merchant]
) -> None:
    """Two servers look at once, and a merchant whose time zone they do not know keeps nobody waiting."""
    statement = "update merchants set time_zone = 'Nowhere/Yet' where id = $1"
    elsewhere = new_merchant().id
    ask(lambda database: database.rows(statement, elsewhere))
    dates = {"bill_date": "2026-01-01", "due_date": "2026-01-31"}
    late, paid, voided = (new_bill(alice, amount_due=1_000, **dates) for _ in range(3))
    later = new_bill(alice, due_date="2199-12-31")
    pay(alice, bill=paid["id"], amount=1_000)
    alice.post(f"/billing/bills/{voided['id']}/void", {})
    soon = new_bill(alice, amount_due=1_000, due_date=str(datetime.now(UTC).date() + timedelta(days=20)))

    async def tell(database: Database) -> None:
        servers = [GroupCommit(database, Group(KINDS, timedelta(days=1)).carry_out) for _ in range(2)]
        for cell in await store.list_cells(database):
            while BATCH_SIZE in await asyncio.gather(
                *(tell_of_overdue(database, server.submit, cell) for server in servers)
            ):
                pass

    for _ in range(2):
        ask(tell)
    told = {
        bill["id"]: [data for name, _, data in events(ask, bill["id"]) if name == "bill.overdue"]
        for bill in (late, paid, voided, later, soon)
    }
    assert told == {late["id"]: [late], paid["id"]: [], voided["id"]: [], later["id"]: [], soon["id"]: []}
    assert [name for name, *_ in events(ask, late["id"])] == ["bill.created", "bill.overdue"]
    assert shown(alice, late) == late

    assert alice.post("/billing/test_clock/advance", {"seconds": 22 * 86_400}).status_code == 200
    ask(tell)
    for bill in (late, soon):
        assert [name for name, *_ in events(ask, bill["id"])] == ["bill.created", "bill.overdue"]
    assert pay(alice, bill=late["id"], amount=1_000).status_code == 201, "it can be paid as before"
