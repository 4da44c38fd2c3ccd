"""A list that is had whole is of one instant, whatever happens while it is read; and whoever reads takes turns."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from msgspec import structs

from dues.db.database import Database
from dues.db.errors import Unavailable
from dues.domain.refusals import Refusal
from dues.events.feed import Feed
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.http.queries import decode_query
from dues.lists.turns import EXPORTS_AT_A_TIME, Turns
from dues.resources.api import LISTS
from dues.resources.doing import Call, Document, Lists
from dues.resources.exports import write
from dues.tenants.keys import fingerprint
from dues.tenants.store import find_key
from tests.conftest import Ask, Merchant
from tests.running import Caller, new_reference

PAGE = 2


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "ROWS_AT_ONCE", PAGE)


async def call_of(database: Database, merchant: Merchant) -> Call:
    sha256 = fingerprint(merchant.key())
    assert sha256
    key = await find_key(database, sha256)
    assert key
    feed = Feed(database, Watermark(database), Notifier(database))
    query = decode_query(b"order=created_at", LISTS["bills"].query)
    return Call(key=key, name="", query=query, idempotency_key=None, database=database, feed=feed)


async def begun(database: Database, merchant: Merchant, turns: Turns | None = None) -> Document:
    """An export of bills, of which the first page is made."""
    lists = LISTS["bills"].does
    assert isinstance(lists, Lists)
    call = structs.replace(await call_of(database, merchant), turns=turns or Turns(database))
    document = await write.export(lists, call, "bills")
    assert not isinstance(document, Refusal)
    return document


async def read(parts: AsyncIterator[bytes]) -> list[dict[str, str]]:
    text = b"".join([part async for part in parts]).decode()
    return list(csv.DictReader(io.StringIO(text)))


async def close(document: Document) -> None:
    await document.parts.aclose()  # type: ignore[attr-defined]


def test_a_payment_made_meanwhile_is_in_it_whole_or_not_at_all(
    alice: Caller, merchant: Merchant, ask: Ask[Any], small_pages: None
) -> None:
    account = new_reference("A")
    alice.open_account(external_reference=account, currency="ZAR", balance=0)
    bills = [alice.make_bill(account=account, amount_due=100).json() for _ in range(3 * PAGE + 1)]
    first, last = bills[0]["external_reference"], bills[-1]["external_reference"]
    parts = [{"bill": first, "amount": 100}, {"bill": last, "amount": 100}]
    paid = {"account": account, "external_reference": new_reference("P"), "amount": 200, "currency": "ZAR"}

    async def exported(database: Database) -> list[dict[str, str]]:
        document = await begun(database, merchant)
        pieces = document.parts
        got = [await anext(pieces)]  # the first page, with the first bill
        answer = await asyncio.to_thread(alice.post, "/billing/payments", paid | {"parts": parts})
        assert answer.status_code == 201, answer.text
        await asyncio.to_thread(alice.make_bill, account=account)
        got += [piece async for piece in pieces]
        assert len(got) == 4
        return list(csv.DictReader(io.StringIO(b"".join(got).decode())))

    before = ask(exported)
    assert [row["id"] for row in before] == [bill["id"] for bill in bills]
    assert {row["status"] for row in before} == {"unpaid"}
    after = ask(lambda database: _read_all(database, merchant))
    assert [row["status"] for row in after] == ["paid", *["unpaid"] * (3 * PAGE - 1), "paid", "unpaid"]


async def _read_all(database: Database, merchant: Merchant) -> list[dict[str, str]]:
    return await read((await begun(database, merchant)).parts)


def test_few_are_had_at_a_time_one_of_each_tenant_and_the_others_wait(
    new_merchant: Callable[[], Merchant], ask: Ask[Any], small_pages: None
) -> None:
    merchants = [new_merchant() for _ in range(EXPORTS_AT_A_TIME + 1)]
    for one in merchants:
        for _ in range(PAGE + 1):
            one.caller().make_bill()

    async def take_turns(database: Database) -> None:
        turns = Turns(database)
        first = await begun(database, merchants[0], turns)
        again = asyncio.create_task(begun(database, merchants[0], turns))
        await asyncio.sleep(0.05)
        assert not again.done(), "there is room, but not for the same tenant"
        others = [await begun(database, one, turns) for one in merchants[1:-1]]
        last = asyncio.create_task(begun(database, merchants[-1], turns))
        await asyncio.sleep(0.1)
        assert not again.done()
        assert not last.done()
        with pytest.raises(Unavailable):
            async with turns.export_of((await call_of(database, merchants[0])).tenant.id, 0.01):
                pass
        # Read to its end, or given up in the middle: its turn is somebody else's.
        await read(first.parts)
        await anext(others[0].parts)
        await close(others[0])
        assert len(await read((await again).parts)) == PAGE + 1
        assert len(await read((await last).parts)) == PAGE + 1

    ask(take_turns)


def test_nobody_reads_for_ever(
    alice: Caller, merchant: Merchant, ask: Ask[Any], small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "EXPORT_SECONDS", 0.0)
    for _ in range(PAGE + 1):
        alice.make_bill()

    async def slowly(database: Database) -> None:
        document = await begun(database, merchant)
        with pytest.raises(Unavailable):
            await read(document.parts)

    ask(slowly)
