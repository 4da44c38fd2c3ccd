"""The page of the desk with the payment links of a customer."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dues.pages.desk import ENGLISH, Seat, Thing, link, paragraph, show
from dues.pages.desk.forms import hidden
from dues.pages.frame.markup import Html, element
from dues.pages.look import Column, button, day, table


def links_page(seat: Seat, customer: Thing, links: Sequence[Thing], press: str) -> bytes:
    """All of them, the last first, with their addresses while they lead somewhere."""
    name = customer.get("name") or customer["external_reference"]
    columns = [Column("Address"), Column("Until", is_second=True), Column("Payments", is_number=True), Column("End it")]
    rows: list[list[Html | str | None]] = [
        [
            element("bdi", one["url"], dir="ltr") if _is_open(one) and one.get("url") else "It leads nowhere any more",
            day(ENGLISH, seat.on(one["expires_at"])),
            f"{one['payments']:,}",
            _withdraw(one["id"], press) if _is_open(one) else None,
        ]
        for one in links
    ]
    make = element("form", *hidden({"press": press}), button("Make a payment link"), method="post")
    return show(
        "Payment links",
        seat,
        element("h1", "Payment links"),
        paragraph("Whoever has the address sees what ", link(name, f"{seat.root}customers/{customer['id']}"), " owes."),
        make,
        table("Links", columns, rows, empty="There is none. Make one, and send its address to them alone."),
    )


def _is_open(one: Thing) -> bool:
    return "withdrawn_at" not in one and datetime.fromisoformat(one["expires_at"]) > datetime.now(UTC)


def _withdraw(link_id: str, press: str) -> Html:
    pressed = element("button", "Withdraw", type="submit", name="withdraw", value=link_id, class_="as-link")
    return element("form", *hidden({"press": press}), pressed, method="post")
