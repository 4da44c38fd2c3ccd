"""What is asked for, at random: mostly what may be had, now and then what may not."""

from typing import Any

from hypothesis import strategies as st

from tests.journeys.model.books import DECIMALS, EXACT, LARGE, LOOSE, MAX, PREFIXES, STRICT

numbers = st.integers(0, 99)
odd_references = st.sampled_from(["one", "INV/3", "four é", "5%2F", "bacc_no", "+7 '\"\\"])
references = odd_references | numbers.map(lambda number: f"number {number}")
own_references = references.filter(lambda text: not text.startswith("bacc_"))
currencies = st.sampled_from(sorted(DECIMALS))
amounts = st.sampled_from([1, -1, 7, -70, 500, -500, 2000, 4321, 0, 99, 12, MAX, -MAX, MAX + 1])
texts = st.text(st.sampled_from("aé/ 漢'\\\"%🙂"), max_size=5)
keys = st.sampled_from(["a", "bb", "z", "a b", "~/", *[f"k{number}" for number in range(9)]])
rules = st.sampled_from([LOOSE, STRICT, EXACT, LARGE])


def sometimes(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these members, some of them null."""
    return st.fixed_dictionaries({}, optional={name: st.none() | value for name, value in members.items()})


def together(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the members of all parts."""
    return st.tuples(*parts).map(lambda found: {name: value for part in found for name, value in part.items()})


def reference(allowed: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """The member that every new object has."""
    return st.fixed_dictionaries({"external_reference": allowed})


new_metadata = st.dictionaries(keys, texts, max_size=4)
metadata_changes = st.dictionaries(keys, st.none() | texts, max_size=9)
personal = {"email": st.just("jane@example.com"), "phone": st.just("+27821234567")}
common = {"name": texts, "payment_rules": rules}
money = {"currency": currencies, "balance": amounts}
counted = st.fixed_dictionaries(money) | st.fixed_dictionaries(money) | sometimes(**money)
customers = together(reference(references), sometimes(**common, **personal, metadata=new_metadata), counted)
accounts = together(reference(own_references), sometimes(**common, metadata=new_metadata), counted)
days = st.sampled_from(["2199-12-31", "2199-12-31", "2026-01-01", "2001-02-03"])
bills = together(
    reference(references),
    st.fixed_dictionaries(
        {"currency": currencies, "amount_due": st.sampled_from([1, 700, 1500, 1501, 5000, MAX, MAX + 1])}
    ),
    sometimes(bill_date=days, due_date=days, payment_rules=rules, metadata=new_metadata),
)
changes = {
    "customers": sometimes(**common, **money, **personal, metadata=metadata_changes),
    "accounts": sometimes(**common, **money, metadata=metadata_changes),
    "bills": together(
        st.fixed_dictionaries(
            {}, optional={"amount_paid": st.sampled_from([0, 1, 700, 1500, 6000, MAX + 1]), "currency": currencies}
        ),
        sometimes(metadata=metadata_changes, payment_rules=rules),
    ),
}
conditions = st.sampled_from([None, None, None, "*", "now", "seen"])
kinds = st.sampled_from(sorted(PREFIXES))

paid_amounts = st.sampled_from(["all"] * 8 + ["less", "more", 1, 5, 100, 100, 150, 600, 700, MAX + 1])
"""So much, or what is outstanding, or one more or less than that."""

payment_extras = together(
    reference(references),
    sometimes(
        method=st.just("eft"), paid_at=st.just("2026-01-02T03:04:05Z"), metadata=new_metadata, rest=st.just("hold")
    ),
)
reversals = together(
    st.fixed_dictionaries({"reason": st.sampled_from(["bounced", "duplicate", "fraud", "other"])}),
    sometimes(note=st.just("Account closed")),
)
parts = st.lists(
    st.tuples(numbers, st.sampled_from(["all"] * 5 + ["less", "more", 5, 100, 700])), min_size=1, max_size=4
)
"""Which bill of those that could be named, and how much of it."""
payment_kinds = st.sampled_from(["bill", "account", "customer"])
