"""Every path of the server, on one screen."""

import msgspec

from dues.commands.shapes import adjust_balance_owner, list_of, look, update_balance_owner
from dues.domain.accounts import AccountChanges, NewAccount
from dues.domain.adjustments import NewAdjustment
from dues.domain.bills import BillChanges, NewBill
from dues.domain.customers import CustomerChanges, NewCustomer
from dues.domain.reversals import NewReversal
from dues.http.endpoints import HTML, Floor, change, create, fixed, pay, read
from dues.http.event_routes import event_routes
from dues.http.health import healthz, metrics, readyz
from dues.http.lists import history, listing
from dues.http.metrics import Metrics
from dues.http.openapi import document
from dues.http.problems import PROBLEM_TYPES
from dues.http.route_table import Routes
from dues.http.test_clock import advance_test_clock, read_test_clock
from dues.http.totals import daily_totals
from dues.pages.docs import docs_page
from dues.pages.errors import errors_page
from dues.resources.accounts.create import CREATE_ACCOUNTS
from dues.resources.accounts.store import ACCOUNT, ACCOUNTS
from dues.resources.bills.create import CREATE_BILLS
from dues.resources.bills.store import BILL, BILLS
from dues.resources.bills.update import UPDATE_BILLS, VOID_BILLS
from dues.resources.customers.create import CREATE_CUSTOMERS
from dues.resources.customers.store import CUSTOMER, CUSTOMERS
from dues.resources.idempotency_keys.read import READ_IDEMPOTENCY_KEYS
from dues.resources.payables import payable_of
from dues.resources.payments.create import CREATE_PAYMENTS
from dues.resources.payments.preview import PREVIEW_PAYMENTS
from dues.resources.payments.reverse import REVERSE_PAYMENTS
from dues.resources.payments.store import PAYMENT, PAYMENTS


def routes(floor: Floor, counts: Metrics) -> Routes:
    """Path to method to endpoint."""
    return {**_api(floor), **event_routes(floor), **_doors(floor, counts)}


def _api(floor: Floor) -> Routes:
    """What needs a key."""
    customer, account, bill, payment = "customer", "account", "bill", "payment"
    return {
        "/billing/customers": {
            "GET": listing(floor, CUSTOMERS, list_of(CUSTOMER, CUSTOMERS)),
            "POST": create(floor, CREATE_CUSTOMERS, NewCustomer),
        },
        "/billing/customers/{customer}": {
            "GET": read(floor, look(CUSTOMER), customer, timed=True),
            "PATCH": change(floor, update_balance_owner(CUSTOMER), customer, CustomerChanges, 200),
        },
        "/billing/customers/{customer}/adjustments": {
            "POST": change(floor, adjust_balance_owner(CUSTOMER), customer, NewAdjustment, 201)
        },
        "/billing/customers/{customer}/entries": {"GET": history(floor, CUSTOMER)},
        "/billing/customers/{customer}/payable": {"GET": read(floor, payable_of(CUSTOMER), customer, collectors=True)},
        "/billing/accounts": {
            "GET": listing(floor, ACCOUNTS, list_of(ACCOUNT, ACCOUNTS)),
            "POST": create(floor, CREATE_ACCOUNTS, NewAccount),
        },
        "/billing/accounts/{account}": {
            "GET": read(floor, look(ACCOUNT), account, timed=True),
            "PATCH": change(floor, update_balance_owner(ACCOUNT), account, AccountChanges, 200),
        },
        "/billing/accounts/{account}/adjustments": {
            "POST": change(floor, adjust_balance_owner(ACCOUNT), account, NewAdjustment, 201)
        },
        "/billing/accounts/{account}/entries": {"GET": history(floor, ACCOUNT)},
        "/billing/accounts/{account}/payable": {"GET": read(floor, payable_of(ACCOUNT), account, collectors=True)},
        "/billing/bills": {
            "GET": listing(floor, BILLS, list_of(BILL, BILLS)),
            "POST": create(floor, CREATE_BILLS, NewBill),
        },
        "/billing/bills/{bill}": {
            "GET": read(floor, look(BILL), bill),
            "PATCH": change(floor, UPDATE_BILLS, bill, BillChanges, 200),
        },
        "/billing/bills/{bill}/void": {"POST": change(floor, VOID_BILLS, bill, None, 200)},
        "/billing/bills/{bill}/payable": {"GET": read(floor, payable_of(BILL), bill, collectors=True)},
        "/billing/payments": {
            "GET": listing(floor, PAYMENTS, list_of(PAYMENT, PAYMENTS)),
            "POST": pay(floor, CREATE_PAYMENTS, PREVIEW_PAYMENTS),
        },
        "/billing/payments/{payment}": {"GET": read(floor, look(PAYMENT), payment)},
        "/billing/payments/{payment}/reverse": {
            "POST": change(floor, REVERSE_PAYMENTS, payment, NewReversal, 200, collectors=True)
        },
        "/billing/test_clock": {"GET": read_test_clock(floor)},
        "/billing/test_clock/advance": {"POST": advance_test_clock(floor)},
        "/billing/daily_totals": {"GET": daily_totals(floor)},
        "/billing/idempotency_keys/{idempotency_key}": {"GET": read(floor, READ_IDEMPOTENCY_KEYS, "idempotency_key")},
    }


def _doors(floor: Floor, counts: Metrics) -> Routes:
    """What is open to everybody."""
    openapi = document(floor.docs_base)
    return {
        "/healthz": {"GET": healthz},
        "/readyz": {"GET": readyz(floor)},
        "/metrics": {"GET": metrics(floor, counts)},
        "/openapi.json": {"GET": fixed(msgspec.json.encode(openapi), b"application/json")},
        "/docs": {"GET": fixed(docs_page(openapi), HTML)},
        "/docs/errors": {"GET": fixed(errors_page(PROBLEM_TYPES), HTML)},
    }
