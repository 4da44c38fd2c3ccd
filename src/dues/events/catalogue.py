"""Every type of event there is, and what it tells. A name never changes once released."""

from typing import Final, Literal

EventType = Literal[
    "account.created",
    "account.updated",
    "bill.created",
    "bill.credit_reversed",
    "bill.credited",
    "bill.overdue",
    "bill.paid",
    "bill.updated",
    "bill.voided",
    "checkout.created",
    "checkout.expired",
    "checkout.failed",
    "checkout.orphaned",
    "checkout.paid",
    "closing.created",
    "closing.reopened",
    "customer.created",
    "customer.updated",
    "import.completed",
    "mail.created",
    "mail.failed",
    "mail.sent",
    "obligation.amount_applied",
    "payment.applied",
    "payment.refunded",
    "payment.represented",
    "payment.reversed",
    "payment.unapplied",
    "payment_link.created",
    "payment_link.paid",
    "payment_link.updated",
    "payment_link.withdrawn",
    "payment_request.created",
    "payment_request.paid",
    "payment_request.updated",
    "webhook_endpoint.disabled",
    "webhook_endpoint.test",
]

MEANINGS: Final[dict[EventType, str]] = {
    "account.created": "An account was opened. `data` is the account.",
    "account.updated": "An account or its balance was changed. `data` is the account as it is then.",
    "bill.created": "A bill was made. `data` is the bill.",
    "bill.credit_reversed": "A credit was taken back. `data` is the credit. It comes after `bill.updated`.",
    "bill.credited": "A bill was lowered with a reason. `data` is the credit. It comes after `bill.updated`.",
    "bill.overdue": "A bill that is not paid was due yesterday or before, by the merchant's day. `data` is the bill. "
    "It is told once.",
    "bill.paid": "Nothing remains to be paid of a bill. `data` is the bill. It comes after its `bill.updated`.",
    "bill.updated": "A bill, or what was paid of it, was changed. `data` is the bill as it is then.",
    "bill.voided": "A bill was voided, for good. `data` is the bill.",
    "checkout.created": "Somebody began to pay by a payment link. `data` is the checkout.",
    "checkout.expired": "A checkout was not paid in its time. `data` is the checkout. Where its money comes later, "
    "`checkout.paid` follows.",
    "checkout.failed": "A checkout was given up, or its processor refused. `data` is the checkout: `reason` says why.",
    "checkout.orphaned": "Money of a checkout came that no payment could be made of: somebody has to look at it. "
    "`data` is the checkout: `reason` says why.",
    "checkout.paid": "A checkout became a payment, `payment_id`. `data` is the checkout.",
    "closing.created": "The days up to one were closed. `data` is the closing, with its control totals.",
    "closing.reopened": "The days of the last closing are open again. `data` is the closing, with the reason.",
    "customer.created": "A customer was registered. `data` is the customer.",
    "customer.updated": "A customer or their balance was changed. `data` is the customer as it is then.",
    "import.completed": "Every row of a file has its verdict. `data` is the import.",
    "mail.created": "Somebody asked for a receipt or a statement to be sent. `data` is the mail.",
    "mail.failed": "A mail will not be sent any more: a mail server refused it, or none was there for days. `data` is "
    "the mail: `reason` says why.",
    "mail.sent": "A mail server has taken a mail. `data` is the mail.",
    "obligation.amount_applied": "So much of a payment was applied to a bill, or to the balance of an account or a "
    "customer. `data` says how much, to what, and of which payment. One for each application.",
    "payment.applied": "Money of a payment that was held was applied. `data` is the payment. It comes before an "
    "`obligation.amount_applied` for each application.",
    "payment.refunded": "Money of a payment that was held went out again. `data` is the payment.",
    "payment.represented": "A reversed payment came again: `represented_by` is as which. `data` is the reversed one.",
    "payment.reversed": "A payment was taken back, with all that it was applied to. `data` is the payment; what could "
    "not be taken back stands in `reversal.not_restored`. It comes after the updates of the others.",
    "payment.unapplied": "Money of a payment is held: it came so, or was taken back from where it was applied. `data` "
    "is the payment.",
    "payment_link.created": "A payment link was made. `data` is the link, without its `url`.",
    "payment_link.paid": "A payment came by a payment link. `data` is the link, without its `url`. What was paid is "
    "told by `obligation.amount_applied` and `checkout.paid`.",
    "payment_link.updated": "The payment request that a payment link is of was changed. `data` is the link, without "
    "its `url`.",
    "payment_link.withdrawn": "A payment link leads nowhere any more. `data` is the link, without its `url`.",
    "payment_request.created": "A payment was asked for. `data` is the request, without its `url`.",
    "payment_request.paid": "A payment request was paid: `payment_id`. `data` is the request, without its `url`.",
    "payment_request.updated": "A payment request was changed, or called off: its `status` is `expired` then. `data` "
    "is the request, without its `url`.",
    "webhook_endpoint.disabled": "Nothing is sent to a webhook endpoint any more: it answered 410, or nothing but "
    "failures for five days. `data` is the endpoint.",
    "webhook_endpoint.test": "You asked for it, to try an endpoint: that endpoint alone is sent it. `data` is the "
    "endpoint.",
}
