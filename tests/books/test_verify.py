"""`dues verify` proves the books, and names what is wrong with them."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from dues.books.verify import Finding, Progress, verify
from dues.db.embedded import EmbeddedPostgres
from tests.clusters import Template
from tests.journeys.home import dues
from tests.journeys.journal import keys_in
from tests.running import Caller, RunningServer


class Books:
    """A database of its own, with a little of everything in it."""

    def __init__(self, data: Path, log: Path) -> None:
        self.data = data
        server = RunningServer(data=data, log=log)
        printed = server.start()
        try:
            self._write(Caller(server.base, keys_in(printed)["test", "secret"]))
        finally:
            server.stop()

    def _write(self, caller: Caller) -> None:
        for number in range(5):
            account = caller.open_account(currency="ZAR", balance=100 * number).json()
            path = f"/billing/accounts/{account['id']}"
            caller.post(f"{path}/adjustments", {"amount": 7, "reason": "Fee"})
            caller.patch(path, {"balance": 50})
            bill = caller.make_bill(account=account["id"]).json()
            caller.patch(f"/billing/bills/{bill['id']}", {"amount_paid": 150_000 if number else 1})
        voided = caller.make_bill().json()
        caller.post(f"/billing/bills/{voided['id']}/void", {})
        owing = caller.open_account(currency="ZAR", balance=900, external_reference="owing").json()
        bills = [caller.make_bill(account=owing["id"]).json() for _ in range(2)]
        for number, bill in enumerate(bills):
            body = {"external_reference": f"EFT-{number}", "amount": 500, "currency": "ZAR", "bill": bill["id"]}
            caller.post("/billing/payments", body)
        caller.post("/billing/payments/EFT-1/reverse", {"reason": "bounced"})
        caller.patch(f"/billing/bills/{bills[0]['id']}", {"amount_paid": 501})
        spread = {"external_reference": "EFT-2", "amount": 300_300, "currency": "ZAR", "allocation": "oldest_due_first"}
        assert caller.post("/billing/payments", spread | {"account": "owing"}).status_code == 201
        untracked = caller.register_customer(currency="ZAR", balance=3).json()
        caller.patch(f"/billing/customers/{untracked['id']}", {"balance": None})

    def findings(self, *tampering: str) -> list[Finding]:
        """What is found after `tampering` with the rows by hand."""
        with self.opened() as url:
            return asyncio.run(_findings(url, tampering))

    @contextmanager
    def opened(self) -> Iterator[str]:
        """The URL of the database, which runs meanwhile."""
        embedded = EmbeddedPostgres(self.data)
        url = embedded.open()
        try:
            yield url
        finally:
            embedded.close()


CONSTRAINTS = "select conrelid::regclass::text, conname from pg_constraint where contype = 'c' and conrelid <> 0"


async def _findings(url: str, tampering: tuple[str, ...]) -> list[Finding]:
    # On a copy: each test breaks its own.
    connection = await asyncpg.connect(url)
    await connection.execute("drop database if exists broken")
    await connection.execute("create database broken template postgres")
    await connection.close()
    broken = url.replace("@/postgres", "@/broken")
    connection = await asyncpg.connect(broken)
    try:
        # Somebody who means it: triggers, foreign keys and constraints are out of the way.
        await connection.execute("set session_replication_role = replica")
        for table, constraint in await connection.fetch(CONSTRAINTS):
            await connection.execute(f"alter table {table} drop constraint {constraint}")
        for statement in tampering:
            assert (await connection.execute(statement)).split()[-1] != "0", "the test tampers with nothing"
    finally:
        await connection.close()
    return [finding async for finding in verify(broken, Progress(), lambda _: None)]


@pytest.fixture(scope="module")
def books(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Books that are right."""
    folder = tmp_path_factory.mktemp("books")
    return Books(template.copy_to(folder / "data"), folder / "log")


def test_books_that_are_right_have_nothing_wrong(books: Books) -> None:
    assert books.findings() == []


LAST = "(tenant_id, owner_id, number) = (select tenant_id, owner_id, number from entries where number = 3 limit 1)"
FIRST = "(tenant_id, owner_id, number) = (select tenant_id, owner_id, number from entries where number = 1 limit 1)"


