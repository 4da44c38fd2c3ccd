"""Reads among many accounts: one by its id or reference, and pages of the list, at its top and far down."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

from bench import ground
from bench.arena import Arena, Size
from bench.fill import filled_account
from bench.findings import Costs, Finding, finding
from bench.load import Load
from bench.requests import Gets
from bench.rounds import Way, in_turn, loaded, sent
from dues.domain.tenants import Tenant
from dues.lists.cursors import make_cursor

PAGE_ROWS = 20
"""A page, where `limit` does not say otherwise."""

DEEP_ROWS = 200_000
"""After how many rows the deep page begins: 10,000 pages. Of shorter lists, it is the middle."""

ACCOUNTS_MIN = 2 * 2 * PAGE_ROWS * ground.CUSTOMERS
"""With fewer accounts, half of which are theirs, a customer's list has no whole page in its second half."""


class PageError(Exception):
    """A list is not the one that was asked for, so that its speed would mean nothing."""


@dataclass(frozen=True)
class Page:
    """A page of GET /billing/accounts: which rows it begins after, and the target that asks for it."""

    says: str
    after: int
    target: str


def lists(arena: Arena, size: Size) -> tuple[list[Finding], list[Costs]]:
    """GETs of single accounts and of pages, by one client, so that latency is the work and no queue.

    The tables hold what `fill.fill` has put there, and no more.
    """
    if size.accounts < ACCOUNTS_MIN:
        raise PageError(f"Lists are measured among no fewer than {ACCOUNTS_MIN:,} accounts (--size).")
    customer = arena.ground.customers[7]
    each = size.accounts // 2 // ground.CUSTOMERS
    filters: dict[str, tuple[dict[str, str], int]] = {
        "list": ({}, size.accounts),
        "list by customer": ({"customer": customer}, each),
        "list by currency": ({"currency": "ZAR"}, size.accounts),
        "list by metadata": ({"metadata[billing_cycle]": "monthly"}, size.accounts),
    }
    pages = {name: asyncio.run(_pages(arena, name, *those)) for name, those in filters.items()}
    one_of = [filled_account(number * size.accounts // size.distinct) for number in range(size.distinct)]
    singles = {
        "by id": _gets(arena, size, *(f"/billing/accounts/{account}" for account, _ in one_of)),
        "by reference": _gets(arena, size, *(f"/billing/accounts/{reference}" for _, reference in one_of)),
    }
    ways = {page.says: _gets(arena, size, page.target) for pair in pages.values() for page in pair}

    among = f"among {size.accounts:,} accounts"
    read = in_turn(singles, size.rounds)
    listed = in_turn(ways, size.rounds)
    findings = [
        finding(
            f"{name}, {among}: p50 of a page after {deep.after:,} rows",
            ([sample.p50_ms or 0.0 for sample in listed[deep.says]], "{:.2f} ms"),
            ([sample.p50_ms or 0.0 for sample in listed[first.says]], "{:.2f} ms (first page)"),
            target=1.2,
            at_most=True,
        )
        for name, (first, deep) in pages.items()
    ]
    return findings, [
        Costs(f"GET of one account {among}, one client", read),
        Costs(f"a page {among}, one client", listed),
    ]


def _gets(arena: Arena, size: Size, *targets: str) -> Way:
    """Rounds of GETs, one at a time, after enough of them for every connection to have its plans."""
    gets = Gets(arena.key, targets)
    sent(arena.ours, Load(arena.ours.port, gets, size.connections, 30, at_most=size.connections * 12))
    return lambda: loaded(arena.ours, arena.postgres, Load(arena.ours.port, gets, 1, size.seconds))


async def _pages(arena: Arena, name: str, filters: Mapping[str, str], rows: int) -> tuple[Page, Page]:
    """The first page of a list of `rows`, and the deep one, both of them proven. Raises PageError."""
    customer = filters.get("customer")
    after = min(DEEP_ROWS, rows // 2)
    last = await ground.account_at(arena.ground, after, customer)
    if last is None:
        raise PageError(f"{name}: there are no {after:,} rows.")
    cursor = {"cursor": make_cursor(Tenant(*arena.ground.tenant.numbers), "accounts", filters, last)}
    first = Page(f"{name}, first page", 0, _target(filters))
    deep = Page(f"{name}, after {after:,} rows", after, _target({**filters, **cursor}))
    for page in (first, deep):
        expected = await ground.account_at(arena.ground, page.after + 1, customer)
        ids = _ids(arena, page)
        if len(ids) != PAGE_ROWS or ids[0] != expected:
            raise PageError(f"{page.says}: {len(ids)} rows from {ids[:1]}, not {PAGE_ROWS} from {expected}.")
    return first, deep


def _target(query: Mapping[str, str]) -> str:
    return f"/billing/accounts?{urlencode(query)}" if query else "/billing/accounts"


def _ids(arena: Arena, page: Page) -> list[str]:
    headers = {"Authorization": f"Bearer {arena.key}"}
    answer = httpx.get(f"http://127.0.0.1:{arena.ours.port}{page.target}", headers=headers, timeout=30)
    if answer.status_code != httpx.codes.OK:
        raise PageError(f"{page.says}: {answer.status_code} {answer.text}")
    return [account["id"] for account in answer.json()["data"]]
