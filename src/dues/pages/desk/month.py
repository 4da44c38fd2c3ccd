"""Pages of the desk on closing a month: what it comes to, what is closed, and the folder for auditors."""

from collections.abc import Mapping, Sequence
from datetime import date

from dues.pages.desk import ENGLISH, Seat, Thing, actions, link, money, paragraph, show
from dues.pages.desk.forms import WRONG, hidden
from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Column, button, day, field, headline, table, terms, wrongs


def month_page(
    seat: Seat,
    totals: Thing | None,
    closings: Sequence[Thing],
    through: date,
    may_close: bool,
    press: str,
    faults: Mapping[str, str],
) -> bytes:
    """What the days come to that are not closed yet, and what was closed. `through` is the day that is offered."""
    last = next((one for one in closings if "reopened_at" not in one), None)
    until = day(ENGLISH, date.fromisoformat(last["through"])) if last else "nothing yet"
    asked = field(
        "Up to which day", "through", str(through), "It and all days before it.", faults.get("through"), type="date"
    )
    form = element(
        "form",
        paragraph("From then on nothing is entered that is of these days, unless an admin says why."),
        asked,
        *hidden({"press": press}),
        button("Close these days"),
        method="post",
    )
    columns = [Column("Closed up to"), Column("By", is_second=True), Column("On", is_second=True)]
    rows: list[list[Html | str | None]] = [
        [
            join(
                link(ENGLISH.day(date.fromisoformat(one["through"])), f"{seat.root}month/{one['id']}"),
                " · opened again" if "reopened_at" in one else None,
            ),
            seat.who(one.get("actor")),
            day(ENGLISH, seat.on(one["created_at"])),
        ]
        for one in closings
    ]
    return show(
        "Close a month",
        seat,
        wrongs(WRONG, faults),
        headline("Closed up to", until),
        *(_totals(totals) if totals else []),
        element("h2", "Close") if may_close else None,
        form if may_close else None,
        table("What was closed", columns, rows, empty="Nothing was closed yet."),
    )


def closing_page(seat: Seat, closing: Thing, may_prepare: bool, press: str, is_asked: bool) -> bytes:
    """What some days came to when they were closed."""
    begin = day(ENGLISH, date.fromisoformat(closing["from"])) if "from" in closing else "The very first day"
    facts: dict[str, Html | str] = {
        "From": begin,
        "Closed by": seat.who(closing.get("actor")),
        "Closed on": day(ENGLISH, seat.on(closing["created_at"])),
    }
    if "reopened_at" in closing:
        facts["Opened again"] = join(day(ENGLISH, seat.on(closing["reopened_at"])), ": ", closing["reopened_reason"])
    here = f"{seat.root}month/{closing['id']}"
    prepare = element(
        "form",
        paragraph("Totals, statements, ageing, journal, late entries and whether the books are right, in one file."),
        *hidden({"press": press}),
        button("Have it made"),
        method="post",
    )
    return show(
        f"Closed up to {closing['through']}",
        seat,
        headline("Closed up to", day(ENGLISH, date.fromisoformat(closing["through"]))),
        terms(facts),
        *_totals(closing),
        element("h2", "The folder for auditors") if may_prepare else None,
        paragraph("It is being made. It takes a moment; then it can be fetched below.") if is_asked else None,
        prepare if may_prepare and not is_asked else None,
        actions([("Fetch the folder", f"{here}/folder")]) if may_prepare else None,
    )


def _totals(of: Thing) -> list[Html]:
    tables = []
    for one in of["currencies"]:
        currency = one["currency"]
        rows: list[list[Html | str | None]] = [
            ["Owed when the first day began", None, money(one["opening"]["total"], currency, named=False)],
            *(
                [line["cause"].replace("_", " "), f"{line['count']:,}", money(line["amount"], currency, named=False)]
                for line in one["movements"]
            ),
        ]
        foot: list[list[Html | str | None]] = [
            ["Owed when the last day ended", None, money(one["closing"]["total"], currency, named=False)]
        ]
        columns = [Column("What"), Column("Number", is_number=True), Column(currency, is_number=True)]
        tables.append(table(f"What it comes to, {currency}", columns, rows, foot))
    return tables
