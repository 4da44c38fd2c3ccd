"""Files of anything: every line gets one verdict, they sum up, and a dry run says what the run then says."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.domain.files.rows import FileKindName
from dues.domain.files.verdicts import FileRefusedError
from dues.domain.tenants import Tenant
from dues.jobs.leases.store import lease_job
from dues.resources.imports.carry_out import Carrier
from dues.resources.imports.input import ImportInput
from dues.resources.imports.receive import Received, Sender, receive
from dues.tenants.merchants import create_merchant
from dues.tenants.store import find_tenants
from tests.conftest import findings
from tests.db.databases import EmptyDatabases, execute

EXAMPLES = 1_000 if os.environ.get("DUES_TEST_SOAK") == "1" else 10

Verdicts = list[tuple[int, str, tuple[str, ...]]]
"""Line, verdict and codes of each row, in order."""

HEADS = {
    "customers": "external_reference,name,currency,balance,metadata.branch",
    "accounts": "external_reference,customer,currency,balance",
    "bills": "external_reference,customer,currency,amount_due,due_date",
    "payments": "external_reference,bill,customer,currency,amount,status",
    "adjustments": "external_reference,customer,amount,reason",
    "moment_daily": "external_reference,first_name,last_name,sa_identification_number,amount_due,due_date",
}

FAMILY = "external_reference,customer,customer.external_reference,customer.name,currency,balance"

THERE: dict[FileKindName, str] = {
    "customers": "external_reference,currency,balance\nR-0,ZAR,500\nR-1,ZAR,0\nR-2,USD,240\nR-3,,\n",
    "bills": "external_reference,customer,currency,amount_due\nR-0,R-0,ZAR,240\nR-1,R-1,ZAR,1\nR-2,R-2,USD,500\n",
}
"""What is there before."""

REFERENCES = st.sampled_from([f"R-{number}" for number in range(6)] + ["", "acc_1", "é", " R-1 "])
AMOUNTS = st.sampled_from(["0", "1", "240", "240.00", "1 240.00", "-5", "x", "", "99999999999999999999"])
TEXTS = st.sampled_from(["ZAR", "JPY", "zar", "Jane", "", "2026-12-31", "31/12/2026", "8001015009087", "8.0E+12", '"'])
CELLS = st.one_of(REFERENCES, AMOUNTS, TEXTS)


def fitting(name: str) -> st.SearchStrategy[str]:
    """What mostly stands in a column."""
    match name:
        case "customer" | "bill":
            return st.sampled_from(["R-0", "R-0", "R-1", "R-2", "", "nobody"])
        case "external_reference":
            return st.integers(0, 60).map("R-{}".format)
        case "currency":
            return st.sampled_from(["ZAR", "ZAR", "ZAR", "USD"])
        case "status":
            return st.sampled_from(["", "", "", "applied", "reversed"])
        case "amount" | "amount_due" | "balance":
            return st.one_of(st.sampled_from(["100", "40", "1"]), AMOUNTS)
    return TEXTS


@st.composite
def lines(draw: st.DrawFn, kind: str) -> str:
    """A line whose cells are mostly what they should be."""
    cells = [draw(fitting(name) if draw(st.integers(0, 9)) else CELLS) for name in HEADS[kind].split(",")]
    if kind == "payments" and cells[1]:
        cells[2] = ""  # one of them is paid
    if not draw(st.integers(0, 9)):
        cells = cells[: draw(st.integers(0, len(cells)))]
    return ",".join(cells)


@st.composite
def crowded(draw: st.DrawFn) -> tuple[FileKindName, str]:
    """A file of payments of the same bill, which are good until it is paid."""
    amounts = draw(st.lists(st.sampled_from([100, 40, 1]), min_size=8, max_size=30))
    rows = [f"R-{number},R-0,,ZAR,{amount}," for number, amount in enumerate(amounts)]
    return "payments", "\n".join([HEADS["payments"], *rows])


@st.composite
def families(draw: st.DrawFn) -> tuple[FileKindName, str]:
    """A file of accounts whose customers come along, are changed, or are named only, in any order."""
    rows = []
    for number in range(draw(st.integers(8, 40))):
        whose = f"N-{draw(st.integers(0, 5))}"
        name = draw(st.sampled_from(["", "", "Jane", "Joan"]))
        rows.append(f"A-{number},{'' if name else whose},{whose if name else ''},{name},ZAR,{number}")
    return "accounts", "\n".join([FAMILY, *rows])


@st.composite
def texts(draw: st.DrawFn) -> tuple[FileKindName, str]:
    """A file: a kind and its text, of lines that fit or of anything."""
    kind: Any = draw(st.sampled_from(sorted(HEADS)))
    line = st.one_of(*[lines(kind)] * 6, st.text(st.sampled_from('",;\r\n\ta1'), max_size=12))
    return kind, "\n".join([HEADS[kind], *draw(st.lists(line, min_size=1, max_size=30))])


class Station:
    """A database, and what carries imports out on it in this process."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def tried_and_done(self, kind: FileKindName, text: str) -> tuple[Verdicts, Verdicts] | None:
        """The verdicts of a dry run and of the run after it; None where the file is refused."""
        database = await Database.connect(self.url, 3)
        try:
            tenant = await tenant_of_nobody(database)
            for there in THERE.items():
                await self._run(database, tenant, *there, dry_run=False)
            try:
                tried = await self._run(database, tenant, kind, text, dry_run=True)
            except FileRefusedError as refused:
                with pytest.raises(FileRefusedError) as again:
                    await self._run(database, tenant, kind, text, dry_run=False)
                assert again.value.code == refused.code
                return None
            return tried, await self._run(database, tenant, kind, text, dry_run=False)
        finally:
            await database.close()

    async def _run(
        self, database: Database, tenant: Tenant, kind: FileKindName, text: str, *, dry_run: bool
    ) -> Verdicts:
        async def data() -> AsyncIterator[bytes]:
            yield text.encode()

        now = datetime.now(UTC)
        wanted = ImportInput(kind=kind, file_name="a.csv", dry_run=dry_run, again=True)
        received = await receive(database, Sender(tenant, "system", None, now, timedelta(days=1)), wanted, data())
        assert isinstance(received, Received)
        leased = await lease_job(database, tenant.cell, "me", now, now + timedelta(minutes=5))
        assert leased
        assert leased.id == received.job.id
        done = await Carrier(database, "me", group_rows=4).run(leased)
        assert done.status == "completed", done
        statement = "select line, verdict, codes from import_rows where import_id = $1 order by line"
        found = [
            (row["line"], row["verdict"], tuple(row["codes"] or ())) for row in await database.rows(statement, done.id)
        ]
        counted = Counter(verdict for _, verdict, _ in found)
        assert len({line for line, *_ in found}) == len(found) == done.rows_total
        assert {name: count for name, count in done.counts.items() if name != "warned" and count} == counted
        return found


