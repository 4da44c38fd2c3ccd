"""The rules for opening an account, without a database."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.accounts import Account, NewAccount, OpenedAccount, open_account
from dues.domain.customers import Customer, NewCustomer
from dues.domain.entries import Cause
from dues.domain.money import AMOUNT_MAX
from dues.domain.refusals import Refusal
from tests.domain.owed import head_of, owed, rules
from tests.domain.there import There

NOW = Cause(1, "req_1", "key", datetime(2026, 1, 5, 8, 30, tzinfo=UTC))

FIRST = owed(Customer(id="bcus_old", external_reference="CUST-1"))
SECOND = owed(Customer(id="bcus_other", external_reference="CUST-2"))
ACCOUNT = owed(Account(id="bacc_old", external_reference="A-1", customer_id="bcus_old"))
NOTHING = There()

balances = st.none() | st.integers(-2 * AMOUNT_MAX, 2 * AMOUNT_MAX) | st.sampled_from([0, AMOUNT_MAX, -AMOUNT_MAX])
customers = st.sampled_from(["CUST-1", "bcus_old"]) | st.builds(
    NewCustomer, external_reference=st.just("CUST-2"), currency=st.just("ZAR"), balance=balances
)
requests = st.builds(
    NewAccount, customer=customers, external_reference=st.just("A-1"), currency=st.just("ZAR"), balance=balances
)
lookups = st.sets(st.sampled_from(["CUST-1", "CUST-2", "A-1"])).map(
    lambda names: There(*(one for one in (FIRST, SECOND, ACCOUNT) if one.of.external_reference in names))
)


def is_safe(balance: int | None) -> bool:
    return balance is None or abs(balance) <= AMOUNT_MAX


@given(requests, lookups)
def test_it_opens_exactly_what_can_be_opened(request: NewAccount, there: There) -> None:
    if isinstance(request.customer, NewCustomer):
        has_customer = is_safe(request.customer.balance) and there.find_id("customer", "CUST-2") is None
    else:
        has_customer = there.find_id("customer", "CUST-1") is not None
    possible = is_safe(request.balance) and has_customer and there.find_id("account", "A-1") is None

    outcome = open_account(request, there, NOW)

    assert isinstance(outcome, OpenedAccount) == possible


@given(requests, lookups)
def test_every_balance_that_is_opened_equals_its_entries(request: NewAccount, there: There) -> None:
    outcome = open_account(request, there, NOW)
    if isinstance(outcome, Refusal):
        return
    opened = [change for change in (outcome.account, outcome.customer) if change]
    for change in opened:
        owner: Account | Customer = change.after.of
        entries = [entry for one in opened for entry in one.entries if entry.owner_id == owner.id]
        assert (change.before, change.after.head) == (None, head_of(entries))
        if owner.balance is None:
            assert entries == []
        else:
            assert [entry.amount for entry in entries] == [owner.balance]
            assert [entry.balance_after for entry in entries] == [owner.balance]
            assert [entry.number for entry in entries] == [1]


@given(requests)
def test_a_new_customer_owns_the_account_it_came_with(request: NewAccount) -> None:
    outcome = open_account(request, There(FIRST), NOW)
    if isinstance(outcome, OpenedAccount):
        assert (outcome.customer is not None) == isinstance(request.customer, NewCustomer)
        customer = outcome.customer.after if outcome.customer else FIRST
        assert outcome.account.after.of.customer_id == customer.of.id


def test_what_is_opened_comes_with_the_merchants_rules_for_its_currency() -> None:
    newcomer = NewCustomer(external_reference="X", currency="JPY")
    account = NewAccount(customer=newcomer, external_reference="A", currency="ZAR")
    both = {("account", "ZAR"): rules(1), ("customer", "JPY"): rules(2), ("account", "JPY"): rules(3)}
    outcome = open_account(account, There(rules=both), NOW)
    assert isinstance(outcome, OpenedAccount)
    assert outcome.customer
    assert (outcome.account.after.default_rules, outcome.customer.after.default_rules) == (rules(1), rules(2))


@pytest.mark.parametrize(
    ("request_", "there", "code", "pointer"),
    [
        (
            NewAccount(customer="CUST-1", external_reference="A-1"),
            NOTHING,
            "customer_not_found",
            "/customer",
        ),
        (
            NewAccount(customer="CUST-1", external_reference="A-1"),
            There(FIRST, ACCOUNT),
            "external_reference_taken",
            "/external_reference",
        ),
        (
            NewAccount(customer=NewCustomer(external_reference="CUST-2"), external_reference="A-1"),
            There(SECOND, ACCOUNT),
            "external_reference_taken",
            "/customer/external_reference",
        ),
        (
            NewAccount(customer="CUST-1", external_reference="A-1", currency="ZAR", balance=AMOUNT_MAX + 1),
            There(ACCOUNT),
            "amount_out_of_range",
            "/balance",
        ),
        (
            NewAccount(
                customer=NewCustomer(external_reference="CUST-2", currency="ZAR", balance=-AMOUNT_MAX - 1),
                external_reference="A-1",
            ),
            There(SECOND),
            "amount_out_of_range",
            "/customer/balance",
        ),
    ],
)
def test_it_refuses_by_name_and_says_where(request_: NewAccount, there: There, code: str, pointer: str) -> None:
    outcome = open_account(request_, there, NOW)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.pointer) == (code, pointer)
