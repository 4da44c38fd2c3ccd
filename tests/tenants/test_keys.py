"""API keys: their shape, and what is kept of them."""

import re
from datetime import UTC, datetime

import pytest

from dues.db.database import Database
from dues.tenants.keys import KeyKind, Mode, fingerprint, generate
from tests.conftest import Ask, Merchant

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mode", "kind", "shape"),
    [
        ("test", "secret", r"sk_test_[0-9A-Za-z]{28}"),
        ("live", "secret", r"sk_[0-9A-Za-z]{28}"),
        ("test", "public", r"pk_test_[0-9A-Za-z]{28}"),
        ("live", "public", r"pk_[0-9A-Za-z]{28}"),
        ("test", "collector", r"ck_test_[0-9A-Za-z]{28}"),
        ("live", "collector", r"ck_[0-9A-Za-z]{28}"),
    ],
)
def test_a_key_tells_its_mode_and_kind(mode: Mode, kind: KeyKind, shape: str) -> None:
    assert re.fullmatch(shape, generate(mode, kind, NOW).secret)


def test_no_two_keys_are_alike() -> None:
    assert len({generate("live", "secret", NOW).secret for _ in range(1_000)}) == 1_000


def test_a_key_does_not_show_itself_by_accident() -> None:
    key = generate("live", "secret", NOW)
    assert key.secret not in repr(key)


@pytest.mark.parametrize("text", ["", "sk_", "sk_test_", "SK_" + "a" * 28, "sk_" + "a" * 27 + "ä", "sk_" + "a" * 65])
def test_what_can_be_no_key_is_not_even_looked_up(text: str) -> None:
    assert fingerprint(text) is None


def test_nothing_in_the_database_is_a_key(merchant: Merchant, ask: Ask[str]) -> None:
    async def everything(database: Database) -> str:
        rows = await database.rows("select k::text as row from api_keys k")
        return "\n".join(row["row"] for row in rows)

    kept = ask(everything)

    for key in merchant.keys:
        assert key.secret not in kept
        assert key.secret.removeprefix("sk_").removeprefix("pk_").removeprefix("test_")[:10] not in kept
        assert key.last_four in kept
