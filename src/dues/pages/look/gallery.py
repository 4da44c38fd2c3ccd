"""/docs/components: each part of a page for people, in use once."""

from datetime import date
from typing import Final

from dues.pages.frame.markup import Html, element
from dues.pages.look import (
    Column,
    Surroundings,
    amount,
    bars,
    button,
    choice,
    day,
    field,
    headline,
    page,
    person,
    state,
    table,
    terms,
    wrongs,
)
from dues.pages.words import Language

_ENGLISH: Final = Language("en")


def gallery_page() -> bytes:
    """The page."""
    due, overdue = date(2026, 1, 31), date(2025, 12, 20)
    rows: list[list[Html | str | None]] = [
        [
            person("INV-1001"),
            day(_ENGLISH, overdue, is_short=True),
            state("overdue", "overdue"),
            amount(_ENGLISH, 124000, "ZAR", named=False),
        ],
        [person("فاتورة ١٠٠٢"), day(_ENGLISH, due, is_short=True), None, amount(_ENGLISH, 24000, "ZAR", named=False)],
    ]
    columns = [
        Column("Bill"),
        Column("Due", is_second=True),
        Column("State", is_second=True),
        Column("ZAR", is_number=True),
    ]
    form = element(
        "form",
        element(
            "fieldset",
            element("legend", "Pay"),
            choice("All of it", "what", "all", "radio", checked=True),
            choice("Another amount", "what", "some", "radio"),
        ),
        field(
            "Amount",
            "amount",
            "1 200",
            "Between 10.00 and 1,480.00.",
            "Write the amount with a point: 1200.00.",
            inputmode="decimal",
        ),
        button("Pay ZAR 1,200.00"),
        method="post",
    )
    return page(
        "Components",
        Surroundings(_ENGLISH, "A merchant", "../", says_test="Test: no money moves"),
        headline("You owe", amount(_ENGLISH, 148000, "ZAR"), element("p", "until ", day(_ENGLISH, due, weekday=True))),
        wrongs("There is something to correct", {"amount": "Write the amount with a point: 1200.00."}),
        form,
        table("What is open", columns, rows, [["Total", None, None, amount(_ENGLISH, 148000, "ZAR", named=False)]]),
        table("What was paid", columns, [], empty="Nothing was paid yet."),
        element("ul", element("li", person("INV-1003"), amount(_ENGLISH, 24000, "ZAR")), class_="lines"),
        terms(
            {
                "Reference": person("METER-1001"),
                "State": state("paid", "paid"),
                "Balance": state("credit", "ZAR 5.00 in credit"),
            }
        ),
        bars(
            "Most is not due yet",
            [("Not due", 24000, "240.00"), ("1–30 days", 124000, "1,240.00"), ("31–60 days", 0, "0.00")],
        ),
    )
