"""The year of a demo: the same from the same seed, in order, in the past, with everything in it."""

from datetime import UTC, datetime, timedelta

from dues.demo.year import CUSTOMERS, year

NOW = datetime(2026, 7, 15, 12, 30, tzinfo=UTC)


def test_a_seed_makes_the_same_year_again_and_another_seed_another() -> None:
    assert year(1, NOW) == year(1, NOW)
    assert year(1, NOW) != year(2, NOW)
    few = [step for step in year(1, NOW, 3) if step.body is None or step.does != "register"]
    assert few == [step for step in year(1, NOW) if step in few]


def test_it_lies_in_the_past_and_in_order() -> None:
    steps = year(1, NOW)
    assert steps[0].at > NOW - timedelta(days=366)
    assert steps[-1].at < NOW
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert steps[-1].at > NOW - timedelta(days=2)


def test_everything_happens_in_it() -> None:
    steps = year(1, NOW)
    assert {step.does for step in steps} == {
        *("register", "open", "bill", "credit", "void", "charge", "pay", "reverse", "refund")
    }
    people = [step.body for step in steps if step.does == "register"]
    assert len(people) == CUSTOMERS
    assert all(person.email is None or person.email.endswith("@example.com") for person in people)
    assert all(person.phone is None or person.phone.startswith("+447700900") for person in people)
    scripts = {ord(person.name[0]) >> 8 for person in people}
    assert len(scripts) >= 5
    bills = [step.body for step in steps if step.does == "bill"]
    assert {bill.currency for bill in bills} == {"ZAR", "EUR"}
    assert {bill.due_date is None for bill in bills} == {True, False}
