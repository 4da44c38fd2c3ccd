"""What a page of a list costs in PostgreSQL: the same on a long list as on a short one, at its end as at its start."""

import asyncio
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.domain.tenants import Tenant
from dues.lists.listing import Key, Listing
from dues.lists.ordered import Section, place_after, place_before, section_statement
from dues.lists.pages import list_statement
from dues.metadata.store import pair_of
from dues.resources.accounts.store import ACCOUNTS
from dues.resources.bills.store import BILLS, OpenBillTotals
from dues.resources.customers.store import CUSTOMERS
from dues.resources.daily_totals.store import FIND_PAID_BY_ALL, FIND_PAID_BY_COLLECTOR, FIND_REVERSED
from dues.resources.payments.store import PAYMENTS
from dues.resources.summaries.store import FIND_OWED_BY_ACCOUNT, FIND_OWED_BY_CUSTOMER
from dues.tenants.merchants import create_merchant
from dues.tenants.store import find_tenants
from dues.work.questions import reading
from tests.db.databases import EmptyDatabases
from tests.journeys.journal import SOAK

pytestmark = pytest.mark.soak

COUNT = 20_000 if SOAK else 8_000

LIMIT = 21
"""A page of the usual size, and one row to see whether there are more."""

FILTERS_MAX = 4 if SOAK else 3
"""With more, nothing is left to choose for the planner."""

BUFFERS_MAX = 500
"""Pages of 8 KiB: what two pairs of metadata, two further owners and the joins of every row of a page come to, with
room."""

ID = "lpad({}::text, 21, '0')"

FILL = [
    f"""
    insert into customers (cell, tenant_id, id, external_reference, currency, metadata, created_at, phone,
                           reference_folded, name_folded, email_folded)
    select $1, $2, 'bcus_' || {ID.format("n")}, 'CUST-' || n, (array['ZAR', 'USD'])[1 + n % 2],
           json_build_object('plan', 'gold', 'half', n % 2), now(), '+' || n, 'cust-' || n, 'a ' || n, 'a' || n || '@x'
      from generate_series(1, $3) n
    """,
    f"""
    insert into accounts (cell, tenant_id, id, external_reference, customer_id, currency, metadata, created_at,
                          reference_folded, name_folded)
    select $1, $2, 'bacc_' || {ID.format("n")}, 'UAR-' || n, 'bcus_' || {ID.format("(1 + n % $4)")},
           (array['ZAR', 'USD'])[1 + n % 2], json_build_object('plan', 'gold', 'half', n % 2), now(),
           'uar-' || n, 'a ' || n
      from generate_series(1, $3) n
    """,
    f"""
    insert into bills (cell, tenant_id, id, external_reference, customer_id, account_id, currency, amount_due, status,
                       bill_on, metadata, created_at, due_on, reference_folded)
    select $1, $2, 'bill_' || {ID.format("n")}, 'INV-' || n, 'bcus_' || {ID.format("(1 + n % $4)")},
           'bacc_' || {ID.format("(1 + n % $4)")}, (array['ZAR', 'USD'])[1 + n % 2], n / 2 + 1,
           (array['unpaid', 'voided'])[1 + n % 2], date '2001-01-01' + n / 8,
           json_build_object('plan', 'gold', 'half', n % 2), now(), date '2001-01-01' + n / 4, 'inv-' || n
      from generate_series(1, $3) n
    """,
    f"""
    insert into payments (cell, tenant_id, id, external_reference, amount, currency, status, customer_id, account_id,
                          bill_id, amount_unapplied, paid_at, reversal_reason, reversed_at, metadata, created_at,
                          reference_folded)
    select $1, $2, 'pay_' || {ID.format("n")}, 'EFT-' || n, n / 2 + 1, (array['ZAR', 'USD'])[1 + n % 2],
           (array['applied', 'reversed'])[1 + n % 2], 'bcus_' || {ID.format("(1 + n % $4)")},
           'bacc_' || {ID.format("(1 + n % $4)")}, 'bill_' || {ID.format("($4 + n % $4)")},
           (array[1, 0])[1 + n % 2], timestamptz '2001-01-01Z' + n * interval '1 minute',
           (array[null, 'bounced'])[1 + n % 2], (array[null, now()])[1 + n % 2],
           json_build_object('plan', 'gold', 'half', n % 2), now(), 'eft-' || n
      from generate_series(1, $3) n
    """,
    """
    insert into payment_applications (cell, tenant_id, payment_id, number, id, owner_id, amount)
    select cell, tenant_id, id, 1, 'ob_' || substr(id, 5), bill_id, amount from payments
     where cell = $1 and tenant_id = $2
    """,
    """
    insert into payment_links (cell, tenant_id, owner_id, payment_id)
    select cell, tenant_id, bill_id, id from payments
     where cell = $1 and tenant_id = $2
    """,
    """
    insert into metadata_pairs (cell, tenant_id, pair, object_id)
    select o.cell, o.tenant_id,
           decode(md5(convert_to(m.key, 'UTF8') || '\\x00'::bytea || convert_to(m.value, 'UTF8')), 'hex'), o.id
      from (select cell, tenant_id, id, metadata from customers
             union all select cell, tenant_id, id, metadata from accounts
             union all select cell, tenant_id, id, metadata from bills
             union all select cell, tenant_id, id, metadata from payments) o, jsonb_each_text(o.metadata) m
     where o.cell = $1 and o.tenant_id = $2
    """,
]
"""$3 of each, of which the first $4 customers and accounts own the rest, and as many bills have all the payments."""

