"""The JSON of a page of a list."""

from typing import Annotated, Any

from msgspec import Struct

from dues.domain.fields import says
from dues.ledger.wire import EntryBody
from dues.resources.accounts.wire import AccountBody
from dues.resources.bills.wire import BillBody
from dues.resources.customers.wire import CustomerBody
from dues.resources.events.wire import EventBody
from dues.resources.payments.wire import PaymentBody
from dues.resources.webhook_endpoints.wire import DeliveryBody
from dues.webhooks.wire import WebhookEndpointBody


class PageBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page. `next_cursor` is there while `has_more`."""

    data: list[Any]
    has_more: Annotated[bool, says("Whether there is another page.")]
    next_cursor: Annotated[str, says("The `cursor` of the next page, where there is one.")] | None = None


class CustomerListBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """A page of customers, newest first. `next_cursor` is there while `has_more`."""

    data: list[CustomerBody]


class AccountListBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """A page of accounts, newest first. `next_cursor` is there while `has_more`."""

    data: list[AccountBody]


class BillListBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """A page of bills, newest first. `next_cursor` is there while `has_more`."""

    data: list[BillBody]


class PaymentListBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """A page of payments, newest first. `next_cursor` is there while `has_more`."""

    data: list[PaymentBody]


class EntryListBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """A page of ledger entries, newest first. `next_cursor` is there while `has_more`."""

    data: list[EntryBody]


class EventListBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """A page of events. Oldest first, there always is a `next_cursor`: it is where to go on, later."""

    data: list[EventBody]


class WebhookEndpointListBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """A page of webhook endpoints, newest first. `next_cursor` is there while `has_more`."""

    data: list[WebhookEndpointBody]


class DeliveryListBody(PageBody, frozen=True, kw_only=True, omit_defaults=True):
    """A page of deliveries, newest event first. `next_cursor` is there while `has_more`."""

    data: list[DeliveryBody]
