"""Random sequences of every command against two real servers, beside a small model of what the contract promises."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import initialize, run_state_machine_as_test

from dues.db.database import Database
from dues.db.transaction import Row
from tests.conftest import Ask, Merchant
from tests.journeys.journal import SOAK
from tests.journeys.model.at_once import AtOnce
from tests.journeys.model.books import STRICT
from tests.journeys.model.commands import Commands
from tests.journeys.model.holding import Holding
from tests.journeys.model.paying import Paying
from tests.journeys.model.reading import Reading
from tests.running import RunningServer

EXAMPLES, STEPS = (100, 80) if SOAK else (5, 50)

CLIENTS = 4


class Contract(AtOnce, Reading, Holding, Commands, Paying):
    """Every rule there is."""

    @initialize()
    def come_in(self) -> None:
        """A new merchant for every sequence, with one of each, and some bills of the account."""
        merchant = self.new_merchant()
        bases = self.bases()
        self.callers = [merchant.caller(base=bases[number % len(bases)]) for number in range(CLIENTS)]
        money = {"currency": "ZAR", "balance": 500, "metadata": {"z": "last", "a": "first"}}
        self.register_customer({"external_reference": "the first"} | money)
        self.open_account({"external_reference": "the first"} | money, None, 0)
        for reference, amount, more in (
            ("first", 1500, {"due_date": "2199-12-31"}),
            ("second", 700, {"due_date": "2199-01-01"}),
            ("third", 50, {"due_date": "2198-12-31", "payment_rules": STRICT}),
        ):
            bill = {"external_reference": f"the {reference}", "currency": "ZAR", "amount_due": amount, **more}
            self.make_bill(bill, "account", {}, None, 0, 0)


class PaidContract(Contract):
    """Mostly payments: there is little else than what is there at first."""

    # Without a decorator these are no rules any more.

    def register_customer(self, body: dict[str, Any]) -> None:
        """At the beginning only."""
        super().register_customer(body)

    def open_account(self, body: dict[str, Any], newcomer: dict[str, Any] | None, number: int) -> None:
        """At the beginning only."""
        super().open_account(body, newcomer, number)

    def change_customer(self, body: dict[str, Any], number: int, condition: str | None) -> None:
        """Never."""
        super().change_customer(body, number, condition)

    def reuse_a_key(self, number: int, reference: str) -> None:
        """Never."""
        super().reuse_a_key(number, reference)


CHAINS = """
select e.owner_id, array_agg(e.number order by e.number) as numbers, sum(e.amount)::bigint as total,
       max(b.amount_paid + b.amount_credited) as settled, max(p.amount_unapplied) as held
  from entries e
  join tenants t on t.id = e.tenant_id and t.merchant_id = any($1::text[])
  left join bills b on b.tenant_id = e.tenant_id and b.id = e.owner_id
  left join payments p on p.tenant_id = e.tenant_id and p.id = e.owner_id
 group by e.owner_id
"""


@pytest.mark.soak
@pytest.mark.parametrize("contract", [Contract, PaidContract])
def test_the_servers_do_what_the_contract_says(
    contract: type[Contract],
    new_merchant: Callable[[], Merchant],
    ask: Ask[list[Row]],
    server: RunningServer,
    second_server: RunningServer,
) -> None:
    merchants: list[str] = []

    class Here(contract):  # type: ignore[valid-type, misc]
        """On the servers of this run."""

        def bases(self) -> Sequence[str]:
            return [server.base, second_server.base]

        def new_merchant(self) -> Merchant:
            made = new_merchant()
            merchants.append(made.id)
            return made

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Ids and times are never the same again, so looking for a shorter sequence takes minutes and finds little.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            report_multiple_bugs=False,
            print_blob=True,
        ),
    )

    async def chains(database: Database) -> list[Row]:
        return await database.rows(CHAINS, merchants)

    found = ask(chains)
    assert len(found) > EXAMPLES
    for row in found:
        assert row["numbers"] == list(range(1, len(row["numbers"]) + 1))
        if row["owner_id"].startswith("bill_"):
            assert row["total"] == row["settled"]
        if row["owner_id"].startswith("pay_"):
            assert row["total"] == row["held"]
