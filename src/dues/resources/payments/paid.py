"""Writes what a payment, or its reversal, did to a bill or a balance: the object, its entries, its events."""

from dues.domain.accounts import Account
from dues.domain.bills import Bill
from dues.domain.customers import Customer
from dues.domain.paying import Paid
from dues.resources.accounts.update import write_account
from dues.resources.bills.update import write_bill
from dues.resources.customers.update import write_customer
from dues.work.work import Work


def write_paid(work: Work, tenant_id: int, paid: Paid) -> None:
    """Writes it as its own room does."""
    rules = paid.after.default_rules
    match paid.before.of, paid.after.of:
        case Bill() as old, Bill() as new:
            write_bill(work, tenant_id, old, new, paid.entries, rules)
        case Account() as before, Account() as after:
            write_account(work, tenant_id, before, after, paid.entries, rules)
        case Customer() as was, Customer() as is_now:
            write_customer(work, tenant_id, was, is_now, paid.entries, rules)
        case _:
            raise AssertionError("a payment changes nothing into something else")
