"""The webhooks of the OpenAPI document: what is sent to the endpoints of a merchant, by type of event."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, defstruct

from dues.events.catalogue import MEANINGS
from dues.events.envelope import EnvelopeBody
from dues.http.openapi_schemas import component, reference
from dues.resources.accounts.wire import AccountBody
from dues.resources.bills.wire import BillBody
from dues.resources.checkouts.wire import CheckoutBody
from dues.resources.closings.wire import ClosingBody
from dues.resources.credits.wire import CreditBody
from dues.resources.customers.wire import CustomerBody
from dues.resources.imports.wire import ImportBody
from dues.resources.mails.wire import MailBody
from dues.resources.payment_links.wire import PaymentLinkBody
from dues.resources.payment_requests.wire import PaymentRequestBody
from dues.resources.payments.wire import AmountAppliedBody, PaymentBody
from dues.webhooks.wire import WebhookEndpointBody

WEBHOOKS_TAG: Final = "Webhooks"


def _sent(body: type[Struct]) -> type[Struct]:
    """An event that is about such an object."""
    noun = component(body.__name__)
    return defstruct(
        f"{noun}EventBody",
        [("data", body)],
        bases=(EnvelopeBody,),
        namespace={"__doc__": f"What is sent of an event. `data` is of the shape {noun}."},
        frozen=True,
        kw_only=True,
    )


_BY_TYPE: Final[Mapping[str, type[Struct]]] = {
    "bill.credit_reversed": (_CREDIT := _sent(CreditBody)),
    "bill.credited": _CREDIT,
}
"""Where the first word of the type does not tell."""

_BY_NOUN: Final[Mapping[str, type[Struct]]] = {
    "account": _sent(AccountBody),
    "bill": _sent(BillBody),
    "checkout": _sent(CheckoutBody),
    "closing": _sent(ClosingBody),
    "customer": _sent(CustomerBody),
    "import": _sent(ImportBody),
    "mail": _sent(MailBody),
    "obligation": _sent(AmountAppliedBody),
    "payment": _sent(PaymentBody),
    "payment_link": _sent(PaymentLinkBody),
    "payment_request": _sent(PaymentRequestBody),
    "webhook_endpoint": _sent(WebhookEndpointBody),
}
"""By the first word of the event's type."""

SENT: Final = (*_BY_NOUN.values(), _CREDIT)


def webhooks() -> dict[str, Any]:
    """Every type of event, and what a receiver of it gets."""
    return {name: {"post": _webhook(name, meaning)} for name, meaning in MEANINGS.items()}


def _webhook(name: str, meaning: str) -> dict[str, Any]:
    body = _BY_TYPE.get(name) or _BY_NOUN[name.partition(".")[0]]
    return {
        "operationId": f"receive_{name.replace('.', '_')}",
        # Of their own: generators put what has one tag into one file, and these would take the place of calls.
        "tags": [WEBHOOKS_TAG],
        "summary": name,
        "description": meaning,
        # It is sent to the receiver: what it shows is a signature, and no key.
        "security": [],
        "parameters": [
            {"name": header, "in": "header", "required": required, "description": says, "schema": {"type": "string"}}
            for header, required, says in _HEADERS
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": reference(component(body.__name__))}},
        },
        "responses": {
            "200": {"description": "It was taken. Any other 2xx says so too; nobody reads the answer's body."},
            "410": {"description": "Nothing more is to be sent to this endpoint: it is disabled."},
            "default": {"description": "It was not taken, and is sent again later."},
        },
    }


_HEADERS: Final = (
    ("webhook-id", True, "The event's id; the same however often it is sent."),
    ("webhook-timestamp", True, "When this attempt was made, in seconds since 1970."),
    ("webhook-signature", True, "`v1,` and a signature, one or several with spaces between: see Standard Webhooks."),
    ("dues-object", False, "The id of the object that the event is about."),
    ("dues-sequence", False, "The event's number among those of its object: 1, 2, 3 …"),
)
