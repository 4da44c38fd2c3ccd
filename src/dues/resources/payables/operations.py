"""What the API tells of what can be paid."""

from typing import Any, Final

from dues.commands.kind import Kind
from dues.resources.accounts import operations as accounts
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills import operations as bills
from dues.resources.bills.store import BILL
from dues.resources.customers import operations as customers
from dues.resources.customers.store import CUSTOMER
from dues.resources.doing import Shows
from dues.resources.noun import Noun
from dues.resources.operation import Operation
from dues.resources.payables.read import PayableBody, payable_of


def _operation(noun: Noun, kind: Kind[Any]) -> Operation:
    return noun.one(
        "GET",
        "/payable",
        Shows(payable_of(kind)),
        id=f"retrieve_payable_of_{noun.noun}",
        tag="Payments",
        summary=f"What can be paid of {noun.a_noun}",
        description="What is outstanding, and the smallest and the largest payment that would be taken; or the reason "
        "why none would be. Of an account or a customer that is about its balance; `open_bills` says what its bills "
        "come to, which are paid by their names, or with `parts` or `allocation`. Send its `ETag` as `If-Match` with "
        "the payment, and it is taken only if this is still so.",
        answer=PayableBody,
        example={
            "id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
            "external_reference": "INV-2026-001",
            "payable": True,
            "outstanding": 150000,
            "currency": "ZAR",
            "min_amount": 100,
            "max_amount": 150000,
            "name": "J*** D***",
        },
        problems=("amount_out_of_range",),
        collectors=True,
    )


OPERATIONS: Final = (
    _operation(customers.NOUN, CUSTOMER),
    _operation(accounts.NOUN, ACCOUNT),
    _operation(bills.NOUN, BILL),
)
