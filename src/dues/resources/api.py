"""Every operation of the API: what each room offers. `docs/reference/api.md` has them all on one screen."""

from collections.abc import Iterable
from typing import Final

from dues.resources.accounts import operations as accounts
from dues.resources.ageing import operations as ageing
from dues.resources.batch import operations as batch
from dues.resources.bills import operations as bills
from dues.resources.checkouts import operations as checkouts
from dues.resources.clock import operations as test_clock
from dues.resources.closings import operations as closings
from dues.resources.closings.folder import operations as folders
from dues.resources.control_totals import operations as control_totals
from dues.resources.credits import operations as bill_credits
from dues.resources.customers import operations as customers
from dues.resources.daily_totals import operations as daily_totals
from dues.resources.doing import Lists
from dues.resources.events import operations as events
from dues.resources.idempotency_keys import operations as idempotency_keys
from dues.resources.imports import operations as imports
from dues.resources.journal import operations as journal
from dues.resources.mails import operations as mails
from dues.resources.operation import Operation
from dues.resources.payables import operations as payables
from dues.resources.payment_links import operations as payment_links
from dues.resources.payment_requests import operations as payment_requests
from dues.resources.payments import operations as payments
from dues.resources.receipts import operations as receipts
from dues.resources.refunds import operations as refunds
from dues.resources.reports import operations as reports
from dues.resources.statements import operations as statements
from dues.resources.stored_exports import operations as exports
from dues.resources.summaries import operations as summaries
from dues.resources.webhook_endpoints import operations as webhook_endpoints

OPERATIONS: Final[tuple[Operation, ...]] = (
    *customers.OPERATIONS,
    *accounts.OPERATIONS,
    *bills.OPERATIONS,
    *bill_credits.OPERATIONS,
    *payments.OPERATIONS,
    *receipts.OPERATIONS,
    *refunds.OPERATIONS,
    *payables.OPERATIONS,
    *payment_links.OPERATIONS,
    *checkouts.OPERATIONS,
    *payment_requests.OPERATIONS,
    *mails.OPERATIONS,
    *summaries.OPERATIONS,
    *daily_totals.OPERATIONS,
    *events.OPERATIONS,
    *webhook_endpoints.OPERATIONS,
    *test_clock.OPERATIONS,
    *imports.OPERATIONS,
    *exports.OPERATIONS,
    *batch.OPERATIONS,
    *journal.OPERATIONS,
    *reports.OPERATIONS,
    *statements.OPERATIONS,
    *ageing.OPERATIONS,
    *control_totals.OPERATIONS,
    *closings.OPERATIONS,
    *folders.OPERATIONS,
    *idempotency_keys.OPERATIONS,
)

LISTS: Final[dict[str, Operation]] = {
    operation.path.rpartition("/")[2]: operation
    for operation in OPERATIONS
    if isinstance(operation.does, Lists) and not operation.parameters
}
"""What can be exported by itself, by the name in its path."""

SCOPES: Final = tuple(dict.fromkeys(operation.scope for operation in OPERATIONS if operation.scope))
"""What a key can be allowed, beside `noun:*`."""


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Those that are none."""
    known = {*SCOPES, *(f"{scope.partition(':')[0]}:*" for scope in SCOPES)}
    return [scope for scope in scopes if scope not in known]
