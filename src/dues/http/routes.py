"""Every path of the server, on one screen."""

import msgspec

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
from dues.resources.accounts.adjust import ADJUST_ACCOUNTS
from dues.resources.accounts.create import CREATE_ACCOUNTS
from dues.resources.accounts.entries import find_account_id
from dues.resources.accounts.list import list_accounts
from dues.resources.accounts.payable import SHOW_PAYABLE_ACCOUNTS
from dues.resources.accounts.read import READ_ACCOUNTS
from dues.resources.accounts.store import ACCOUNTS
from dues.resources.accounts.update import UPDATE_ACCOUNTS
from dues.resources.bills.create import CREATE_BILLS
from dues.resources.bills.list import list_bills
from dues.resources.bills.payable import SHOW_PAYABLE_BILLS
from dues.resources.bills.read import READ_BILLS
from dues.resources.bills.store import BILLS
from dues.resources.bills.update import UPDATE_BILLS
from dues.resources.bills.void import VOID_BILLS
from dues.resources.customers.adjust import ADJUST_CUSTOMERS
from dues.resources.customers.create import CREATE_CUSTOMERS
from dues.resources.customers.entries import find_customer_id
from dues.resources.customers.list import list_customers
from dues.resources.customers.payable import SHOW_PAYABLE_CUSTOMERS
from dues.resources.customers.read import READ_CUSTOMERS
from dues.resources.customers.store import CUSTOMERS
from dues.resources.customers.update import UPDATE_CUSTOMERS
from dues.resources.idempotency_keys.read import READ_IDEMPOTENCY_KEYS
from dues.resources.payments.create import CREATE_PAYMENTS
from dues.resources.payments.list import PAYMENTS, list_payments
from dues.resources.payments.preview import PREVIEW_PAYMENTS
from dues.resources.payments.read import READ_PAYMENTS
from dues.resources.payments.reverse import REVERSE_PAYMENTS


def routes(floor: Floor, counts: Metrics) -> Routes:
    """Path to method to endpoint."""
    return {**_api(floor), **event_routes(floor), **_doors(floor, counts)}


def _api(floor: Floor) -> Routes:
    """What needs a key."""
    customer, account, bill, payment = "customer", "account", "bill", "payment"
    return {
        "/billing/customers": {
            "GET": listing(floor, CUSTOMERS, list_customers),
            "POST": create(floor, CREATE_CUSTOMERS, NewCustomer),
        },
        "/billing/customers/{customer}": {
            "GET": read(floor, READ_CUSTOMERS, customer, timed=True),
            "PATCH": change(floor, UPDATE_CUSTOMERS, customer, CustomerChanges, 200),
        },
        "/billing/customers/{customer}/adjustments": {
            "POST": change(floor, ADJUST_CUSTOMERS, customer, NewAdjustment, 201)
        },
        "/billing/customers/{customer}/entries": {"GET": history(floor, customer, find_customer_id)},
        "/billing/customers/{customer}/payable": {
            "GET": read(floor, SHOW_PAYABLE_CUSTOMERS, customer, collectors=True)
        },
        "/billing/accounts": {
            "GET": listing(floor, ACCOUNTS, list_accounts),
            "POST": create(floor, CREATE_ACCOUNTS, NewAccount),
        },
        "/billing/accounts/{account}": {
            "GET": read(floor, READ_ACCOUNTS, account, timed=True),
            "PATCH": change(floor, UPDATE_ACCOUNTS, account, AccountChanges, 200),
        },
        "/billing/accounts/{account}/adjustments": {
            "POST": change(floor, ADJUST_ACCOUNTS, account, NewAdjustment, 201)
        },
        "/billing/accounts/{account}/entries": {"GET": history(floor, account, find_account_id)},
        "/billing/accounts/{account}/payable": {"GET": read(floor, SHOW_PAYABLE_ACCOUNTS, account, collectors=True)},
        "/billing/bills": {
            "GET": listing(floor, BILLS, list_bills),
            "POST": create(floor, CREATE_BILLS, NewBill),
        },
        "/billing/bills/{bill}": {
            "GET": read(floor, READ_BILLS, bill),
            "PATCH": change(floor, UPDATE_BILLS, bill, BillChanges, 200),
        },
        "/billing/bills/{bill}/void": {"POST": change(floor, VOID_BILLS, bill, None, 200)},
        "/billing/bills/{bill}/payable": {"GET": read(floor, SHOW_PAYABLE_BILLS, bill, collectors=True)},
        "/billing/payments": {
            "GET": listing(floor, PAYMENTS, list_payments),
            "POST": pay(floor, CREATE_PAYMENTS, PREVIEW_PAYMENTS),
        },
        "/billing/payments/{payment}": {"GET": read(floor, READ_PAYMENTS, payment)},
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
