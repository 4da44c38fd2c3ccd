"""The whole way of an account, by a client that OpenAPI Generator made for Python. Arguments: base URL, key.

A program of its own, since what it imports is installed beside the generator, and not with the tests.
"""

import sys
import uuid

import openapi_client as dues  # type: ignore[import-not-found]

SAFE_MAX = 2**53 - 1


def main(base: str, key: str) -> None:
    """Raises where anything is not as the document says."""
    configuration = dues.Configuration(host=base, access_token=key)
    with dues.ApiClient(configuration) as client:
        account = open_account(client)
        bill = take_payment(client, account)
        look(client, account, bill)
    print("The whole way.")


def fresh(prefix: str) -> str:
    """A name that nobody used yet."""
    return f"{prefix}-{uuid.uuid4().hex}"


def open_account(client: dues.ApiClient) -> str:
    """A new customer's account, adjusted and changed; its reference."""
    accounts, ledger = dues.AccountsApi(client), dues.LedgerApi(client)
    reference = fresh("UAR/2024")
    customer = dues.NewCustomer(external_reference=fresh("CUST"), name="Jane Doe")
    new = dues.NewAccount(
        customer=dues.NewAccountCustomer(customer),
        external_reference=reference,
        currency="ZAR",
        balance=SAFE_MAX - 1,
        metadata={"plan": "gold"},
    )
    opened = accounts.create_account(fresh("key"), new)
    assert opened.balance == SAFE_MAX - 1
    seen = accounts.retrieve_account_with_http_info(reference)
    assert seen.data == opened
    entry = ledger.adjust_account(reference, fresh("key"), dues.NewAdjustment(amount=1, reason="To the last cent"))
    assert entry.balance_after == SAFE_MAX
    try:
        accounts.update_account(reference, dues.AccountChanges(name="x"), if_match=seen.headers["etag"])
        raise AssertionError("it took a stale ETag")
    except dues.ApiException as refused:
        assert (refused.status, refused.data.code) == (412, "etag_mismatch")
    tag = accounts.retrieve_account_with_http_info(reference).headers["etag"]
    changed = accounts.update_account(reference, dues.AccountChanges(name="Fibre", balance=0), if_match=tag)
    assert (changed.name, changed.balance) == ("Fibre", 0)
    return reference


def take_payment(client: dues.ApiClient, account: str) -> str:
    """A bill of it, paid, and the payment taken back; the bill's reference."""
    reference, payments = fresh("INV"), dues.PaymentsApi(client)
    new = dues.NewBill(
        external_reference=reference, currency="ZAR", amount_due=150_000, account=dues.NewBillAccount(account)
    )
    bill = dues.BillsApi(client).create_bill(fresh("key"), new)
    assert (bill.status, bill.amount_remaining) == ("unpaid", 150_000)
    payment = dues.NewPayment(external_reference=fresh("EFT"), amount=150_000, currency="ZAR", bill=reference)
    preview = payments.create_payment(fresh("key"), payment, preview=True)
    assert preview.applications[0].outstanding_after == 0
    paid = payments.create_payment(fresh("key"), payment)
    back = payments.reverse_payment(paid.id, fresh("key"), dues.NewReversal(reason="bounced"))
    assert (back.status, back.reversal.reason) == ("reversed", "bounced")
    later = dues.Bill.from_dict({**bill.to_dict(), "status": "disputed", "disputed_on": "2031-01-01"})
    assert later.status == "disputed"
    return reference


def look(client: dues.ApiClient, account: str, bill: str) -> None:
    """Lists, and what is wrong with a request."""
    found = dues.BillsApi(client).list_bills(account=account, currency="ZAR")
    assert [one.external_reference for one in found.data] == [bill]
    accounts = dues.AccountsApi(client)
    try:
        new = dues.NewAccount(customer=dues.NewAccountCustomer("x"), external_reference="x", currency="ZZZ")
        accounts.create_account(fresh("key"), new)
        raise AssertionError("it took nonsense")
    except dues.ApiException as refused:
        assert (refused.status, refused.data.code) == (400, "validation_failed")
        assert [one.pointer for one in refused.data.errors] == ["/currency"]


main(*sys.argv[1:])
