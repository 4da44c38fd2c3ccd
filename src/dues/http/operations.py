"""Every operation of the API as people are told of it: one table, which the OpenAPI document is made from."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from dues.domain.accounts import AccountChanges, NewAccount
from dues.domain.adjustments import NewAdjustment
from dues.domain.bills import BillChanges, NewBill
from dues.domain.customers import CustomerChanges, NewCustomer
from dues.domain.new_payments import NewPayment
from dues.domain.reversals import NewReversal
from dues.domain.test_clock import TestClockAdvance
from dues.http.event_operations import EVENT_OPERATIONS
from dues.http.examples import (
    ACCOUNT,
    BILL,
    CUSTOMER,
    DAILY_TOTALS,
    ENTRY,
    IDEMPOTENCY_KEY,
    PAYABLE,
    PAYMENT,
    PAYMENT_PREVIEW,
    REVERSAL,
    TEST_CLOCK,
    page_of,
)
from dues.http.operation import PAGE, TEXT, Operation, query
from dues.http.pages import AccountListBody, BillListBody, CustomerListBody, EntryListBody, PaymentListBody
from dues.http.request_examples import REQUESTS
from dues.http.webhook_operations import WEBHOOK_OPERATIONS
from dues.ledger.wire import EntryBody
from dues.resources.accounts.wire import AccountBody
from dues.resources.bills.wire import BillBody
from dues.resources.customers.wire import CustomerBody
from dues.resources.daily_totals.wire import DailyTotalsBody
from dues.resources.idempotency_keys.wire import IdempotencyKeyBody
from dues.resources.payables import PayableBody
from dues.resources.payments.preview import PaymentPreviewBody
from dues.resources.payments.wire import PaymentBody
from dues.resources.test_clock.wire import TestClockBody

_BY_REFERENCE: Final = query("external_reference", "Only the one with this reference.", TEXT)
_BY_CURRENCY: Final = query("currency", "Only those in this currency.", TEXT)
_BY_CUSTOMER: Final = query("customer", "Only this customer's: id or reference.", TEXT)
_BY_ACCOUNT: Final = query("account", "Only this account's: id or reference.", TEXT)
_BY_STATUS: Final = query(
    "status", "Only those of this status.", {"type": "string", "enum": ["unpaid", "paid", "voided"]}
)
_BY_METADATA: Final = query(
    "metadata[key]",
    "Only those whose metadata has this value under `key`; write your own key for it. Several must all fit.",
    TEXT,
)

_AS_OF: Final = query(
    "as_of",
    "Show the balance that it had at this time, by the ledger.",
    {"type": "string", "format": "date-time"},
)

_CUSTOMER_PARAMETER: Final = ("customer", "The customer's id (`bcus_…`) or external reference, percent-encoded.")
_ACCOUNT_PARAMETER: Final = (
    "account",
    "The account's id (`bacc_…`) or external reference, percent-encoded: `INV/2024/001` is `INV%2F2024%2F001`.",
)
_BILL_PARAMETER: Final = ("bill", "The bill's id (`bill_…`) or external reference, percent-encoded.")

_PAYMENT_PARAMETER: Final = ("payment", "The payment's id (`pay_…`) or external reference, percent-encoded.")

_PREVIEW: Final = query(
    "preview", "`true`: only tell what the payment would do.", {"type": "string", "enum": ["true", "false"]}
)

_PATCH: Final = "Only what is sent changes; `null` clears. Metadata merges: `null` deletes a key. "
_BALANCE: Final = (
    "A `balance` replaces the one there is, and the ledger records the difference; send `If-Match` "
    "with the `ETag` you saw, so that nothing that happened since is overwritten."
)


class _Room(Struct, frozen=True, kw_only=True):
    """What differs between nouns in what every noun has."""

    noun: str
    parameter: tuple[str, str]
    new: type
    changes: type
    body: type
    page: type
    example: Mapping[str, Any]
    create: str
    creates: str
    updates: str
    create_problems: Sequence[str]
    update_problems: Sequence[str]
    filters: list[dict[str, Any]]
    timed: list[dict[str, Any]]

    @property
    def a_noun(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"


def _operations(room: _Room) -> dict[tuple[str, str], Operation]:
    """What every noun has: create, list, retrieve, update."""
    path, tag = f"/billing/{room.noun}s", f"{room.noun.title()}s"
    missing = f"{room.noun}_not_found"
    return {
        ("POST", path): Operation(
            id=f"create_{room.noun}",
            tag=tag,
            summary=room.create,
            description=room.creates,
            status=201,
            answer=room.body,
            example=room.example,
            problems=room.create_problems,
            request=room.new,
            request_examples=REQUESTS[f"create_{room.noun}"],
        ),
        ("GET", path): Operation(
            id=f"list_{room.noun}s",
            tag=tag,
            summary=f"List {room.noun}s",
            description=f"The {room.noun}s that fit every filter, newest first, and what was just created too.",
            status=200,
            answer=room.page,
            example=page_of(room.example),
            query=[*PAGE, *room.filters],
        ),
        ("GET", f"{path}/{{{room.noun}}}"): Operation(
            id=f"retrieve_{room.noun}",
            tag=tag,
            summary=f"Retrieve {room.a_noun}",
            description="By its id or by its external reference. What was answered with 201 is there at once.",
            status=200,
            answer=room.body,
            example=room.example,
            problems=(missing,),
            parameter=room.parameter,
            query=room.timed,
            conditional=True,
        ),
        ("PATCH", f"{path}/{{{room.noun}}}"): Operation(
            id=f"update_{room.noun}",
            tag=tag,
            summary=f"Update {room.a_noun}",
            description=_PATCH + room.updates,
            status=200,
            answer=room.body,
            example=room.example,
            problems=(missing, *room.update_problems),
            request=room.changes,
            request_examples=REQUESTS[f"update_{room.noun}"],
            parameter=room.parameter,
            conditional=True,
        ),
    }


def _ledger(noun: str, parameter: tuple[str, str]) -> dict[tuple[str, str], Operation]:
    """What everything with a balance has: adjustments and entries."""
    article = "an" if noun[0] in "aeiou" else "a"
    return {
        ("POST", f"/billing/{noun}s/{{{noun}}}/adjustments"): Operation(
            id=f"adjust_{noun}",
            tag="Ledger",
            summary=f"Adjust the balance of {article} {noun}",
            description="Changes the balance by a signed amount: positive makes it owe more. Safe beside any other "
            "change, where a `balance` in a PATCH overwrites.",
            status=201,
            answer=EntryBody,
            example=ENTRY,
            problems=(f"{noun}_not_found", "balance_not_tracked", "amount_out_of_range"),
            request=NewAdjustment,
            tagged=False,
            request_examples=REQUESTS["adjust"],
            parameter=parameter,
            conditional=True,
        ),
        ("GET", f"/billing/{noun}s/{{{noun}}}/entries"): Operation(
            id=f"list_{noun}_entries",
            tag="Ledger",
            summary=f"List the entries of {article} {noun}",
            description="Every change of its balance, newest first. Entries never change.",
            status=200,
            answer=EntryListBody,
            example=page_of(ENTRY),
            problems=(f"{noun}_not_found",),
            parameter=parameter,
            query=PAGE,
        ),
    }


def _payable(noun: str, parameter: tuple[str, str]) -> dict[tuple[str, str], Operation]:
    """What can be paid of a noun."""
    article = "an" if noun[0] in "aeiou" else "a"
    return {
        ("GET", f"/billing/{noun}s/{{{noun}}}/payable"): Operation(
            id=f"retrieve_payable_of_{noun}",
            tag="Payments",
            summary=f"What can be paid of {article} {noun}",
            description="What is outstanding, and the smallest and the largest payment that would be taken; or the "
            "reason why none would be. Send its `ETag` as `If-Match` with the payment, and it is taken only if this "
            "is still so.",
            status=200,
            answer=PayableBody,
            example=PAYABLE,
            problems=(f"{noun}_not_found",),
            parameter=parameter,
            conditional=True,
            collectors=True,
        ),
    }


_CUSTOMERS: Final = _Room(
    noun="customer",
    parameter=_CUSTOMER_PARAMETER,
    new=NewCustomer,
    changes=CustomerChanges,
    body=CustomerBody,
    page=CustomerListBody,
    example=CUSTOMER,
    create="Register a customer",
    creates="Only the reference is required. A `balance` needs its `currency`, and opens the ledger.",
    updates=_BALANCE,
    create_problems=("external_reference_taken", "amount_out_of_range"),
    update_problems=("currency_mismatch", "amount_out_of_range"),
    filters=[_BY_REFERENCE, _BY_CURRENCY, _BY_METADATA],
    timed=[_AS_OF],
)

_ACCOUNTS: Final = _Room(
    noun="account",
    parameter=_ACCOUNT_PARAMETER,
    new=NewAccount,
    changes=AccountChanges,
    body=AccountBody,
    page=AccountListBody,
    example=ACCOUNT,
    create="Open an account",
    creates="Opens an account for a customer: an existing one, named by id or by reference, or a new one, "
    "given as an object and created in the same transaction. If either is refused, neither exists.",
    updates=_BALANCE,
    create_problems=("customer_not_found", "external_reference_taken", "amount_out_of_range"),
    update_problems=("currency_mismatch", "amount_out_of_range"),
    filters=[_BY_REFERENCE, _BY_CUSTOMER, _BY_CURRENCY, _BY_METADATA],
    timed=[_AS_OF],
)

_BILLS: Final = _Room(
    noun="bill",
    parameter=_BILL_PARAMETER,
    new=NewBill,
    changes=BillChanges,
    body=BillBody,
    page=BillListBody,
    example=BILL,
    create="Make a bill",
    creates="For a customer or for an account, each named by id or reference or given as a new object: one "
    "call can make customer, account and bill, all or none.",
    updates="`amount_paid` is the new total of what was paid; what remains and the status follow from it, "
    "and lowering it reopens the bill.",
    create_problems=(
        "customer_not_found",
        "account_not_found",
        "external_reference_taken",
        "amount_out_of_range",
        "currency_mismatch",
        "owner_mismatch",
    ),
    update_problems=("bill_voided", "currency_mismatch", "overpayment_not_allowed", "amount_out_of_range"),
    filters=[_BY_REFERENCE, _BY_CUSTOMER, _BY_ACCOUNT, _BY_STATUS, _BY_CURRENCY, _BY_METADATA],
    timed=[],
)

OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    **_operations(_CUSTOMERS),
    **_operations(_ACCOUNTS),
    **_operations(_BILLS),
    ("POST", "/billing/bills/{bill}/void"): Operation(
        id="void_bill",
        tag="Bills",
        summary="Void a bill",
        description="For good: a voided bill can be neither paid nor changed. It takes no body.",
        status=200,
        answer=BillBody,
        example=BILL | {"status": "voided"},
        problems=("bill_not_found", "bill_paid", "bill_voided"),
        parameter=_BILL_PARAMETER,
        conditional=True,
    ),
    **_ledger("customer", _CUSTOMER_PARAMETER),
    **_ledger("account", _ACCOUNT_PARAMETER),
    ("POST", "/billing/payments"): Operation(
        id="create_payment",
        tag="Payments",
        summary="Record a payment",
        description="For exactly one of a bill, an account or a customer, under its payment rules: the balance falls, "
        "or what was paid of the bill rises. An account or customer may pay several of its bills at once: name them "
        "in `parts`, or let `allocation` find them. With `?preview=true` nothing is done: the answer is 200, tells "
        "what the payment would be applied to, and is stored under no key.",
        status=201,
        answer=PaymentBody,
        example=PAYMENT,
        previews=(PaymentPreviewBody, PAYMENT_PREVIEW),
        problems=(
            "customer_not_found",
            "account_not_found",
            "bill_not_found",
            "external_reference_taken",
            "bill_voided",
            "payment_not_allowed",
            "currency_mismatch",
            "payment_below_minimum",
            "payment_above_maximum",
            "underpayment_not_allowed",
            "overpayment_not_allowed",
            "owner_mismatch",
            "too_many_bills",
            "amount_out_of_range",
        ),
        request=NewPayment,
        request_examples=REQUESTS["create_payment"],
        query=[_PREVIEW],
        conditional=True,
        collectors=True,
    ),
    ("GET", "/billing/payments"): Operation(
        id="list_payments",
        tag="Payments",
        summary="List payments",
        description="The payments that fit every filter, newest first, and what was just created too.",
        status=200,
        answer=PaymentListBody,
        example=page_of(PAYMENT),
        query=[
            *PAGE,
            _BY_REFERENCE,
            _BY_CUSTOMER,
            _BY_ACCOUNT,
            query("bill", "Only those of which something was applied to this bill: id or reference.", TEXT),
            query("status", "Only those of this status.", {"type": "string", "enum": ["applied", "reversed"]}),
            _BY_CURRENCY,
            _BY_METADATA,
        ],
    ),
    ("GET", "/billing/payments/{payment}"): Operation(
        id="retrieve_payment",
        tag="Payments",
        summary="Retrieve a payment",
        description="By its id or by its external reference.",
        status=200,
        answer=PaymentBody,
        example=PAYMENT,
        problems=("payment_not_found",),
        parameter=_PAYMENT_PARAMETER,
        conditional=True,
    ),
    ("POST", "/billing/payments/{payment}/reverse"): Operation(
        id="reverse_payment",
        tag="Payments",
        summary="Reverse a payment",
        description="For good, and all of it: what it was applied to is as if it had not come, by a contra entry in "
        "each ledger; bills that it paid are open again.",
        status=200,
        answer=PaymentBody,
        example=PAYMENT | {"status": "reversed", "reversal": REVERSAL},
        problems=(
            "payment_not_found",
            "payment_reversed",
            "payment_outweighed",
            "bill_voided",
            "balance_not_tracked",
            "currency_mismatch",
            "amount_out_of_range",
        ),
        request=NewReversal,
        request_examples=REQUESTS["reverse_payment"],
        parameter=_PAYMENT_PARAMETER,
        conditional=True,
        collectors=True,
    ),
    **_payable("customer", _CUSTOMER_PARAMETER),
    **_payable("account", _ACCOUNT_PARAMETER),
    **_payable("bill", _BILL_PARAMETER),
    ("GET", "/billing/daily_totals"): Operation(
        id="retrieve_daily_totals",
        tag="Payments",
        summary="What was paid and taken back on a day",
        description="By currency: the payments that were recorded that day (UTC), and those that were reversed that "
        "day. A collector sees its own.",
        status=200,
        answer=DailyTotalsBody,
        example=DAILY_TOTALS,
        query=[
            query("day", "The day, YYYY-MM-DD; today where it is not said.", {"type": "string", "format": "date"}),
            query("collector", "Only what the collector with this key's id (`key_…`) brought.", TEXT),
        ],
        collectors=True,
    ),
    **EVENT_OPERATIONS,
    **WEBHOOK_OPERATIONS,
    ("GET", "/billing/test_clock"): Operation(
        id="retrieve_test_clock",
        tag="Test clock",
        summary="What time it is for your test data",
        description="The server's time, until the clock was advanced. For test keys alone.",
        status=200,
        answer=TestClockBody,
        example=TEST_CLOCK,
        problems=("test_mode_required",),
    ),
    ("POST", "/billing/test_clock/advance"): Operation(
        id="advance_test_clock",
        tag="Test clock",
        summary="Move the time of your test data forward",
        description="By `seconds` or `to` a time, for good: all that test keys do from then on is of that time, and "
        "what lasts for a while in test mode ends by it. At most ten years ahead. For test keys alone; live data has "
        "no clock but the real one.",
        status=200,
        answer=TestClockBody,
        example=TEST_CLOCK,
        problems=("test_mode_required", "test_clock_backwards", "test_clock_out_of_range"),
        request=TestClockAdvance,
        request_examples=REQUESTS["advance_test_clock"],
        tagged=False,
    ),
    ("GET", "/billing/idempotency_keys/{idempotency_key}"): Operation(
        id="retrieve_idempotency_key",
        tag="Idempotency keys",
        summary="What became of an idempotency key",
        description="For a program that lost an answer: whether the request under this key was carried out, how it "
        "was answered, and what it created.",
        status=200,
        answer=IdempotencyKeyBody,
        example=IDEMPOTENCY_KEY,
        problems=("idempotency_key_not_found",),
        parameter=("idempotency_key", "The `Idempotency-Key` of the first request, percent-encoded."),
    ),
}