FILL_TIMEOUT_SECONDS = 120
"""For one statement, on a machine that has a whole run of tests to do."""

TABLES = ["customers", "accounts", "bills", "payments", "payment_applications", "payment_links", "metadata_pairs"]

PAIRS = [("plan", "gold"), ("half", "0")]

Chosen = tuple[tuple[str, bool], ...]
"""The filters of a list, each with whether its value is a reference."""

VALUES = {
    ("currency", False): "ZAR",
    ("unapplied", False): "true",
    ("customer", False): "bcus_" + "1".zfill(21),
    ("customer", True): "CUST-1",
    ("account", False): "bacc_" + "1".zfill(21),
    ("account", True): "UAR-1",
}
"""A value for each filter. Everything that the first owner has fits all the others too."""

REFERENCES = {
    noun: f"{prefix}-{COUNT // 2}"
    for noun, prefix in {"customers": "CUST", "accounts": "UAR", "bills": "INV", "payments": "EFT"}.items()
}

STATUSES = {"bills": "unpaid", "payments": "applied"}


def combinations(listing: Listing) -> Iterator[Chosen]:
    """Every combination of at most FILTERS_MAX filters."""
    options = [
        [None, *((name, by_reference) for by_reference in ([False, True] if name in listing.named else [False]))]
        for name in listing.names
    ]
    for combination in itertools.product(*options):
        if len(chosen := tuple(one for one in combination if one)) <= FILTERS_MAX:
            yield chosen


@dataclass
class Cost:
    """What PostgreSQL did for one page."""

    rows: int
    buffers: int
    nodes: list[dict[str, Any]]


