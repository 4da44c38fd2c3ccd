"""`dues verify` proves the books, and names what is wrong with them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from dues.books.verify import Finding, Notice, Progress, list_notices, verify
from dues.db.embedded import EmbeddedPostgres
from dues.domain.entries import Cause, Chain, Head
from tests.books.filling import fill
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
            fill(Caller(server.base, keys_in(printed)["test", "secret"]))
        finally:
            server.stop()

    def findings(self, *tampering: str) -> list[Finding]:
        """What is found after `tampering` with the rows by hand."""
        with self.tampered(*tampering) as url:
            return asyncio.run(_findings(url))

    def notices(self, *tampering: str) -> list[Notice]:
        """What somebody should look at then."""
        with self.tampered(*tampering) as url:
            return asyncio.run(list_notices(url))

    @contextmanager
    def opened(self) -> Iterator["Books"]:
        """While its database runs, with a copy in which all may be broken that is mended again."""
        embedded = EmbeddedPostgres(self.data)
        self.url = embedded.open()
        try:
            asyncio.run(_copy(self.url))
            yield self
        finally:
            embedded.close()

    @contextmanager
    def tampered(self, *tampering: str) -> Iterator[str]:
        """The URL of the copy, after `tampering` with it."""
        broken = _broken(self.url)
        tables = {
            found[1] for one in tampering if (found := re.search(r"(?:update|delete from|insert into) (\w+)", one))
        }
        try:
            asyncio.run(_tamper(broken, tampering))
            yield broken
        finally:
            asyncio.run(_mend(broken, tables))


CONSTRAINTS = "select conrelid::regclass::text, conname from pg_constraint where contype = 'c' and conrelid <> 0"

TABLES = "select tablename from pg_tables where schemaname = 'public'"


def _broken(url: str) -> str:
    return url.replace("@/postgres", "@/broken")


@asynccontextmanager
async def _by_hand(url: str) -> AsyncIterator[Any]:
    """Somebody who means it: triggers and foreign keys are out of the way."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("set session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


async def _copy(url: str) -> None:
    async with _by_hand(url) as connection:
        await connection.execute("create database broken template postgres")
    async with _by_hand(_broken(url)) as connection:
        for table, constraint in await connection.fetch(CONSTRAINTS):
            await connection.execute(f"alter table {table} drop constraint {constraint}")
        await connection.execute("drop index payments_reference_is_unique")
        await connection.execute("create schema saved")
        for (table,) in await connection.fetch(TABLES):
            await connection.execute(f"create table saved.{table} as table public.{table}")


async def _tamper(url: str, tampering: tuple[str, ...]) -> None:
    async with _by_hand(url) as connection:
        for statement in tampering:
            assert (await connection.execute(statement)).split()[-1] != "0", "the test tampers with nothing"


async def _mend(url: str, tables: set[str]) -> None:
    async with _by_hand(url) as connection:
        for table in tables:
            restored = f"insert into {table} overriding system value table saved.{table}"
            await connection.execute(f"delete from {table}; {restored}")


async def _findings(url: str) -> list[Finding]:
    return [finding async for finding in verify(url, Progress(), lambda _: None)]


