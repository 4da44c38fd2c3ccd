"""Tenants of eight cells: what is promised of one cell holds in each, and none knows of another.

The journeys that are imported run as they stand. All is one file, so that what is started for it is started once.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import Desk, Merchant, make_merchant
from tests.journeys.burst import Answer, Shot, send_at_once
from tests.journeys.documented import FILTERS, NAMING_PATHS
from tests.journeys.eight_cells.conftest import CELLS
from tests.journeys.home import dues
from tests.journeys.journal import SOAK, Journal, keys_in
from tests.journeys.outgoing import Stage, register_customers, rename
from tests.journeys.own_database import database_url as url_of
from tests.journeys.own_database import rows_of, until
from tests.journeys.paying_journal import PayingJournal
from tests.journeys.receiver import FAILS, TAKEN, Receiver
from tests.journeys.test_feed import (
    Follower,
    hold_to_order,
    test_nobody_sees_another_ones_events,
    test_what_is_rolled_back_is_passed,
    test_who_stood_before_what_is_deleted_is_told,
    transaction,
)
from tests.journeys.test_idempotency_races import (
    Doors,
    inside,
    test_a_burst_of_everything_gives_each_its_own_answer,
    test_an_expired_key_carries_out_another_request_once,
    test_one_key_sent_at_once_is_carried_out_once,
    test_one_reference_under_many_keys_opens_one_account,
    test_who_waits_a_moment_for_another_gets_its_own_answer,
)
from tests.journeys.test_isolation import (
    Belongings,
    belongings,
    kept_belongings,
    test_a_body_does_not_find_it,
    test_a_cursor_fits_only_the_list_it_came_from,
    test_a_filter_does_not_find_it,
    test_a_path_does_not_find_it,
    test_a_reference_or_key_that_somebody_else_has_is_free,
)
from tests.journeys.test_killed import go_through_kills
from tests.journeys.test_payments_at_once import (
    test_of_twenty_payments_with_room_for_one_exactly_one_is_taken,
    test_payments_spread_over_the_same_bills_at_once_fill_them_in_order,
    test_whatever_meets_whatever_nobody_is_told_of_a_deadlock,
    tills,
)
from tests.journeys.test_webhooks import carol, test_a_mode_and_a_merchant_are_sent_their_own_alone
from tests.journeys.tills import Tills, Wish, outcomes, patch, pay, reverse
from tests.journeys.victim import Victim
from tests.resources.test_groups import (
    tenants,
    test_changes_of_one_group_each_change_their_own,
    test_what_is_made_in_one_group_belongs_to_whoever_made_it,
)
from tests.running import Caller, RunningServer, new_key, new_reference


@pytest.fixture
def doors(server: RunningServer, second_server: RunningServer, merchant: Merchant) -> Doors:
    """Two servers on the same database."""
    return Doors([server.base, second_server.base], merchant.key())


@pytest.fixture(scope="module")
def victim(desk: Desk, server: RunningServer, cells: int) -> Iterator[Belongings]:
    """Somebody whose belongings are the same after all tests."""
    yield from kept_belongings(make_merchant(desk, server, cells).caller())


@pytest.fixture(scope="module")
def intruder(desk: Desk, server: RunningServer, cells: int, victim: Belongings) -> Caller:
    """Somebody of another cell with a good key and belongings of their own."""
    assert victim
    return belongings(make_merchant(desk, server, cells).caller()).caller


def cells_of(url: str, merchants: Sequence[Merchant]) -> list[int]:
    """In which cell each is; its two modes share one."""
    query = "select merchant_id, array_agg(cell) as cells from tenants group by 1 having count(distinct cell) = 1"
    found = {row["merchant_id"]: row["cells"][0] for row in rows_of(url, query)}
    return [found[merchant.id] for merchant in merchants]


def test_merchants_are_spread_over_all_cells(database_url: str, merchants: list[Merchant]) -> None:
    assert sorted(cells_of(database_url, merchants)) == list(range(1, CELLS + 1))


def test_what_is_made_by_command_is_spread_too(database_url: str, merchants: list[Merchant]) -> None:
    before = Counter(row["cell"] for row in rows_of(database_url, "select cell from tenants"))
    assert dues("merchants", "create", "One more", database_url=database_url, cells=str(CELLS)).returncode == 0
    after = Counter(row["cell"] for row in rows_of(database_url, "select cell from tenants"))
    [cell] = after - before
    assert before[cell] == min(before.values())


# All cells at once ------------------------------------------------------------------------------------------------


def test_the_same_keys_and_references_in_all_cells_at_once(
    server: RunningServer, second_server: RunningServer, merchants: list[Merchant]
) -> None:
    account, eft = new_reference("UAR"), new_reference("EFT")
    for merchant in merchants:
        assert merchant.caller().open_account(external_reference=account, currency="ZAR", balance=10**6).is_success
    keys = [new_key() for _ in range(4)]
    shots: list[tuple[int, Shot]] = []
    for number, merchant in enumerate(merchants):
        adjust = {"amount": 10 + number, "reason": "x"}
        payment = {"external_reference": eft, "account": account, "amount": 1000 + number, "currency": "ZAR"}
        for base in (server.base, second_server.base):
            secret = merchant.key()
            path = f"/billing/accounts/{account}/adjustments"
            shots += [(number, Shot(base, secret, adjust, key, path)) for key in keys]
            shots += [(number, Shot(base, secret, payment, path="/billing/payments"))]
    random.shuffle(shots)
    answers = send_at_once([shot for _, shot in shots])
    for number, merchant in enumerate(merchants):
        mine = [(shot, answer) for (whose, shot), answer in zip(shots, answers, strict=True) if whose == number]
        adjusted = [answer for shot, answer in mine if shot.key in keys]
        assert {(answer.status, answer.json["amount"]) for answer in adjusted} == {(201, 10 + number)}
        assert Counter(answer.replayed for answer in adjusted) == {False: len(keys), True: len(keys)}
        paid = outcomes([answer for shot, answer in mine if shot.key not in keys])
        assert paid == {(201, None): 1, (409, "external_reference_taken"): 1}
        shown = merchant.caller().get(f"/billing/accounts/{account}").json()
        assert shown["balance"] == 10**6 + len(keys) * (10 + number) - (1000 + number)


@pytest.mark.slow
def test_the_feed_and_webhooks_of_all_cells_come_in_order(outgoing: Stage, receiver: Receiver) -> None:
    dice = random.Random(7)
    merchants = [outgoing.new_merchant() for _ in range(CELLS)]
    assert len(set(cells_of(outgoing.url, merchants))) == CELLS
    callers = [merchant.caller() for merchant in merchants]
    for number, caller in enumerate(callers):
        receiver.register(caller, f"/{number}", lambda _: FAILS if dice.random() < 0.1 else TAKEN)
    with Follower(callers[0], wait=1) as first, Follower(callers[-1], wait=1) as last, outgoing.hurrying(600, 0.3):
        customers = [register_customers(caller, 3) for caller in callers]
        for turn in range(3):
            for caller, own in zip(callers, customers, strict=True):
                rename(caller, own[turn])
                rename(caller, own[0])
        for number in range(CELLS):
            receiver.wait_for(f"/{number}", 9)
        until(lambda: len(first.seen) == len(last.seen) == 9)
    feeds = [caller.everything("/billing/events", order="oldest_first") for caller in callers]
    assert [first.seen, last.seen] == [feeds[0], feeds[-1]]
    for number, (seen, own) in enumerate(zip(feeds, customers, strict=True)):
        assert {one["object_id"] for one in seen} == set(own)
        assert receiver.ids(f"/{number}") == {one["id"] for one in seen}
        assert len(seen) == 9
        hold_to_order(seen)
        receiver.hold_to_order(f"/{number}")


# The same tenant's number in another cell --------------------------------------------------------------------------


class Double:
    """All that a tenant has once more, under its number, in the next cell: as no statement of ours could leave it.

    It says of itself that it is older, further in its ledger and its events, and has other rules.
    """

    def __init__(self, url: str, merchant: Merchant) -> None:
        self._url = url
        query = "select id, cell from tenants where merchant_id = $1 and mode = 'test'"
        [tenant] = rows_of(url, query, merchant.id)
        self.tenant: int = tenant["id"]
        self.cell: int = tenant["cell"] % CELLS + 1
        self.tables = [
            row["table_name"]
            for row in rows_of(url, "select table_name from information_schema.columns where column_name = 'cell'")
            if row["table_name"] != "tenants"
        ]

    @contextmanager
    def there(self) -> Iterator[None]:
        """Made on entry, gone on exit; nobody has changed it, or waited for whoever holds it."""
        changed = """jsonb_build_object(
            'cell', $2::integer, 'number', 100 + (j ->> 'number')::bigint, 'created_at', '2101-01-01',
            'sequence', 100 + (j ->> 'sequence')::bigint, 'metadata', '{"made": "twice"}'::jsonb)
            || case when j ? 'kind' and j ? 'payment_rules' then '{"payment_rules": {"min_amount": 999999999,
            "max_amount": 999999999, "underpayment_allowed": false, "overpayment_allowed": false}}' else '{}'::jsonb end
        """
        for table in self.tables:
            self._run(
                f"insert into {table} select (jsonb_populate_record(null::{table}, j || {changed})).*"
                f"  from (select to_jsonb(t) as j from {table} t where tenant_id = $1 and cell <> $2) as own"
            )
        before = self._rows()
        try:
            with transaction(self._url) as run:
                for table in self.tables:
                    run(f"select 1 from {table} where tenant_id = $1 and cell = $2 for update", self.tenant, self.cell)
                yield
            assert self._rows() == before
        finally:
            for table in self.tables:
                self._run(f"delete from {table} where tenant_id = $1 and cell = $2")

    def _run(self, statement: str) -> None:
        # Without foreign keys, and without what keeps entries from being deleted.
        rows_of(self._url + "&options=-csession_replication_role%3Dreplica", statement, self.tenant, self.cell)

    def _rows(self) -> list[Any]:
        query = "select to_jsonb(t)::text as j from {} t where tenant_id = $1 and cell = $2 order by 1"
        found = [rows_of(self._url, query.format(table), self.tenant, self.cell) for table in self.tables]
        assert sum(map(bool, found)) >= 8, "it has something of nearly every sort"
        return found


def all_shown(owned: Belongings) -> list[Any]:
    """Every read that the document knows, of everything by all its names."""
    paths = [
        path.replace(f"{{{noun}}}", quote(name, safe=""))
        for method, path in NAMING_PATHS
        for noun in [path.partition("{")[2].partition("}")[0]]
        if noun not in ("import", "export")  # which go on by themselves
        and not path.endswith("/folder")  # which nobody has had made
        for name in owned.names(noun)
        if method == "get"
    ]
    paths += sorted({path for path, _ in FILTERS})
    answers = [owned.caller.get(path) for path in paths]
    assert not [(a.request.url.path, a.text[:200]) for a in answers if not a.is_success]
    return [(path, answer.json()) for path, answer in zip(paths, answers, strict=True)]


def at_once_under_locks(url: str, tenant: int, cell: int, tills: Tills, wish: Wish) -> list[Answer]:
    """What both processes answer that are held up until both have read, so that one is second, and locks what it
    changes. `cell` is that of the double."""
    with ThreadPoolExecutor(1) as elsewhere:
        with transaction(url) as run:
            run("select 1 from accounts where tenant_id = $1 and cell <> $2 for update", tenant, cell)
            answers = elsewhere.submit(tills.at_once, wish, wish)
            waiting = "select count(distinct pid) as n from pg_locks where not granted"
            until(lambda: rows_of(url, waiting)[0]["n"] == 2)
        return answers.result()


def test_what_is_under_a_tenants_number_in_another_cell_is_nobodys(
    database_url: str, tills: Tills, merchant: Merchant
) -> None:
    owned = belongings(merchant.caller())
    account, bill = (f"/billing/{noun}s/{owned.objects[noun]['id']}" for noun in ("account", "bill"))
    shown = all_shown(owned)
    adjust = Wish(f"{account}/adjustments", {"amount": 5, "reason": "x"})
    double = Double(database_url, merchant)
    with double.there():
        assert all_shown(owned) == shown
        for _ in range(3):
            answers = tills.at_once(*[adjust] * 6, pay(500, bill=owned.objects["bill"]["id"]), patch(account, name="N"))
            assert {answer.status for answer in answers} <= {200, 201}, outcomes(answers)
        assert outcomes(at_once_under_locks(database_url, double.tenant, double.cell, tills, adjust)) == {
            (201, None): 2
        }
        [undone] = tills.at_once(reverse(owned.objects["payment"]["id"]))
        assert undone.status == 200
        assert owned.caller.get(account).json()["balance"] == owned.objects["account"]["balance"] + 20 * 5
        assert owned.caller.get(bill).json()["amount_paid"] == owned.objects["bill"]["amount_paid"] + 3 * 500 - 500
        events = owned.caller.everything("/billing/events", order="oldest_first")
    hold_to_order(events)
    assert len(owned.caller.everything(f"{account}/entries")) == 1 + 20


# The books ----------------------------------------------------------------------------------------------------------


def test_what_is_wrong_in_any_cell_is_found(database_url: str, merchants: list[Merchant]) -> None:
    accounts = [merchant.caller().open_account(currency="ZAR", balance=7).json()["id"] for merchant in merchants]

    def verified() -> tuple[int, Any]:
        done = dues("verify", "--json", database_url=database_url)
        return done.returncode, {one["object_id"] for one in json.loads(done.stdout)["findings"]}

    rows_of(database_url, "update accounts set balance = 8 where id = any($1)", accounts)
    try:
        assert verified() == (1, set(accounts))
    finally:
        rows_of(database_url, "update accounts set balance = 7 where id = any($1)", accounts)
    assert verified() == (0, set())


# Killed -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.soak
def test_what_was_acknowledged_in_any_cell_is_there_once_after_all_is_killed(folder: Path) -> None:
    made = Victim(folder, cells=str(CELLS))
    try:
        secrets = [keys_in(made.server.start())["test", "secret"]]
        others = Stage(made.server, made.data, CELLS)
        secrets += [others.new_merchant().key() for _ in range(CELLS - 1)]
        journals: list[Journal] = []
        for number, secret in enumerate(secrets):
            journal = Journal(secret) if number % 2 else PayingJournal(secret)
            if isinstance(journal, PayingJournal):
                journal.move_in(made.server.base, homes=1)
            else:
                journal.register_customer(made.server.base)
            journals.append(journal)
        assert len(rows_of(others.url, "select distinct cell from accounts")) == CELLS
        go_through_kills(made, [made.kill_everything, made.kill_server], 20 if SOAK else 1, dict.fromkeys(journals, 1))
        for journal in journals:
            journal.hold_to(made.server.base, url_of(made.data))
    finally:
        if made.server.process and made.server.process.poll() is None:
            made.server.stop()
