"""The rules for opening an account, without a database."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.accounts import NewAccount, OpenedAccount, Surroundings, open_account
from dues.domain.customers import NewCustomer
from dues.domain.entries import Cause
from dues.domain.money import AMOUNT_MAX
from dues.domain.refusals import Refusal

NOW = Cause(1, "req_1", "key", datetime(2026, 1, 5, 8, 30, tzinfo=UTC))

balances = st.none() | st.integers(-2 * AMOUNT_MAX, 2 * AMOUNT_MAX) | st.sampled_from([0, AMOUNT_MAX, -AMOUNT_MAX])
customers = st.just("CUST-1") | st.builds(
    NewCustomer, external_reference=st.just("CUST-2"), currency=st.just("ZAR"), balance=balances
)
requests = st.builds(
    NewAccount, customer=customers, external_reference=st.just("A-1"), currency=st.just("ZAR"), balance=balances
)
surroundings = st.builds(
    Surroundings, customer_id=st.none() | st.just("bcus_old"), account_reference_taken=st.booleans()
)


def is_safe(balance: int | None) -> bool:
    return balance is None or abs(balance) <= AMOUNT_MAX


@given(requests, surroundings)
def test_it_opens_exactly_what_can_be_opened(request: NewAccount, found: Surroundings) -> None:
    comes_along = isinstance(request.customer, NewCustomer)
    possible = (
        is_safe(request.balance)
        and (not isinstance(request.customer, NewCustomer) or is_safe(request.customer.balance))
        and (found.customer_id is None) == comes_along
        and not found.account_reference_taken
    )

    outcome = open_account(request, found, NOW)

    assert isinstance(outcome, OpenedAccount) == possible


@given(requests, surroundings)
def test_every_balance_that_is_opened_equals_its_entries(request: NewAccount, found: Surroundings) -> None:
    outcome = open_account(request, found, NOW)
    if isinstance(outcome, Refusal):
        return
    for owner in (outcome.account, outcome.new_customer):
        if owner is None:
            continue
        entries = [entry for entry in [*outcome.entries, *outcome.customer_entries] if entry.owner_id == owner.id]
        if owner.balance is None:
            assert entries == []
        else:
            assert [entry.amount for entry in entries] == [owner.balance]
            assert [entry.balance_after for entry in entries] == [owner.balance]
            assert [entry.number for entry in entries] == [1]


@given(requests)
def test_a_new_customer_owns_the_account_it_came_with(request: NewAccount) -> None:
    outcome = open_account(request, Surroundings(None, account_reference_taken=False), NOW)
    if isinstance(outcome, OpenedAccount):
        assert outcome.new_customer
        assert outcome.account.customer_id == outcome.new_customer.id


@pytest.mark.parametrize(
    ("request_", "found", "code", "pointer"),
    [
        (
            NewAccount(customer="X", external_reference="A"),
            Surroundings(None, False),
            "customer_not_found",
            "/customer",
        ),
        (
            NewAccount(customer="X", external_reference="A"),
            Surroundings("bcus_1", True),
            "external_reference_taken",
            "/external_reference",
        ),
        (
            NewAccount(customer=NewCustomer(external_reference="X"), external_reference="A"),
            Surroundings("bcus_1", False),
            "external_reference_taken",
            "/customer/external_reference",
        ),
        (
            NewAccount(customer="X", external_reference="A", currency="ZAR", balance=AMOUNT_MAX + 1),
            Surroundings(None, True),
            "amount_out_of_range",
            "/balance",
        ),
        (
            NewAccount(
                customer=NewCustomer(external_reference="X", currency="ZAR", balance=-AMOUNT_MAX - 1),
                external_reference="A",
            ),
            Surroundings(None, False),
            "amount_out_of_range",
            "/customer/balance",
        ),
    ],
)
def test_it_refuses_by_name_and_says_where(request_: NewAccount, found: Surroundings, code: str, pointer: str) -> None:
    outcome = open_account(request_, found, NOW)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.pointer) == (code, pointer)
