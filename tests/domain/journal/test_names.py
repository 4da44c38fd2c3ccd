"""Names of accounts: what each program takes, and never two customers under one."""

import re
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dues.domain.journal.movements import ACCOUNTS, MOVEMENTS
from dues.domain.journal.names import DEFAULTS, ROOTS, Chart, Format, broken_names

FORMS: tuple[Format, ...] = get_args(Format)

BEANCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")

references = st.text(min_size=1, max_size=30) | st.text("aAbBé-: 1.", min_size=1, max_size=6)


@given(references, references)
@example("eft", "Eft")
@example("c-1", "C-1")
@example("a:b", "a-b")
@example("a b", "a  b")
@example("é", "e")
@example("客", "户")
@example("ß", "ss")
@example("ab", "AB")
@example("İ", "i̇")
def test_two_customers_never_share_one_and_every_program_takes_it(one: str, other: str) -> None:
    for form in FORMS:
        chart = Chart(form, {})
        names = [chart.name("receivable", reference) for reference in (one, other)]
        assert (names[0] == names[1]) == (one == other), form
        for name in names:
            if form == "beancount":
                assert BEANCOUNT.fullmatch(name)
                continue
            root, _, part = name.removeprefix("assets:receivable").partition(":")
            assert root == ""
            assert part == part.strip()
            assert not re.search(r"  |[:;|\[\](){}\"*!=]|[^\S ]", part)


def test_names_that_are_easy_stay_as_they_are() -> None:
    for form, reference, name in (
        ("hledger", "Jane Doe & Co", "Jane Doe & Co"),
        ("hledger", "客户-7", "客户-7"),
        ("beancount", "METER-7", "METER-7"),
        ("beancount", "eft", "Eft"),
        ("beancount", "12345", "12345"),
    ):
        assert Chart(form, {}).name("held", reference).rpartition(":")[2] == name  # type: ignore[arg-type]
    assert Chart("beancount", {}).name("written_off", None) == "Expenses:Written-off"
    assert Chart("csv", {"receivable": "1200"}).name("receivable", "A") == "1200:A"
    assert Chart("beancount", {"receivable": "ASSETS:trade debtors"}).name("receivable", None) == "Assets:Trade-debtors"


def test_every_account_has_a_name_that_every_program_takes() -> None:
    assert {*DEFAULTS} == {*ACCOUNTS} == {side for one in MOVEMENTS.values() for side in (one.debit, one.credit)}
    for form in FORMS:
        assert list(broken_names({str(account): name for account, name in DEFAULTS.items()}, form)) == []
    assert {name.partition(":")[0] for name in DEFAULTS.values()} == {*ROOTS}


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "a  b", "a:", ":a", "a::b", "(a)", "-a", "=a", "a;b", "a\tb", "a" * 101]
)
def test_a_name_that_programs_take_for_something_else_is_refused(name: str) -> None:
    for form in FORMS:
        assert [one.pointer for one in broken_names({"billed": name}, form)] == ["/accounts[billed]"]
