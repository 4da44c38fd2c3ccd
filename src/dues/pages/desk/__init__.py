"""The desk: pages for people who work with what is owed. Who is there, in which mode, and where they can go."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from msgspec import Struct

from dues.domain.days import day_at
from dues.domain.people import Role
from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Surroundings, amount, page
from dues.pages.words import Language
from dues.tenants.keys import Mode

ENGLISH: Final = Language("en")

Thing = Mapping[str, Any]
"""An object of the API."""

MENU: Final = (
    ("Today", ""),
    ("Customers", "customers"),
    ("Who owes", "ageing"),
    ("Months", "month"),
    ("Audit", "audit"),
    ("You", "you"),
)

TEST: Final = "Test data: no money moves"


class Seat(Struct, frozen=True):
    """Who sits at the desk: how they are called, what they may, whose desk it is, and on which data they work.

    `root` is the way from the page to the desk; `here` is the place of the page in the menu; `names` are of people, by
    their ids.
    """

    name: str
    role: Role
    merchant: str
    mode: Mode
    time_zone: str
    root: str
    here: str = ""
    names: Mapping[str, str] = {}
    today: date = date.min
    """The merchant's."""

    def is_late(self, bill: Thing) -> bool:
        """Whether a bill should have been paid before today."""
        return bill["status"] == "unpaid" and bool(bill.get("due_date")) and bill["due_date"] < str(self.today)

    def who(self, actor: str | None) -> str:
        """Somebody by their id, as people call them."""
        if actor is None or actor == "system":
            return "dues"
        return self.names.get(actor) or ("a program" if actor.startswith("key_") else actor)

    def on(self, time: str) -> date:
        """The merchant's day of a time of the API."""
        return day_at(datetime.fromisoformat(time).astimezone(UTC), self.time_zone)


def show(title: str, seat: Seat, *main: Html | None) -> bytes:
    """A page of the desk."""
    says = TEST if seat.mode == "test" else None
    return page(title, Surroundings(ENGLISH, seat.merchant, f"{seat.root}../", says, menu=_menu(seat)), *main)


def show_outside(title: str, root: str, *main: Html | None) -> bytes:
    """A page for whoever is not let in yet."""
    return page(title, Surroundings(ENGLISH, "dues", f"{root}../"), *main)


def _menu(seat: Seat) -> Html:
    links = [
        element(
            "a",
            name,
            href=f"{seat.root}{path}" if path else f"{seat.root}../desk",
            aria_current="page" if path == seat.here else None,
        )
        for name, path in MENU
    ]
    other = "live" if seat.mode == "test" else "test"
    modes = element(
        "form",
        element("button", f"Go to {other} data", type="submit", name="mode", value=other),
        method="post",
        action=f"{seat.root}mode",
    )
    out = element("form", element("button", "Log out", type="submit"), method="post", action=f"{seat.root}logout")
    return element("nav", *links, modes, out, class_="menu", aria_label="Desk")


def money(minor: int, currency: str, *, named: bool = True) -> Html:
    """An amount in minor units."""
    return amount(ENGLISH, minor, currency, named=named)


def money_text(minor: int, currency: str) -> str:
    """The same, in a sentence or on a button."""
    return f"{currency}\N{NO-BREAK SPACE}{ENGLISH.amount(minor, currency)}"


def link(text: str | Html, href: str) -> Html:
    """A link whose text is a name, in whatever script."""
    return element("a", element("bdi", text), href=href)


def actions(links: Sequence[tuple[str, str]]) -> Html | None:
    """What can be done here."""
    if not links:
        return None
    return element("ul", *(element("li", element("a", text, href=href)) for text, href in links), class_="actions")


def paragraph(*parts: Html | str | None, class_: str | None = None) -> Html:
    """Sentences."""
    return element("p", join(*parts), class_=class_)
