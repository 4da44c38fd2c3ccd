"""Pages of the desk about one thing: a customer, a bill, a payment; what is owed, and why."""

from collections.abc import Mapping, Sequence
from datetime import date

from dues.pages.desk import ENGLISH, Seat, Thing, actions, link, money, paragraph, show
from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Column, day, headline, person, state, table, terms


def customer_page(
    seat: Seat,
    customer: Thing,
    bills: Sequence[Thing],
    payments: Sequence[Thing],
    entries: Sequence[Thing],
    doing: Sequence[tuple[str, str]],
) -> bytes:
    """What somebody owes, and why."""
    name = customer.get("name") or customer["external_reference"]
    unpaid = [bill for bill in bills if bill["status"] == "unpaid"]
    sums: dict[str, int] = {}
    for bill in unpaid:
        sums[bill["currency"]] = sums.get(bill["currency"], 0) + bill["amount_remaining"]
    if customer.get("balance"):
        sums[customer["currency"]] = sums.get(customer["currency"], 0) + customer["balance"]
    owed = [headline(f"{name} owes", money(amount, currency)) for currency, amount in sums.items() if amount > 0]
    credit = [
        headline(f"{name} is in credit", money(-amount, currency)) for currency, amount in sums.items() if amount < 0
    ]
    nothing = None if owed or credit else headline(f"{name} owes", "Nothing")
    facts = {"Reference": person(customer["external_reference"])}
    for label, member in (("Phone", "phone"), ("E-mail", "email")):
        if customer.get(member):
            facts[label] = element("bdi", customer[member])
    return show(
        name,
        seat,
        *owed,
        *credit,
        nothing,
        terms(facts),
        actions(doing),
        _bills(seat, bills),
        _payments(seat, payments),
        _entries(seat, "Why the balance is what it is", entries),
    )


def _bills(seat: Seat, bills: Sequence[Thing]) -> Html:
    columns = [
        Column("Bill"),
        Column("Due", is_second=True),
        Column("State", is_second=True),
        Column("To pay", is_number=True),
    ]
    rows: list[list[Html | str | None]] = [
        [
            link(bill["external_reference"], f"{seat.root}bills/{bill['id']}"),
            day(ENGLISH, date.fromisoformat(bill["due_date"])) if bill.get("due_date") else None,
            _bill_state(seat, bill),
            money(bill["amount_remaining"], bill["currency"]),
        ]
        for bill in bills
    ]
    return table("Bills", columns, rows, empty="There is no bill.")


def _bill_state(seat: Seat, bill: Thing) -> Html:
    if seat.is_late(bill):
        return state("overdue", "overdue")
    return state("paid", "paid") if bill["status"] == "paid" else state("due", bill["status"])


def _payments(seat: Seat, payments: Sequence[Thing]) -> Html:
    columns = [
        Column("Payment"),
        Column("Paid on", is_second=True),
        Column("How", is_second=True),
        Column("Amount", is_number=True),
    ]
    rows: list[list[Html | str | None]] = [
        [
            link(payment["external_reference"], f"{seat.root}payments/{payment['id']}"),
            day(ENGLISH, seat.on(payment["paid_at"])),
            "taken back" if payment["status"] == "reversed" else payment.get("method") or "",
            money(payment["amount"], payment["currency"]),
        ]
        for payment in payments
    ]
    return table("Payments", columns, rows, empty="Nothing was paid yet.")


def _entries(seat: Seat, caption: str, entries: Sequence[Thing]) -> Html | None:
    if not entries:
        return None
    columns = [
        Column("What"),
        Column("By", is_second=True),
        Column("On", is_second=True),
        Column("Change", is_number=True),
        Column("After it", is_number=True),
    ]
    rows: list[list[Html | str | None]] = [
        [
            join(entry["kind"].replace("_", " "), note(entry.get("reason"))),
            seat.who(entry["caused_by"].get("actor")),
            day(ENGLISH, seat.on(entry["created_at"])),
            money(entry["amount"], entry["currency"], named=False),
            money(entry["balance_after"], entry["currency"], named=False),
        ]
        for entry in entries
    ]
    return table(caption, columns, rows)


def note(text: str | None) -> Html | None:
    """What somebody wrote about it, below."""
    return element("span", element("bdi", text), class_="note") if text else None


def bill_page(
    seat: Seat, bill: Thing, customer: Thing, entries: Sequence[Thing], doing: Sequence[tuple[str, str]]
) -> bytes:
    """What is to be paid of a bill, and what became of it."""
    due = date.fromisoformat(bill["due_date"]) if bill.get("due_date") else None
    late = state("overdue", "overdue") if seat.is_late(bill) else None
    about = paragraph("by ", day(ENGLISH, due, weekday=True), " " if late else None, late) if due else None
    facts = {
        "Customer": link(
            customer.get("name") or customer["external_reference"], f"{seat.root}customers/{bill['customer_id']}"
        ),
        "Billed": money(bill["amount_due"], bill["currency"]),
        "Paid": money(bill["amount_paid"], bill["currency"]),
        "State": _bill_state(seat, bill),
    }
    if bill.get("amount_credited"):
        facts["Credited"] = money(bill["amount_credited"], bill["currency"])
    return show(
        bill["external_reference"],
        seat,
        headline(f"To pay of {bill['external_reference']}", money(bill["amount_remaining"], bill["currency"]), about),
        terms(facts),
        actions(doing),
        _entries(seat, "What happened to it", entries),
    )


def payment_page(seat: Seat, payment: Thing, names: Mapping[str, str], doing: Sequence[tuple[str, str]]) -> bytes:
    """What came in, and what it was for."""
    columns = [Column("For"), Column("Amount", is_number=True)]
    rows: list[list[Html | str | None]] = []
    for one in payment["applications"]:
        noun = next(noun for noun in ("bill", "account", "customer") if f"{noun}_id" in one)
        owner = one[f"{noun}_id"]
        shown = str(names.get(owner, owner))
        rows.append(
            [
                link(shown, f"{seat.root}{noun}s/{owner}") if noun != "account" else person(shown),
                money(one["amount"], payment["currency"]),
            ]
        )
    if payment.get("amount_unapplied"):
        rows.append(["Held: it fits nothing yet", money(payment["amount_unapplied"], payment["currency"])])
    back = payment.get("reversal")
    facts: dict[str, Html | str] = {"Paid on": day(ENGLISH, seat.on(payment["paid_at"]), weekday=True)}
    if payment.get("method"):
        facts["How"] = payment["method"]
    facts["Customer"] = link(
        str(names.get(payment["customer_id"], payment["customer_id"])), f"{seat.root}customers/{payment['customer_id']}"
    )
    return show(
        payment["external_reference"],
        seat,
        headline(
            "Taken back" if payment["status"] == "reversed" else "Came in",
            money(payment["amount"], payment["currency"]),
            paragraph("Reference ", person(payment["external_reference"])),
        ),
        paragraph(f"Why: {back['reason']}. ", back.get("note")) if back else None,
        terms(facts),
        actions(doing),
        table("What it was for", columns, rows, empty="It is applied to nothing."),
    )