async def tenant_of_nobody(database: Database) -> Tenant:
    """A merchant's that has nothing yet."""
    async with database.transaction() as tx:
        merchant_id, _ = await create_merchant(tx, "Anybody", datetime.now(UTC))
        await tx.commit()
    return (await find_tenants(database, merchant_id))["test"][0]


@pytest.fixture(scope="module")
def station(database_url: str) -> Iterator[Station]:
    databases = EmptyDatabases(database_url)
    url = databases.new()
    asyncio.run(migrate(url))
    yield Station(url)
    assert findings(url) == []
    databases.close()


@pytest.mark.soak
@settings(max_examples=EXAMPLES)
@given(file=st.one_of(texts(), texts(), crowded(), families()))
def test_every_line_has_one_verdict_and_a_dry_run_says_which(station: Station, file: tuple[FileKindName, str]) -> None:
    both = asyncio.run(station.tried_and_done(*file))
    if both:
        tried, done = both
        assert tried == done


SLOW = """
create function take_a_while() returns trigger language plpgsql as $$ begin perform pg_sleep(0.1); return null; end $$;
create trigger slow after insert on imported_rows for each statement execute function take_a_while();
"""


def test_rows_see_what_the_group_before_them_made_and_changed(station: Station) -> None:
    execute(station.url, SLOW)  # so that the next group is decided before one is written
    made = [f"A-{number},,N-{number},Jane,ZAR,1" for number in range(4)]
    named = [f"A-{number + 4},N-{number},,,ZAR,1" for number in range(4)]
    again = [f"A-{number + 8},,N-{number},Joan,ZAR,1" for number in range(4)]
    both = asyncio.run(station.tried_and_done("accounts", "\n".join([FAMILY, *made, *named, *again])))
    assert both
    tried, done = both
    assert tried == done
    assert [verdict for _, verdict, _ in done] == ["created"] * 12
