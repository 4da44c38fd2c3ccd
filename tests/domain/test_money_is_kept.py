"""No cent is lost or made, whatever happens in whatever order: every step is reckoned again in plain numbers."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dues.domain.accounts import Account
from dues.domain.bills import Bill
from dues.domain.customers import Customer
from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import PaymentRules
from tests.domain.owed import bill, rules, unbroken
from tests.domain.reckoning import BILLS, OF_ACCOUNT, PAYERS, Line, Reckoning
from tests.domain.steps import Adjust, Books, Pay, Reverse, SetBalance, SetPaid, SetRules, Step, Void


def mostly(usual: st.SearchStrategy[Any], *seldom: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What is usual, eight times as often as each of the others."""
    return st.sampled_from([*[usual] * 8, *seldom]).flatmap(lambda one: one)


small = st.integers(1, 40)
easy = st.builds(rules, most=st.integers(25, 90), over=st.booleans())
hard = st.builds(
    lambda least, more, over: rules(least, least + more, under=False, over=over), small, small, st.booleans()
)
picky = st.builds(lambda least, more: rules(least, least + more), small, small)
some_rules = easy | easy | hard | picky
balances = mostly(st.integers(-30, 60), st.integers(1 - AMOUNT_MAX, 20 - AMOUNT_MAX), st.just(AMOUNT_MAX - 5))
bills, payers, anything = (st.sampled_from([*some]) for some in (BILLS, PAYERS, [*BILLS, *PAYERS]))
currencies = mostly(st.just("ZAR"), st.just("USD"))


@st.composite
def in_parts(draw: st.DrawFn) -> Pay:
    """A payment whose parts name some bills of whoever pays, and that may leave a rest."""
    payer = draw(payers)
    named = draw(st.lists(st.sampled_from(PAYERS[payer]), min_size=1, unique=True))
    parts = tuple((one, draw(st.integers(1, 20) | st.just(BILLS[one]))) for one in named)
    rest = draw(st.sampled_from([0, 0, 1, 5, 20]))
    return Pay(payer, sum(paid for _, paid in parts) + rest, draw(currencies), parts)


pays = (
    st.builds(Pay, anything, small | st.sampled_from([15, 20, 30]), currencies)
    | in_parts()
    | st.builds(Pay, payers, st.integers(1, 90), currencies, oldest_first=st.just(True))
)
reversals = st.builds(Reverse, st.integers(0, 9))
totals = mostly(st.integers(0, 40), st.sampled_from([0, AMOUNT_MAX - 9, AMOUNT_MAX, AMOUNT_MAX + 1]))
changes = [
    st.builds(Void, bills),
    st.builds(SetPaid, bills, totals),
    st.builds(SetBalance, payers, currencies, mostly(balances, st.sampled_from([None, AMOUNT_MAX + 1]))),
    st.builds(SetRules, anything, st.none() | some_rules),
    st.builds(Adjust, payers, st.integers(-40, 40).filter(bool) | st.sampled_from([-AMOUNT_MAX, AMOUNT_MAX])),
]
steps = st.lists(mostly(pays, *[reversals] * 3, *changes), min_size=5, max_size=30)


beginnings = st.builds(
    lambda account, customer, default: (
        [Account(id="bacc_1", external_reference="A", customer_id="bcus_jane", currency="ZAR", balance=account)]
        + [Customer(id="bcus_jane", external_reference="J", currency="ZAR", balance=customer)]
        + [bill(due, id=one, account_id="bacc_1" if one in OF_ACCOUNT else None).of for one, due in BILLS.items()],
        default,
    ),
    mostly(balances, st.none()),
    mostly(balances, st.none()),
    mostly(easy, st.none(), hard, picky),
)
Beginning = tuple[list[Bill | Account | Customer], PaymentRules | None]


def walk(beginning: Beginning, all_: list[Step]) -> Iterator[tuple[Books, Step, bool, bool, bytes]]:
    """After each step: the books, the step, whether it was to be accepted, whether it was, the books before it."""
    opened, default = beginning
    books = Books(opened, default)
    lines = {
        one.id: Line(one.amount_due, "ZAR", 0, None) if isinstance(one, Bill) else Line(None, "ZAR", one.balance, None)
        for one in opened
    }
    reckoning = Reckoning(lines, default)
    for step in all_:
        if isinstance(step, Reverse):
            if not books.payments:
                continue
            step = Reverse(step.number % len(books.payments))
        before = books.everything()
        expected = reckoning.take(step)
        yield books, step, expected, books.take(step) is None, before
        for id_, line in lines.items():
            assert books.amount(id_) == line.amount


@settings(max_examples=150)
@given(beginnings, steps)
def test_a_step_is_accepted_just_when_the_rules_allow_it_and_every_amount_is_what_it_comes_to(
    beginning: Beginning, all_: list[Step]
) -> None:
    for _, step, expected, accepted, _ in walk(beginning, all_):
        assert accepted == expected, step


@settings(max_examples=150)
@given(beginnings, steps)
def test_a_refused_step_changes_nothing(beginning: Beginning, all_: list[Step]) -> None:
    for books, _, _, accepted, before in walk(beginning, all_):
        assert accepted or books.everything() == before


@settings(max_examples=150)
@given(beginnings, steps)
def test_a_payment_is_the_sum_of_its_applications_and_of_its_entries(beginning: Beginning, all_: list[Step]) -> None:
    for books, _, _, _, _ in walk(beginning, all_):
        entries = [entry for chain in books.chains.values() for entry in chain]
        for payment in books.payments:
            owners = [one.owner_id for one in payment.applications]
            assert len(set(owners)) == len(owners)
            assert sum(one.amount for one in payment.applications) == payment.amount
            assert min(one.amount for one in payment.applications) > 0
            moved = {"payment": 0, "reversal": 0}
            for entry in entries:
                if entry.payment_id == payment.id:
                    moved[entry.kind] += abs(entry.amount)
            assert moved == {"payment": payment.amount, "reversal": payment.amount if payment.reversal else 0}


@settings(max_examples=150)
@given(beginnings, steps)
def test_every_chain_is_unbroken_and_ends_at_the_amount(beginning: Beginning, all_: list[Step]) -> None:
    for books, _, _, _, _ in walk(beginning, all_):
        for id_, chain in books.chains.items():
            assert unbroken(chain)
            assert sum(entry.amount for entry in chain) == (books.amount(id_) or 0)


@settings(max_examples=150)
@given(beginnings, steps)
def test_the_status_of_a_bill_follows_what_was_paid_of_it(beginning: Beginning, all_: list[Step]) -> None:
    for books, _, _, _, _ in walk(beginning, all_):
        for one in books.objects.values():
            if isinstance(one, Bill) and one.status == "voided":
                assert one.amount_paid == 0
            elif isinstance(one, Bill):
                assert one.status == ("paid" if one.amount_paid >= one.amount_due else "unpaid")