class Stock:
    """A tenant with much of everything, and a connection like the server's."""

    def __init__(self, runner: asyncio.Runner, database: Database, tenant: Tenant, owners: int) -> None:
        self._runner = runner
        self.owners = owners
        self._database = database
        self._tenant = tenant
        self._prepared: dict[str, str] = {}
        self.of_each_owner = COUNT // owners
        # The first bill of the first owner that has payments.
        self._values = VALUES | {("bill", False): f"bill_{owners:021}", ("bill", True): f"INV-{owners}"}

    def rows(self, query: str, *arguments: object) -> Sequence[Any]:
        """Runs one statement."""
        return self._runner.run(self._database.rows(query, *arguments))

    def plan(self, name: str, statement: str, types: str, values: str) -> dict[str, Any]:
        """How what asks for `values` of the tenant is carried out, by the plan that the server would have."""
        self.rows(f"prepare {name} ({types}) as {statement}")
        cell, tenant_id = self._tenant
        tenant = f"'{{{tenant_id}}}'" if "[]" in types else str(tenant_id)
        explain = "explain (analyze, buffers, timing off, format json)"
        [row] = self.rows(f"{explain} execute {name} ({cell}, {tenant}, {values})")
        plan: dict[str, Any] = json.loads(row[0])[0]["Plan"]
        return plan

    def cost(
        self, listing: Listing, chosen: Chosen, pairs: int, after: str, until: str | None = None, *, up: bool = False
    ) -> Cost:
        """Of the page after the id `after`, with the plan that the server would have."""
        statement = list_statement(listing, chosen, pairs, ascending=up, bounded=until is not None)
        found = [pair_of(*pair) for pair in PAIRS[:pairs]]
        ends = [] if until is None else [until]
        return self._explained(statement, after, LIMIT, *self._filtered_by(listing, chosen), *found, *ends)

    def section_cost(self, listing: Listing, chosen: Chosen, section: Section) -> Cost:
        """Of the first page of a section."""
        unless = tuple(key for key, _, _ in section.unless)
        statement = section_statement(listing, section.keys, chosen, unless, ascending=section.ascending)
        out = [value for _, first, after in section.unless for value in (first, after)]
        values = (*section.low, *section.high, *out, *self._filtered_by(listing, chosen))
        return self._explained(statement, LIMIT, *values)

    def _filtered_by(self, listing: Listing, chosen: Chosen) -> list[str]:
        unlike = {
            ("status", False): STATUSES.get(listing.name, ""),
            ("external_reference", False): REFERENCES[listing.name],
        }
        return [(self._values | unlike)[one] for one in chosen]

    def _explained(self, statement: str, *values: object) -> Cost:
        return self.cost_of(statement, [*map(literal, values)])

    def cost_of(self, statement: str, values: Sequence[str]) -> Cost:
        """Of any statement on the tenant; `values` as they are written in SQL."""
        if statement not in self._prepared:
            self._prepared[statement] = name = f"page_{len(self._prepared)}"
            self.rows(f"prepare {name} as {statement}")
        arguments = ", ".join([*map(str, self._tenant), *values])
        explain = "explain (analyze, buffers, timing off, format json)"
        [row] = self.rows(f"{explain} execute {self._prepared[statement]} ({arguments})")
        plan = json.loads(row[0])[0]["Plan"]
        return Cost(plan["Actual Rows"], plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], list(nodes(plan)))


def literal(value: object) -> str:
    """A value in SQL."""
    match value:
        case int():
            return str(value)
        case bytes():
            return f"'\\x{value.hex()}'"
        case datetime() | date() if value.year in (1, 9999):
            return "'-infinity'" if value.year == 1 else "'infinity'"
        case _:
            return f"'{value}'"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


@pytest.fixture(scope="module", params=[2, 2_000], ids=["few owners", "many owners"])
def stock(request: pytest.FixtureRequest, database_url: str) -> Iterator[Stock]:
    """A tenant with COUNT of each thing."""
    with alone(database_url) as (url, runner, database, tenant):
        runner.run(fill(url, tenant, request.param))
        yield Stock(runner, database, tenant, request.param)


@contextmanager
def alone(database_url: str) -> Iterator[tuple[str, asyncio.Runner, Database, Tenant]]:
    """A tenant in a database of its own, beside that: what others have would change plans."""
    databases = EmptyDatabases(database_url)
    url = databases.new()
    with asyncio.Runner() as runner:
        runner.run(migrate(url))
        database = runner.run(Database.connect(url, 1))
        try:
            yield url, runner, database, runner.run(new_tenant(database))
        finally:
            runner.run(database.close())
            databases.close()


async def new_tenant(database: Database) -> Tenant:
    """The test mode of a new merchant."""
    async with database.transaction() as tx:
        merchant_id, _ = await create_merchant(tx, "A long list", datetime.now(UTC))
        await tx.commit()
    tenant, _ = (await find_tenants(database, merchant_id))["test"]
    return tenant


async def fill(url: str, tenant: Tenant, owners: int) -> None:
    """All of it or nothing, over a connection that plans as PostgreSQL does by itself."""
    connection = await asyncpg.connect(url, command_timeout=FILL_TIMEOUT_SECONDS)
    try:
        async with connection.transaction():
            # What refers to what is as it should be; to look for each is slow while nobody knows how long tables are.
            await connection.execute("set local session_replication_role = replica")
            for statement in FILL:
                used = [number for number in (1, 2, 3, 4) if f"${number}" in statement]
                await connection.execute(statement, *(*tenant, COUNT, owners)[: max(used)])
            await connection.execute("analyze " + ", ".join(TABLES))
    finally:
        await connection.close()


