"""A reference that is taken by one request of a group: those after it are told of what that has made."""

import asyncio
import json

from dues.db.database import Database
from dues.idempotency.answers import Answer
from tests.commands.steps import Name, Sequence, Step
from tests.commands.world import NOW, play

CUSTOMER, BILL = Name("customer", "CUST", by_id=False), Name("bill", "INV", by_id=False)

NEW_CUSTOMER = {"external_reference": "CUST", "name": "J"}
NEW_BILL = {"external_reference": "INV", "customer": CUSTOMER, "currency": "ZAR", "amount_due": 500}
PAYMENT = {"external_reference": "EFT", "amount": 300, "currency": "ZAR"}

STEPS = [
    Step(0, "customers.create", NEW_CUSTOMER),
    Step(0, "customers.create", NEW_CUSTOMER | {"name": "K"}),
    Step(0, "bills.create", NEW_BILL),
    Step(0, "payments.create", PAYMENT | {"bill": BILL}),
    Step(0, "payments.create", PAYMENT | {"bill": BILL, "amount": 200}),
    Step(0, "payments.reverse", {"reason": "bounced"}, Name("payment", "EFT", by_id=False)),
    Step(0, "payments.create", PAYMENT | {"customer": CUSTOMER}),
    Step(0, "bills.update", {"amount_paid": 500}, BILL),
    Step(0, "bills.create", NEW_BILL),
    Step(1, "bills.create", NEW_BILL | {"customer": NEW_CUSTOMER}),
]


def test_what_a_group_has_made_is_told_as_it_is_by_then(database_url: str) -> None:
    async def told(cuts: list[int]) -> list[tuple[int, dict[str, object], list[str]]]:
        database = await Database.connect(database_url, 2)
        try:
            world, _ = await play(database, Sequence(STEPS, cuts, [False] * len(cuts)))
        finally:
            await database.close()
        taken = []
        for answer in world.answers.values():
            assert isinstance(answer, Answer)
            if answer.status == 409:
                problem = json.loads(answer.body)
                assert problem["existing"]["id"] in {one.object_id for one in world.answers.values()}
                del problem["existing"]["id"]
                taken.append((answer.status, problem["existing"], problem["differs"]))
        assert world.answers[len(STEPS) - 1].status == 200, "it is another tenant's"
        return taken

    made = {"created_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}
    expected = [
        (409, made, ["name"]),
        (409, made | {"status": "applied", "amount": 300, "currency": "ZAR"}, ["amount"]),
        (409, made | {"status": "reversed", "amount": 300, "currency": "ZAR"}, ["customer"]),
        (409, made | {"status": "paid", "amount": 500, "currency": "ZAR"}, []),
    ]
    assert asyncio.run(told([5])) == expected
    assert asyncio.run(told([])) == expected
