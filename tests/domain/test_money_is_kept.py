"""No cent is lost or made, whatever happens in whatever order: every step is reckoned again in plain numbers."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from dues.domain.accounts import Account
from dues.domain.bills import Bill
from dues.domain.customers import Customer
from dues.domain.entries import Entry
from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import PaymentRules
from dues.domain.payments import Payment
from tests.domain.owed import bill, rules, unbroken
from tests.domain.reckoning import BILLS, OF_ACCOUNT, PAYERS, Line, Reckoning
from tests.domain.steps import (
    Adjust,
    Apply,
    ApplyOldestFirst,
    Books,
    GiveBack,
    Lower,
    Pay,
    Raise,
    Reverse,
    SetBalance,
    SetPaid,
    SetPaidAsOnce,
    SetRules,
    Step,
    TakeBack,
    Void,
)
from tests.journeys.journal import SOAK


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
large = st.sampled_from([AMOUNT_MAX - 9, AMOUNT_MAX, AMOUNT_MAX + 1])
bills, payers, anything = (st.sampled_from([*some]) for some in (BILLS, PAYERS, [*BILLS, *PAYERS]))
currencies = mostly(st.just("ZAR"), st.just("USD"))


def parts_of(among: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[tuple[str, int], ...]]:
    """Some of these, each with a part."""
    named = st.lists(among, min_size=1, max_size=3, unique=True)
    part = st.integers(1, 20)
    return named.flatmap(
        lambda ids: st.tuples(*(st.tuples(st.just(one), part | st.just(BILLS.get(one, 7))) for one in ids))
    )


@st.composite
def in_parts(draw: st.DrawFn) -> Pay:
    """A payment whose parts name some bills of whoever pays, and that may leave a rest."""
    payer = draw(payers)
    parts = draw(parts_of(st.sampled_from(PAYERS[payer])))
    rest = draw(st.sampled_from([0, 0, 1, 5, 20]))
    return Pay(payer, sum(paid for _, paid in parts) + rest, draw(currencies), parts, hold=draw(st.booleans()))


numbers = st.integers(0, 19)
a_little = st.lists(st.tuples(anything, st.integers(1, 5)), min_size=1, max_size=2, unique_by=lambda part: part[0]).map(
    tuple
)
pays = (
    st.builds(Pay, anything, small | st.sampled_from([15, 20, 30]), currencies, hold=st.booleans())
    | in_parts()
    | st.builds(Pay, payers, st.integers(1, 90), currencies, oldest_first=st.just(True), hold=st.booleans())
)
WHERE_IT_IS = ""
"""Instead of a place: one that the payment went to."""

steps = st.lists(
    st.sampled_from(
        [
            *[pays] * 8,
            st.builds(lambda pay, number: structs.replace(pay, represents=number), pays, numbers),
            *[st.builds(Reverse, numbers)] * 3,
            *[st.builds(Apply, numbers, a_little)] * 3,
            st.builds(ApplyOldestFirst, numbers, payers),
            *[st.builds(TakeBack, numbers, st.just(WHERE_IT_IS), st.none() | st.integers(1, 15))] * 3,
            st.builds(TakeBack, numbers, anything, st.none() | small),
            st.builds(GiveBack, numbers, st.integers(1, 15)),
            *[st.builds(Lower, bills, mostly(small, st.just(AMOUNT_MAX)))] * 3,
            st.builds(Raise, numbers),
            mostly(st.builds(SetPaid, bills, st.integers(0, 40)), st.builds(SetPaid, bills, large)),
            st.builds(SetBalance, payers, currencies, mostly(balances, st.sampled_from([None, AMOUNT_MAX + 1]))),
            st.builds(SetRules, anything, st.none() | some_rules),
            st.builds(Adjust, payers, st.integers(-40, 40).filter(bool) | st.sampled_from([-AMOUNT_MAX, AMOUNT_MAX])),
            st.builds(Void, bills) | st.builds(SetPaidAsOnce, bills, st.integers(0, 9), st.just(False)),
            st.builds(Void, bills) | st.builds(SetPaidAsOnce, bills, st.just(0), st.just(True)),
        ]
    ).flatmap(lambda one: one),
    min_size=15,
    max_size=40,
)


Beginning = tuple[list[Bill | Account | Customer], PaymentRules | None]


def beginning_with(account: int | None, customer: int | None, default: PaymentRules | None) -> Beginning:
    """The bills, and an account and a customer with these balances."""
    opened: list[Bill | Account | Customer] = [
        Account(id="bacc_1", external_reference="A", customer_id="bcus_jane", currency="ZAR", balance=account),
        Customer(id="bcus_jane", external_reference="J", currency="ZAR", balance=customer),
    ]
    for one, due in BILLS.items():
        opened.append(bill(due, id=one, account_id="bacc_1" if one in OF_ACCOUNT else None).of)
    return opened, default


owner_balances = mostly(balances, st.none())
beginnings = st.builds(beginning_with, owner_balances, owner_balances, mostly(easy, st.none(), hard, picky))

EVERYTHING: list[Step] = [
    Pay("bill_1", 25, hold=True),
    Apply(0, (("bill_2", 2),)),
    ApplyOldestFirst(0, "bacc_1"),
    TakeBack(0, "bill_1", 10),
    GiveBack(0, 4),
    Lower("bill_2", 28),
    Raise(0),
    Reverse(0),
    Pay("bill_1", 20, represents=0),
    SetPaidAsOnce("bill_1", 1, False),
    Reverse(1),
    Pay("bacc_1", 5),
    SetBalance("bacc_1", "USD", 0),
    Reverse(2),
    Adjust("bcus_jane", 5),
    SetRules("bill_2", rules()),
    SetPaid("bill_3", 5),
    SetPaid("bill_3", 0),
    Void("bill_3"),
]
"""Each kind of step once, and none refused."""


def walk(beginning: Beginning, all_: list[Step]) -> Iterator[tuple[Books, Reckoning, Step, bool, bool, bytes]]:
    """After each step: the books, what they must come to, the step, whether it was to be accepted, whether it was, and
    the books before it."""
    opened, default = beginning
    books = Books(opened, default)
    lines = {
        one.id: Line(one.amount_due, "ZAR", 0, None) if isinstance(one, Bill) else Line(None, "ZAR", one.balance, None)
        for one in opened
    }
    reckoning = Reckoning(lines, default)
    for step in all_:
        possible = _of_what_is_there(step, books)
        if possible is None:
            continue
        before = books.everything()
        expected = reckoning.take(possible)
        yield books, reckoning, possible, expected, books.take(possible) is None, before


def _of_what_is_there(step: Step, books: Books) -> Step | None:
    """The step, with the number of a payment or credit that there is; None where it is about nothing that is there."""
    match step:
        case Raise(number):
            return Raise(number % len(books.credits)) if books.credits else None
        case SetPaidAsOnce(bill):
            return None if getattr(books.objects[bill], "status", "") == "voided" else step
        case Pay(represents=int(number)):
            again = [payment.status == "reversed" for payment in books.payments]
            return structs.replace(step, represents=_one_of(again, number)) if again else None
        case Reverse(number):
            return Reverse(number % len(books.payments)) if books.payments else None
        case Apply(number) | ApplyOldestFirst(number) | GiveBack(number):
            held = [payment.amount_unapplied > 0 for payment in books.payments]
            return structs.replace(step, number=_one_of(held, number)) if held else None
        case TakeBack(number, where):
            live = [any(one.live for one in payment.applications) for payment in books.payments]
            number = _one_of(live, number) if live else 0
            if not live or (not live[number] and where == WHERE_IT_IS):
                return None
            places = [one.owner_id for one in books.payments[number].applications if one.live]
            return TakeBack(number, where or places[step.number % len(places)], step.amount)
        case _:
            return step


def _one_of(suits: list[bool], number: int) -> int:
    """The number of one of those that suit, mostly; else of any."""
    suitable = [one for one, good in enumerate(suits) if good]
    return suitable[number % len(suitable)] if suitable and number % 5 else number % len(suits)


EXAMPLES = 2_000 if SOAK else 40

many = settings(max_examples=EXAMPLES)


@pytest.mark.soak
@many
@given(beginnings, steps)
@example(beginning_with(50, 0, rules(over=False)), EVERYTHING)
def test_a_step_is_accepted_just_when_the_rules_allow_it_and_every_amount_is_what_it_comes_to(
    beginning: Beginning, all_: list[Step]
) -> None:
    for books, reckoning, step, expected, accepted, _ in walk(beginning, all_):
        assert accepted == expected, step
        assert amounts_of(books) == amounts_that_must_be(reckoning)
        assert accepted or all_ is not EVERYTHING, step


def test_everything_that_can_be_done_is_among_the_steps() -> None:
    assert {type(step) for step in EVERYTHING} == {*get_args(Step)}
    *_, (books, _, _, _, _, _) = walk(beginning_with(50, 0, rules(over=False)), EVERYTHING)
    lost = [one.not_restored_reason for payment in books.payments for one in payment.applications if one.not_restored]
    assert lost == ["amount_paid_lowered", "currency_mismatch"]


def amounts_of(books: Books) -> object:
    """What the books say: of each thing that is owed, of each payment, of each credit."""
    return (
        {
            id_: (one.amount_paid, one.amount_applied, one.amount_credited, one.outstanding, one.status)
            if isinstance(one, Bill)
            else one.balance
            for id_, one in books.objects.items()
        },
        [
            (
                payment.amount_unapplied,
                payment.amount_refunded,
                {id_: payment.applied_to(id_) for id_ in books.objects},
                lost_of(payment),
                (payment.status, payment.represented_by is not None),
            )
            for payment in books.payments
        ],
        [credit.reversed_at is None for credit in books.credits],
    )


def lost_of(payment: Payment) -> Counter[str]:
    """What of a payment could not be taken back from each thing, which it may have been applied to several times."""
    lost = Counter[str]()
    for one in payment.applications:
        lost[one.owner_id] += one.not_restored
    return +lost


def amounts_that_must_be(reckoning: Reckoning) -> object:
    """The same, as it was reckoned."""
    return (
        {
            id_: line.amount
            if line.due is None
            else (line.amount, reckoning.applied(id_), line.credited, line.left, status_of(line))
            for id_, line in reckoning.lines.items()
        },
        [
            (
                payment.held,
                payment.refunded,
                {id_: payment.at(id_) for id_ in reckoning.lines},
                payment.lost,
                ("reversed" if payment.reversed else "applied", payment.came_again),
            )
            for payment in reckoning.payments
        ],
        [credit is not None for credit in reckoning.credits],
    )


def status_of(line: Line) -> str:
    """What is to be said of a bill."""
    assert line.amount is not None
    assert line.due is not None
    if line.voided:
        return "voided"
    return "paid" if line.amount + line.credited >= line.due else "unpaid"


@pytest.mark.soak
@many
@given(beginnings, steps)
def test_a_refused_step_changes_nothing(beginning: Beginning, all_: list[Step]) -> None:
    for books, _, _, _, accepted, before in walk(beginning, all_):
        assert accepted or books.everything() == before


@pytest.mark.soak
@many
@given(beginnings, steps)
def test_a_payment_is_what_is_applied_held_and_refunded_of_it_and_entries_say_so(
    beginning: Beginning, all_: list[Step]
) -> None:
    for books, reckoning, _, _, _, _ in walk(beginning, all_):
        there = Counter[tuple[str | None, str]]()
        for id_, one in books.objects.items():
            for entry in books.chains[id_]:
                if entry.kind in ("payment", "release", "reversal"):
                    assert entry.payment_id
                    there[entry.payment_id, id_] += entry.amount if isinstance(one, Bill) else -entry.amount
                else:
                    assert entry.payment_id is None
        lost = 0
        for payment in books.payments:
            live = {id_: payment.applied_to(id_) for id_ in books.objects}
            if payment.status == "applied":
                assert payment.amount == sum(live.values()) + payment.amount_unapplied + payment.amount_refunded
                stays = live
            else:
                stays = {
                    id_: sum(one.not_restored for one in payment.applications if one.owner_id == id_) for id_ in live
                }
                lost += sum(stays.values())
            assert {id_: there[payment.id, id_] for id_ in stays} == stays
            assert all(0 <= one.released + one.not_restored <= one.amount for one in payment.applications)
            own = Counter[str]()
            for entry in books.chains[payment.id]:
                assert (entry.payment_id, entry.currency) == (payment.id, payment.currency)
                own[entry.kind] += entry.amount
            assert -own["refund"] == payment.amount_refunded
            assert own.total() == payment.amount_unapplied >= 0
        # All that came, and did not go again, is in one of these places.
        standing = [payment for payment in books.payments if payment.status == "applied"]
        held = sum(payment.amount_unapplied for payment in books.payments)
        refunded = sum(payment.amount_refunded for payment in standing)
        came = sum(one.amount for one in reckoning.payments if not one.reversed)
        assert came + lost == there.total() + held + refunded
        assert sum(refund.amount for refund in books.refunds) == sum(one.amount_refunded for one in books.payments)


@pytest.mark.soak
@many
@given(beginnings, steps)
def test_every_ledger_is_unbroken_and_ends_at_the_amount(beginning: Beginning, all_: list[Step]) -> None:
    chains: dict[str, list[Entry]] = {}
    for books, _, _, _, _, _ in walk(beginning, all_):
        chains = books.chains
        owed = books.objects.values()
        ends = {one.id: one.amount_settled if isinstance(one, Bill) else one.balance for one in owed}
        for id_, amount in (ends | {one.id: one.amount_unapplied for one in books.payments}).items():
            assert (chains[id_][-1].balance_after if chains[id_] else 0) == (amount or 0)
    # Entries are only ever added: what holds in the end held after each step.
    assert all(unbroken(chain) for chain in chains.values())


@pytest.mark.soak
@many
@given(beginnings, steps)
def test_a_bill_is_what_was_paid_credited_and_remains_and_its_entries_say_what_is_what(
    beginning: Beginning, all_: list[Step]
) -> None:
    for books, _, _, _, _, _ in walk(beginning, all_):
        for id_, one in books.objects.items():
            if not isinstance(one, Bill):
                continue
            came = Counter[str]()
            for entry in books.chains[id_]:
                came[entry.kind] += entry.amount
            credited = came.pop("credit", 0) + came.pop("credit_reversal", 0)
            assert credited == one.amount_credited
            assert came.total() == one.amount_paid
            standing = [credit.amount for credit in books.credits if credit.bill_id == id_ and not credit.reversed_at]
            assert sum(standing) == one.amount_credited <= one.amount_due
            over = max(0, one.amount_paid + one.amount_credited - one.amount_due)
            assert one.amount_paid + one.amount_credited + one.amount_remaining == one.amount_due + over
            assert one.amount_paid + one.amount_credited <= AMOUNT_MAX
            # By hand, and what payments left there that were taken back.
            brought = sum(payment.applied_to(id_) for payment in books.payments)
            assert one.amount_applied == brought
            by_hand = came.pop("adjustment", 0)
            left_there = sum(
                entry.not_restored
                for payment in books.payments
                for entry in payment.applications
                if entry.owner_id == id_
            )
            assert one.amount_paid == brought + by_hand + left_there