@pytest.fixture(scope="module")
def books(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """Books that are right."""
    folder = tmp_path_factory.mktemp("books")
    with Books(template.copy_to(folder / "data"), folder / "log").opened() as books:
        yield books


def test_books_that_are_right_have_nothing_wrong(books: Books) -> None:
    assert books.findings() == []


EARLIEST = "(select min(owner_id) from entries where owner_id like 'bacc%')"
FIRST = f"owner_id = {EARLIEST} and number = 1"
LAST = f"owner_id = {EARLIEST} and number = 3"


PAID = "payment_id = (select id from payments where external_reference = 'EFT-0')"
PAID_BILL = f"select owner_id from payment_applications where {PAID}"
REVERSED = "external_reference = 'EFT-1' and status = 'reversed'"
EFT_2 = "(select id from payments where external_reference = 'EFT-2')"


def of(payment: str) -> str:
    """What belongs to a payment, by its reference."""
    return f"payment_id = (select id from payments where external_reference = '{payment}')"


def on(bill: str) -> str:
    """What belongs to a bill, by its reference."""
    return f"bill_id = (select id from bills where external_reference = '{bill}')"


HELD = "external_reference = 'EFT-HELD'"
CREDITED = "external_reference = 'credited'"
CN_1 = "external_reference = 'CN-1'"
COMES_AGAIN = "external_reference = 'EFT-1' and status = 'applied'"


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
        ("update bills set amount_paid = 2 where amount_paid = 1", "says 2 ZAR is settled"),
        ("delete from bills where amount_paid = 1", "does not exist"),
        (
            "update payments set amount = amount + 1 where external_reference = 'EFT-0'",
            "is a payment of 501 (applied), but 500 is applied, 0 held",
        ),
        (
            f"update payments set status = 'applied' where {REVERSED}",
            "0 reversed in 0, but its entries say 500 in 1, 0 and 500 in 1",
        ),
        (f"delete from payment_applications where {PAID}", "which was not applied to it"),
        (f"update payment_applications set amount = 499 where {PAID}", "has 499 of the payment"),
        (f"update entries set payment_id = null, kind = 'adjustment' where {PAID}", "but its entries say 0 in 0"),
        (
            f"update bills set amount_paid = 502 where id in ({PAID_BILL})",
            "502 was paid and 0 credited, but its entries come to 150000 and 0",
        ),
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
        (
            f"update payments set amount = 1501 where {HELD}",
            "a payment of 1501 (applied), but 1150 is applied, 260 held",
        ),
        (
            f"update payments set amount_unapplied = 261 where {HELD}",
            "says 261 ZAR is held, but its entries come to 260",
        ),
        (f"update payments set amount_refunded = 91 where {HELD}", "says 91 was refunded, but its refunds come to 90"),
        (f"update payments set currency = 'USD' where {HELD}", "is in USD, but its entry"),
        (f"update payments set customer_id = 'bcus_other' where {HELD}", "which are not of each other"),
        (f"update payments set account_id = 'bacc_other' where {HELD}", "and bacc_other and bill_"),
        (f"update payments set bill_id = 'bill_other' where {HELD}", "is not listed under bill_other"),
        (f"update payments set status = 'reversed' where {HELD}", "is a payment of 1500 (reversed), but"),
        (
            "update payments set reversed_at = null where external_reference = 'EFT-LOST'",
            "(reversed), but 60 is applied",
        ),
        ("update payments set amount_unapplied = 1 where external_reference = 'EFT-RETURNED'", "(reversed), but 1000"),
        (f"update payments set represents = null where {COMES_AGAIN}", "came again as"),
        (f"update payments set represents = 'pay_other' where {COMES_AGAIN}", "represents pay_other, which does not"),
        (f"update payments set represented_by = null where {REVERSED}", "which does not say so, or was not reversed"),
        (f"update payments set represented_by = 'pay_other' where {HELD}", "came again as pay_other"),
        (f"update payment_applications set amount = 201 where amount = 200 and {of('EFT-HELD')}", "has 201 of the"),
        (f"update payment_applications set released = 49 where released = 50 and {of('EFT-HELD')}", "applied in 1, 49"),
        (f"update payment_applications set owner_id = 'bill_other' where {of('EFT-HELD')}", "was not applied to it"),
        (f"update payment_applications set not_restored = 59 where {of('EFT-LOST')}", "and 1 reversed in 1, but"),
        (
            f"update payment_applications set not_restored_reason = null where {of('EFT-LOST')}",
            "60 not restored (for no",
        ),
        (f"update payment_applications set not_restored = 1 where {of('EFT-HELD')}", "1 not restored (for no reason)"),
        (f"delete from payment_links where owner_id like 'bill\\_%' and {of('EFT-HELD')}", "is not listed under bill_"),
        (
            f"update payment_links set owner_id = 'bill_other' where owner_id like 'bill\\_%' and {of('EFT-CREDITED')}",
            "under bill_other, where it",
        ),
        (f"delete from refunds where {of('EFT-HELD')}", "has 0 refunds of 90 ZAR, but its entries say 1"),
        ("update refunds set amount = 41 where amount = 40", "has 1 refunds of 41 ZAR, but its entries say 0"),
        ("update refunds set currency = 'USD' where amount = 40", "has 1 refunds of 40 USD, but its entries say 0"),
        (f"update refunds set {of('EFT-0')} where amount = 40", "says 0 was refunded, but its refunds come to 40"),
        (
            f"update entries set kind = 'hold' where kind = 'refund' and {of('EFT-HELD')}",
            "of 90 ZAR, but its entries say 0",
        ),
        (
            f"delete from bill_credits where {CN_1}",
            "has 0 credits of 300 ZAR, 0 of them reversed, but its entries say 1",
        ),
        (
            f"update bill_credits set amount = 299 where {CN_1}",
            "says 300 was credited of 1000, but its credits come to 299",
        ),
        (f"update bill_credits set currency = 'USD' where {CN_1}", "has 1 credits of 300 USD"),
        (
            f"update bill_credits set {on('next')} where {CN_1}",
            "says 0 was credited of 1000, but its credits come to 300",
        ),
        (
            f"update bill_credits set reversed_at = now() where {CN_1}",
            "300 ZAR, 1 of them reversed, but its entries say 1",
        ),
        (f"update bills set amount_credited = 301 where {CREDITED}", "says 931 ZAR is settled"),
        (
            f"update bills set amount_paid = 631, amount_credited = 299 where {CREDITED}",
            "631 was paid and 299 credited",
        ),
        (
            f"update bills set amount_applied = 629 where {CREDITED}",
            "629 came by payments that stand, but these have 630",
        ),
        (f"update bills set status = 'paid' where {CREDITED}", "is paid, but 930 of 1000 is settled"),
        (f"update bills set amount_due = 299 where {CREDITED}", "says 300 was credited of 299"),
        (f"update bills set currency = 'USD' where {CREDITED}", "is settled, but its entries come to 930 ZAR"),
        (f"update bills set voided_at = now() where {CREDITED}", "is unpaid, but says when it was voided"),
        (f"update bills set overdue_on = current_date where {CREDITED}", "that it is overdue, but is due never"),
        ("delete from events where type = 'payment.refunded'", "has 1 refunds, but 0 events say so"),
        ("update events set type = 'no' where type = 'bill.credited'", "but no event says that it was made"),
        (
            "update events set type = 'no' where type = 'bill.credit_reversed'",
            "but no event says that it was reversed",
        ),
        (
            "update events set type = 'no' where type = 'payment.unapplied' and sequence = 1",
            "no event says that it was cr",
        ),
        ("update idempotency_keys set object_id = 'cred_gone' where object_id like 'cred\\_%'", "but does not exist"),
        ("update idempotency_keys set object_id = 'ref_gone' where object_id like 'ref\\_%'", "but does not exist"),
    ],
)
def test_what_was_altered_by_hand_is_found_and_named(books: Books, tampering: str, says: str) -> None:
    findings = books.findings(tampering)
    assert says in "\n".join(finding.detail for finding in findings)
    assert all(re.match(r"(bacc|bcus|bill|cred|pay|ref)_", finding.object_id) for finding in findings)


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

    for statement in ("update entries set amount = 1", "delete from entries", "truncate entries"):
        asyncio.run(attempt(books.url, statement))


