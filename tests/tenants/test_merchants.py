"""A new merchant has all that it needs to begin with."""

from collections import Counter
from datetime import UTC, datetime

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.currencies import EXPONENTS
from dues.domain.payment_rules import NOUNS
from dues.tenants.merchants import create_merchant
from tests.conftest import Ask

FIND_RULES = """
select t.mode, r.kind, r.currency from default_payment_rules r join tenants t on t.id = r.tenant_id and t.cell = r.cell
 where t.merchant_id = $1
"""


def test_it_has_default_rules_for_every_noun_in_every_currency_and_mode(ask: Ask[list[Row]]) -> None:
    async def made(database: Database) -> list[Row]:
        async with database.transaction() as tx:
            merchant_id, _ = await create_merchant(tx, "A test", datetime.now(UTC))
            await tx.commit()
        return list(await database.rows(FIND_RULES, merchant_id))

    found = Counter((row["mode"], row["kind"], row["currency"]) for row in ask(made))
    assert found == Counter((mode, noun, code) for mode in ("test", "live") for noun in NOUNS for code in EXPONENTS)
