"""What a decision asks of a ledger counts what those before it in the same group have written there."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dues.db.database import Database
from dues.idempotency.answers import Answer
from tests.commands.steps import BEGINNING, FIBRE, Name, Sequence, Step
from tests.commands.world import play
from tests.conftest import Ask

BEFORE = "2126-01-05T08:29:00Z"
CALLED = Name("account", "account 0", by_id=False)
FEE = {"amount": 5, "reason": "Fee", "external_reference": "FEE-1"}

Group = Callable[..., list[Answer]]


@pytest.fixture
def group(ask: Ask[list[Answer]]) -> Group:
    """Carries out steps behind the beginning, all in one group or (`apart`) each in its own; their answers.

    The beginning: an account that owes 80, of which 9 are paid.
    """

    def run(*steps: Step, apart: bool) -> list[Answer]:
        async def answers(database: Database) -> list[Answer]:
            everything = [*BEGINNING, *steps]
            cuts = [1] * len(everything) if apart else []
            world, _ = await play(database, Sequence(everything, cuts, [False] * len(cuts)))
            return [world.answers[number] for number in range(len(BEGINNING), len(everything))]

        return ask(answers)

    return run


def update(name: Name = FIBRE, **changes: Any) -> Step:
    """A PATCH of the account."""
    return Step(0, "accounts.update", changes, name)


@pytest.mark.parametrize("apart", [True, False])
def test_a_payment_before_it_is_kept_and_told_of(group: Group, apart: bool) -> None:
    told, kept, again = group(
        update(balance=75),
        update(CALLED, balance=79, balance_as_of=BEFORE),
        update(balance=90),
        apart=apart,
    )
    assert (json.loads(told.body)["balance"], told.warning) == (75, "payments_overwritten;sum=9;currency=ZAR")
    assert (json.loads(kept.body)["balance"], kept.warning) == (70, None)
    assert again.warning is None, "the balance was set since"


@pytest.mark.parametrize("apart", [True, False])
def test_a_name_that_was_given_before_it_is_taken(group: Group, apart: bool) -> None:
    first, second = group(Step(0, "accounts.adjust", FEE, FIBRE), Step(0, "accounts.adjust", FEE, CALLED), apart=apart)
    assert (first.status, second.status) == (200, 409)
    assert json.loads(second.body)["existing"]["id"] == json.loads(first.body)["id"]