def too_much(cost: Cost, sorted_max: int = 1) -> Iterator[str]:
    """What is wrong with a page's plan."""
    for node in cost.nodes:
        kind = node["Node Type"]
        if any(banned in kind for banned in ("Seq Scan", "Bitmap", "Hash", "Merge Join")):
            yield f"a {kind}"
        if "Sort" in kind and sum(below["Actual Rows"] * below["Actual Loops"] for below in node["Plans"]) > sorted_max:
            yield f"more is sorted than {sorted_max}"
        if node.get("Rows Removed by Filter", 0) * node["Actual Loops"] > LIMIT:
            yield f"{node.get('Index Name', kind)} is read for rows that do not fit"
    if cost.buffers > BUFFERS_MAX:
        yield f"{cost.buffers} buffers"


@pytest.mark.slow
@pytest.mark.parametrize("listing", [CUSTOMERS, ACCOUNTS, BILLS, PAYMENTS], ids=lambda listing: listing.name)
def test_a_page_costs_the_same_wherever_it_is_and_however_it_is_filtered(stock: Stock, listing: Listing) -> None:
    broken = []
    for chosen, pairs in itertools.product(combinations(listing), (0, len(PAIRS))):
        first = stock.cost(listing, chosen, pairs, f"{listing.prefix}~")
        deep = stock.cost(listing, chosen, pairs, f"{listing.prefix}{str(COUNT // 20).zfill(21)}")
        assert first.rows, "there is something to be found"
        said = [*too_much(first), *too_much(deep)]
        if deep.buffers > 2 * first.buffers + 20:
            said.append(f"{first.buffers} buffers at the beginning, {deep.buffers} at the end")
        broken += [f"{dict(chosen)} and {pairs} pairs: {one}" for one in said]
    assert not broken, "\n".join(broken)