def entry_by_hand(books: Books, bill: str, amount: int) -> str:
    """What has an entry of the time when `amount_paid` could be lowered below what payments brought."""

    async def last() -> Any:
        async with _by_hand(books.url) as connection:
            query = f"select * from entries where owner_id = (select id from bills where {bill}) order by number desc"
            return await connection.fetchrow(query)

    row = asyncio.run(last())
    head = Head(row["number"], row["hash"], row["balance_after"], row["created_at"])
    chain = Chain(row["owner_id"], head, Cause(row["tenant_id"], "req_old", None, row["created_at"]))
    chain.add("adjustment", "ZAR", amount)
    [entry] = chain.entries
    return f"""insert into entries (cell, tenant_id, owner_id, number, id, kind, currency, amount, balance_after,
                                    request_id, created_at, hash, salt, version)
               values (1, {entry.tenant_id}, '{entry.owner_id}', {entry.number}, '{entry.id}', 'adjustment', 'ZAR',
                       {amount}, {entry.balance_after}, 'req_old', '{entry.created_at}', '\\x{entry.hash.hex()}',
                       '\\x{(entry.salt or b"").hex()}', {entry.version})"""


@pytest.mark.parametrize(
    ("bill", "lowered", "became", "says"),
    [
        ("held", 1000, "status = 'voided', amount_paid = 0", "is voided, but payments that stand have 1000 applied"),
        ("held", 1, "status = 'unpaid', amount_paid = 999", "is unpaid, but payments that stand cover it"),
        ("next", 1, "amount_paid = 149", "says 149 was paid, but payments that stand have 150 applied"),
    ],
)
def test_what_could_be_lowered_once_is_a_notice(books: Books, bill: str, lowered: int, became: str, says: str) -> None:
    named = f"external_reference = '{bill}'"
    old = entry_by_hand(books, named, -lowered), f"update bills set {became} where {named}"
    assert books.findings(*old) == []
    [notice] = [one for one in books.notices(*old) if one not in books.notices()]
    assert notice.object_id.startswith("bill_")
    assert says in notice.detail


def test_what_a_reversal_could_not_take_back_is_a_notice(books: Books) -> None:
    lost, refunded = books.notices()
    assert re.fullmatch(r"was reversed, but 60 of it .* from bacc_\w+: balance_not_tracked", lost.detail)
    assert refunded.detail == "was reversed, but 40 of it had gone out again as refunds"
    assert lost.object_id.startswith("pay_")


def test_money_that_is_held_for_long_is_a_notice(books: Books) -> None:
    def held(*tampering: str) -> list[str]:
        return sorted(one.detail for one in books.notices(*tampering) if one.detail.startswith("holds"))

    later = "update tenants set clock_offset_seconds = {} * 86400 where mode = 'test'"
    assert held(later.format(89)) == []
    assert held(later.format(91)) == ["holds 260 ZAR for more than 90 days", "holds 370 ZAR for more than 90 days"]
    # Of 500 that came first, 200 was applied and 90 refunded; 50 is held again since today.
    first = "update entries set created_at = created_at - interval '91 days' where kind = 'hold' and amount = 500"
    assert held(first) == ["holds 210 ZAR for more than 90 days"]


def test_the_command_reports_and_exits_by_what_it_finds(books: Books) -> None:
    right = dues("verify", "--json", database_url=books.url)
    assert right.returncode == 0, right.stderr
    said = json.loads(right.stdout)
    assert (right.returncode, said["wrong"], said["findings"], said["noticed"]) == (0, 0, [], 2)
    assert said["entries"] > 10
    assert "could not be taken back" in json.dumps(said["notices"])
    with books.tampered("delete from events") as broken:
        wrong = dues("verify", database_url=broken)
    assert wrong.returncode == 1
    assert wrong.stdout.count("WRONG") > 5
    assert wrong.stdout.count("NOTICE") == 2
    assert "Traceback" not in wrong.stderr