PAID = "payment_id = (select id from payments where external_reference = 'EFT-0')"
PAID_BILL = f"select owner_id from payment_applications where {PAID}"
REVERSED = "external_reference = 'EFT-1'"
EFT_2 = "(select id from payments where external_reference = 'EFT-2')"


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        (f"update entries set amount = amount + 1 where {FIRST}", "was altered"),
        (f"update entries set reason = 'Nothing to see here' where {LAST}", "was altered"),
        (f"update entries set created_at = created_at + interval '1 microsecond' where {LAST}", "was altered"),
        (f"update entries set request_id = 'req_other' where {LAST}", "was altered"),
        (f"update entries set balance_after = 7 where {LAST}", "7, but 7 +43 does not"),
        (f"delete from entries where {FIRST}", "entry 1 is missing"),
        (f"delete from entries where {LAST}", "but its entries come to"),
        ("update accounts set balance = balance + 1 where id = (select min(id) from accounts)", "its entries come to"),
        ("update accounts set currency = 'USD' where id = (select min(id) from accounts)", "its entries come to"),
        ("update customers set balance = 0, currency = 'ZAR' where currency is null", "but no entries"),
        ("update accounts set balance = null where id = (select min(id) from accounts)", "tracks no balance"),
        ("update bills set amount_paid = 2 where amount_paid = 1", "says 2 was paid"),
        ("delete from bills where amount_paid = 1", "does not exist"),
        ("update payments set amount = amount + 1 where external_reference = 'EFT-0'", "but 500 was applied"),
        (f"update payments set status = 'applied' where {REVERSED}", "but its entries say 1 times 0"),
        (f"delete from payment_applications where {PAID}", "which was not applied to it"),
        (f"update payment_applications set amount = 499 where {PAID}", "has 499 of the payment"),
        (f"update entries set payment_id = null, kind = 'adjustment' where {PAID}", "but its entries say 0 times 0"),
        (f"update bills set amount_paid = 502 where id in ({PAID_BILL})", "its manual records to"),
        (
            f"delete from events where type = 'obligation.amount_applied' and object_id in {EFT_2}",
            "no event says that it",
        ),
        (
            f"update events set type = 'no' where id in (select max(id) from events where object_id in {EFT_2})",
            "events say so",
        ),
        ("delete from events where type = 'account.created'", "no event says that it was created"),
        ("update events set sequence = sequence + 1 where type = 'bill.voided'", "numbered 3 after 1"),
        ("update events set position = -position where type = 'bill.voided'", "after 1, but before it in the feed"),
        ("update events set object_id = 'bacc_gone' where type = 'bill.voided'", "but does not exist"),
    ],
)
def test_what_was_altered_by_hand_is_found_and_named(books: Books, tampering: str, says: str) -> None:
    findings = books.findings(tampering)
    assert says in "\n".join(finding.detail for finding in findings)
    assert all(re.match(r"(bacc|bcus|bill|pay)_", finding.object_id) for finding in findings)


ERASE = """
update entries
   set digest = sha256(salt || convert_to(concat(
           '[', coalesce(to_json(reason)::text, 'null'), ',', coalesce(to_json(idempotency_key)::text, 'null'), ',',
           coalesce(to_json(external_reference)::text, 'null'), ']'), 'utf8')),
       reason = null, idempotency_key = null, external_reference = null, salt = null
"""

ALTERED = (
    "id = 'ent_other'",
    "kind = 'closing'",
    "currency = 'USD'",
    "amount = amount + 1",
    "balance_after = balance_after + 1",
    "reason = 'Nothing to see here'",
    "request_id = 'req_other'",
    "idempotency_key = 'other'",
    "payment_id = 'pay_other'",
    "created_at = created_at + interval '1 microsecond'",
    "hash = sha256(hash)",
    "actor = null",
    "actor = 'key_other'",
    "external_reference = 'other'",
    "salt = substr(hash, 1, 16)",
    "salt = null",
    "digest = sha256(hash)",
    "version = 1",
    "version = 3",
)


def test_texts_that_are_erased_leave_the_books_right(books: Books) -> None:
    assert books.findings(ERASE) == []


@pytest.mark.parametrize("before", [(), (ERASE,)], ids=["as written", "erased"])
def test_no_column_of_an_entry_can_be_altered(books: Books, before: tuple[str, ...]) -> None:
    """Each of another entry, in one database."""
    changes = [change for change in ALTERED if not (before and change == "salt = null")]
    tampering = [
        f"update entries set {change} where (owner_id, number) = (select owner_id, number from entries "
        f"order by owner_id, number offset {position} limit 1)"
        for position, change in enumerate(changes)
    ]
    found = [finding for finding in books.findings(*before, *tampering) if "was altered" in finding.detail]
    # An entry is altered, too, where the hash is that is before it.
    assert len({(one.object_id, one.detail) for one in found}) in (len(changes), len(changes) + 1)


def test_an_altered_entry_cannot_be_healed_by_its_own_hash(books: Books) -> None:
    """Whoever recomputes one hash must recompute all that follow; that is the point of the chain."""
    forged = f"update entries set amount = amount + 1, hash = sha256(hash) where {FIRST}"
    assert len([finding for finding in books.findings(forged) if "was altered" in finding.detail]) >= 2


def test_the_database_itself_refuses_to_change_an_entry(books: Books) -> None:
    async def attempt(url: str, statement: str) -> None:
        connection = await asyncpg.connect(url)
        try:
            with pytest.raises(asyncpg.RaiseError, match="immutable"):
                await connection.execute(statement)
        finally:
            await connection.close()

    with books.opened() as url:
        for statement in ("update entries set amount = 1", "delete from entries", "truncate entries"):
            asyncio.run(attempt(url, statement))


def test_the_command_reports_and_exits_by_what_it_finds(books: Books) -> None:
    right = dues("verify", "--data", str(books.data), "--json")
    assert (right.returncode, json.loads(right.stdout)["wrong"]) == (0, 0)
    assert json.loads(right.stdout)["entries"] > 10
    with books.opened() as url:
        asyncio.run(_findings(url, ("delete from events",)))
        wrong = dues("verify", database_url=url.replace("@/postgres", "@/broken"))
    assert wrong.returncode == 1
    assert wrong.stdout.count("WRONG") > 5
    assert "Traceback" not in wrong.stderr