A_DAY = [f"'pay_{number:021}'" for number in (COUNT // 2, COUNT // 2 + 100)]
"""The first id of a day on which a hundred payments were recorded, and that of the next day."""

YESTERDAY = ["now() - interval '1 day'", "now() - interval '1 hour'"]


@pytest.mark.parametrize(
    ("statement", "types", "values", "index"),
    [
        (FIND_PAID_BY_ALL, ["text", "text"], A_DAY, "payments_pkey"),
        (FIND_PAID_BY_COLLECTOR, ["text", "text", "text"], [*A_DAY, "'key_1'"], "payments_by_collector"),
        (FIND_REVERSED, ["timestamptz", "timestamptz", "text"], [*YESTERDAY, "null"], "payments_by_reversal"),
        (FIND_REVERSED, ["timestamptz", "timestamptz", "text"], [*YESTERDAY, "'key_1'"], "payments_by_reversal"),
    ],
    ids=["all", "a collector's", "all reversals", "a collector's reversals"],
)
def test_a_days_totals_are_read_off_an_index(
    stock: Stock, statement: str, types: list[str], values: list[str], index: str
) -> None:
    cost = stock.cost_of(statement, values)
    assert [node["Index Name"] for node in cost.nodes if "Scan" in node["Node Type"]] == [index]
    assert cost.buffers < 50


def test_what_one_owner_owes_is_read_off_the_indexes_of_what_it_has(stock: Stock) -> None:
    owner, account = VALUES["customer", False], VALUES["account", False]
    asked = [
        (FIND_OWED_BY_CUSTOMER, "integer, integer, text, date", f"'{owner}', '2026-01-31'"),
        (FIND_OWED_BY_ACCOUNT, "integer, integer, text, date", f"'{account}', '2026-01-31'"),
        (reading((OpenBillTotals("customer", owner).part,)), "integer, integer[], text[]", f"'{{{owner}}}'"),
        (reading((OpenBillTotals("account", "UAR-1").part,)), "integer, integer[], text[]", "'{UAR-1}'"),
    ]
    for number, (statement, types, values) in enumerate(asked):
        plan = stock.plan(f"owed_{number}", statement, types, values)
        found = list(nodes(plan))
        assert "bills" in {node.get("Relation Name") for node in found}
        for node in found:
            assert "Seq Scan" not in node["Node Type"], statement
            assert node.get("Rows Removed by Filter", 0) * node["Actual Loops"] <= stock.of_each_owner, node


def id_of(listing: Listing, number: int) -> str:
    """The id of the object with this number."""
    return f"{listing.prefix}{number:021}"


@pytest.mark.slow
@pytest.mark.parametrize("listing", [CUSTOMERS, ACCOUNTS, BILLS, PAYMENTS], ids=lambda listing: listing.name)
def test_so_does_a_page_of_a_range_of_time_either_way(stock: Stock, listing: Listing) -> None:
    broken = []
    low, high = id_of(listing, COUNT // 20), id_of(listing, COUNT - COUNT // 20)
    for chosen, pairs in itertools.product(combinations(listing), (0, 1)):
        if len(chosen) > 2 or ("external_reference", False) in chosen:
            continue
        ways = {
            "newest first, from a time on": (high, low, False),
            "newest first, deep": (low, id_of(listing, 1), False),
            "oldest first": (listing.prefix, None, True),
            "oldest first, up to a time": (low, high, True),
            "oldest first, deep": (high, f"{listing.prefix}~", True),
        }
        for name, (after, until, up) in ways.items():
            cost = stock.cost(listing, chosen, pairs, after, until, up=up)
            assert cost.rows or stock.owners > LIMIT, name
            broken += [f"{dict(chosen)} and {pairs} pairs, {name}: {one}" for one in too_much(cost)]
    assert not broken, "\n".join(broken)


def divided(listing: Listing, owners: Sequence[str] = ()) -> Iterator[Chosen]:
    """Every combination of filters that goes with an order, or with a search."""
    divisions = [[None, (name, False)] for name in listing.divided]
    for owner in [None, *((name, by_reference) for name in owners for by_reference in (False, True))]:
        for chosen in itertools.product([owner], *divisions):
            yield tuple(one for one in chosen if one)


MADE = datetime(2001, 1, 1, tzinfo=UTC)

MIDDLE: dict[type, tuple[Any, Any]] = {
    date: (date(2001, 1, 1) + timedelta(COUNT // 100), date(2001, 1, 1) + timedelta(COUNT // 10)),
    datetime: (MADE + timedelta(minutes=COUNT // 8), MADE + timedelta(minutes=COUNT // 2)),
    int: (COUNT // 16, COUNT // 3),
}
"""Near the beginning and near the end of what there is of each type."""

ORDERS = [(listing, name) for listing in (BILLS, PAYMENTS) for name in listing.orders]


@pytest.mark.parametrize(("listing", "name"), ORDERS, ids=lambda one: getattr(one, "name", one))
def test_so_does_a_page_in_any_order_and_of_any_range(stock: Stock, listing: Listing, name: str) -> None:
    order, broken = listing.orders[name], []
    keys = order.keys
    least, most = MIDDLE[keys[0].type]
    for chosen, up in itertools.product(divided(listing, order.owners), (True, False)):
        sections = {
            "all": (place_before(keys, None), place_after(keys, None)),
            "a range": (place_before(keys, least), place_after(keys, most)),
            "after a cursor": (place_after(keys, most), place_after(keys, None)),
            "before a cursor": (place_before(keys, None), place_before(keys, least)),
        }
        for which, (low, high) in sections.items():
            cost = stock.section_cost(listing, chosen, Section(keys, low, high, up))
            assert cost.rows == LIMIT or dict(chosen).keys() & {"customer", "account"}, (name, chosen, which, cost.rows)
            broken += [f"{dict(chosen)}, {which}, {up}: {one}" for one in too_much(cost, DIVISIONS_MAX * LIMIT)]
    assert not broken, "\n".join(broken)


DIVISIONS_MAX = 6
"""Three statuses in two currencies."""


@pytest.mark.parametrize("listing", [CUSTOMERS, ACCOUNTS, BILLS, PAYMENTS], ids=lambda listing: listing.name)
def test_so_does_a_page_of_what_is_searched(stock: Stock, listing: Listing) -> None:
    broken = []
    prefixes = [("cust-", "custa"), ("a", "b"), ("a", "b"), ("+", ",")] if listing is CUSTOMERS else [("", "~")] * 2
    earlier: list[tuple[Key, str, str]] = []
    for sought, (prefix, end) in zip(listing.sought, prefixes, strict=False):
        for chosen in divided(listing):
            # Names and addresses begin alike, so that of the latter nothing is left where the former are left out.
            unless = tuple(earlier) if prefix != "a" else ()
            cost = stock.section_cost(listing, chosen, Section((sought.key,), (prefix, ""), (end, ""), True, unless))
            assert cost.rows == LIMIT
            broken += [f"{sought}, {dict(chosen)}: {one}" for one in too_much(cost, DIVISIONS_MAX * LIMIT)]
        earlier.append((sought.key, "zz", "zzz"))
    assert not broken, "\n".join(broken)
