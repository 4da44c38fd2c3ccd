"""Why a well-formed request is refused: a closed list of names, each with what it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, cast

from msgspec import Struct

from dues.domain.payment_rules import PaymentRules

RefusalCode = Literal[
    "account_not_found",
    "already_closed",
    "amount_above_key_limit",
    "amount_exceeds_applied",
    "amount_out_of_range",
    "application_exceeds_unapplied",
    "balance_not_tracked",
    "below_payments",
    "bill_not_found",
    "bill_paid",
    "bill_voided",
    "closing_not_found",
    "closing_not_last",
    "credit_exceeds_bill",
    "credit_not_found",
    "credit_reversed",
    "currency_mismatch",
    "customer_not_found",
    "daily_limit_reached",
    "etag_mismatch",
    "event_not_found",
    "external_reference_taken",
    "export_not_completed",
    "export_not_found",
    "folder_not_found",
    "folder_not_ready",
    "idempotency_key_not_found",
    "idempotency_key_reused",
    "import_not_found",
    "import_not_tried",
    "key_limited",
    "overpayment_not_allowed",
    "not_supported",
    "nothing_to_apply",
    "mail_not_found",
    "mail_not_set",
    "mail_without_address",
    "owner_mismatch",
    "payment_above_maximum",
    "payment_below_minimum",
    "payment_link_not_found",
    "checkout_not_found",
    "payment_link_over",
    "payment_link_unreadable",
    "payment_not_allowed",
    "payment_not_found",
    "payment_not_reversed",
    "payment_outweighed",
    "payment_represented",
    "payment_request_not_found",
    "payment_request_over",
    "payment_reversed",
    "period_closed",
    "refund_exceeds_unapplied",
    "statement_too_long",
    "test_clock_backwards",
    "test_clock_out_of_range",
    "too_many_bills",
    "resend_under_way",
    "too_many_events",
    "too_many_webhook_endpoints",
    "underpayment_not_allowed",
    "validation_failed",
    "webhook_endpoint_disabled",
    "webhook_endpoint_not_found",
]

MEANINGS: Final[dict[RefusalCode, str]] = {
    "account_not_found": "No account of this merchant and mode has this id or external reference.",
    "already_closed": "These days are closed already. Only the days after them can be closed now.",
    "amount_above_key_limit": "The amount is above what this key may move at once.",
    "amount_exceeds_applied": "The payment has less applied there than is to be taken back.",
    "amount_out_of_range": "An amount, or a sum that it leads to, would leave ±9,007,199,254,740,991, "
    "the range that every JSON client represents exactly. Nothing was changed.",
    "application_exceeds_unapplied": "More is to be applied than is held of the payment: see its `amount_unapplied`.",
    "balance_not_tracked": "This object has no balance, so there is nothing to adjust. PATCH gives it one.",
    "below_payments": "Payments that stand have brought more than that. Reverse or unapply one to take money back.",
    "bill_not_found": "No bill of this merchant and mode has this id or external reference.",
    "bill_paid": "Something was paid of this bill, or a payment stands on it, so it cannot be voided.",
    "bill_voided": "This bill was voided, for good: it can neither be paid nor changed.",
    "closing_not_found": "No closing of this merchant and mode has this id.",
    "closing_not_last": "Only the last closing can be reopened, and only once: a later one is built on it.",
    "credit_exceeds_bill": "The bill comes to less than it is to be lowered by, or was lowered by so much before.",
    "credit_not_found": "This bill has no credit with this id or external reference.",
    "credit_reversed": "This credit was reversed already.",
    "currency_mismatch": "The currency is not that of the object it is about: amounts of different currencies "
    "cannot be added up.",
    "customer_not_found": "No customer of this merchant and mode has this id or external reference.",
    "daily_limit_reached": "With this amount the key would have moved more in this currency today, by UTC, than it may "
    "in a day. What was refused, and what was only previewed, does not count; what was reversed still does.",
    "etag_mismatch": "The object has changed since the `ETag` in `If-Match` was read. Read it again, then decide.",
    "event_not_found": "No event of this merchant and mode has this id, or it is older than events are kept.",
    "external_reference_taken": "Another object of the same kind already has this external reference. "
    "References are unique per merchant, mode and kind, and for good. `existing` is that object, and `differs` names "
    "the members in which the request is another: where that is empty, it is what was asked for.",
    "export_not_completed": "The file of an export is there once it is completed.",
    "export_not_found": "No export of this merchant and mode has this id, or it has expired.",
    "folder_not_found": "No folder of this closing was asked for, or it has expired: have it made.",
    "folder_not_ready": "The folder of this closing is being made, or could not be: `detail` says which.",
    "idempotency_key_not_found": "No answer is stored for this idempotency key: it was never used, its request was "
    "not carried out, or it has expired.",
    "idempotency_key_reused": "This idempotency key was first used for a different request. "
    "Use a new key for a new request.",
    "import_not_found": "No import of this merchant and mode has this id, or it has expired.",
    "import_not_tried": "Only a dry run that has ended can be applied.",
    "key_limited": "A key that may move so much and no more cannot send files, of which nobody knows what they move.",
    "not_supported": "Moment has this, and dues does not.",
    "nothing_to_apply": "It is not said what is paid by this request: name a customer, an account, a bill or bills.",
    "overpayment_not_allowed": "More than what is due would be paid, and the payment rules do not allow that.",
    "mail_not_found": "No mail of this merchant and mode has this id.",
    "mail_not_set": "This server sends no mail: whoever runs it sets `DUES_MAIL_URL` and `DUES_MAIL_FROM`.",
    "mail_without_address": "Nobody said where to send it: `to` was left out, and the customer has no `email`.",
    "owner_mismatch": "What is named together belongs to different owners: a bill's account is another customer's, or "
    "a bill in a payment's `parts` is not of the customer or account that is paid.",
    "payment_above_maximum": "The payment is above the `max_amount` of the payment rules.",
    "payment_below_minimum": "The payment is below the `min_amount` of the payment rules, and not exactly what is "
    "outstanding.",
    "checkout_not_found": "No checkout of this merchant and mode has this id.",
    "payment_link_over": "The payment link takes no more payments: it was withdrawn, has expired, or was used.",
    "payment_link_unreadable": "The address of the payment link cannot be told: the server does not know its public "
    "URL (`DUES_PUBLIC_URL`), or lacks the key that the address was encrypted with (`DUES_SECRET_KEY`).",
    "payment_link_not_found": "No payment link of this merchant and mode has this id or external reference.",
    "payment_not_allowed": "This cannot be paid: it has no payment rules, neither its own nor the merchant's default "
    "for its kind and currency; or it tracks no amount.",
    "payment_not_found": "No payment of this merchant and mode has this id or external reference. For a collector: "
    "none of its own.",
    "payment_not_reversed": "Only a payment that was reversed can come again.",
    "payment_outweighed": "Less is recorded as paid of the bill than is to be taken back: its `amount_paid` was "
    "lowered by hand.",
    "payment_represented": "This reversed payment has come again already, as another one.",
    "payment_request_not_found": "No payment request of this merchant and mode has this id or external reference.",
    "payment_request_over": "This payment request was paid, has expired or was called off: only an active one can be "
    "changed.",
    "payment_reversed": "This payment was reversed already.",
    "period_closed": "It is of a day that is closed. A secret key without restrictions may enter it all the same, and "
    "has to say why: in the header `Dues-Closed-Period-Reason`, under a new idempotency key. Nothing was changed.",
    "refund_exceeds_unapplied": "More is to be refunded than is held of the payment. To give back what a bill took, "
    "credit the bill or unapply the payment first.",
    "statement_too_long": "More is in the statement than can be answered at once, or set on paper. Ask for fewer days, "
    "or for text/csv, which may be as long as it is.",
    "test_clock_backwards": "The time to advance the test clock to is before its present time. It only goes forward.",
    "test_clock_out_of_range": "The test clock would be more than ten years ahead of the server's time.",
    "too_many_bills": "The payment would go over more bills than one payment may. Split it.",
    "resend_under_way": "Other events are being sent again to this webhook endpoint. Ask again when that is done.",
    "too_many_events": "More events than one call may ask for. Ask for a shorter time.",
    "too_many_webhook_endpoints": "A merchant may have 100 webhook endpoints in each mode.",
    "underpayment_not_allowed": "Less than what is due would be paid, and the payment rules do not allow that.",
    "validation_failed": "Members of the body break a rule. `errors` lists every one, with a JSON Pointer to it.",
    "webhook_endpoint_disabled": "Nothing is sent to this webhook endpoint. Enable it first.",
    "webhook_endpoint_not_found": "No webhook endpoint of this merchant and mode has this id.",
}


class Existing(Struct, frozen=True, kw_only=True):
    """What is there already: which object, how it stands, and what it comes to in minor units of its currency: what is
    due of a bill, the balance of an account or a customer."""

    id: str
    created_at: datetime
    status: str | None = None
    amount: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A named no. `pointer` names the member of the body it is about, `detail` is a sentence to act on."""

    code: RefusalCode
    detail: str
    pointer: str | None = None
    rule: str | None = None
    """Which rule of the member was broken, where that has a name of its own."""
    outstanding: int | None = None
    """Of a payment: what could be paid, in minor units …"""
    payment_rules: PaymentRules | None = None
    """… and the rules that hold."""
    existing: Existing | None = None
    """Of a reference that is taken: what has it …"""
    differs: Sequence[str] | None = None
    """… and the members in which the request is another."""


def not_found(noun: str, name: str, pointer: str | None = None) -> Refusal:
    """There is no object of this kind that is called so."""
    code = cast(RefusalCode, f"{noun}_not_found")
    return Refusal(code, f"There is no {noun.replace('_', ' ')} {name!r}.", pointer)
