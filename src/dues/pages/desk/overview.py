"""Pages of the desk that are about everything: today, who owes, a search, what people did, and who somebody is here."""

from collections.abc import Sequence
from datetime import date

from dues.db.transaction import Row
from dues.domain.people import Role
from dues.pages.desk import ENGLISH, Seat, Thing, actions, link, money, money_text, paragraph, show
from dues.pages.desk.things import note
from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Column, bars, button, day, field, headline, person, table, terms
from dues.tenants.people.sessions.store import OpenSession

_AGES = {"not_due": "Not due", "120+": "More than 120 days"}


def today_page(seat: Seat, ageing: Sequence[Thing], came_in: Sequence[Thing]) -> bytes:
    """What is owed, how much of it is late, and what came in today."""
    first = ageing[0] if ageing else None
    parts: list[Html | None] = []
    if first is None:
        parts.append(headline("Owed to you", "Nothing", paragraph("No bill is open.")))
    for row in ageing:
        late, whole = row["figures"]["overdue"], row["figures"]["open_bills"]
        about = paragraph(
            f"of {money_text(whole['amount_remaining'], row['currency'])} in {whole['count']:,} open bills"
        )
        parts.append(headline("Overdue", money(late["amount_remaining"], row["currency"]), about))
    rows: list[list[Html | str | None]] = [
        [row["currency"], f"{row['payments']:,}", money(row["net_amount"], row["currency"], named=False)]
        for row in came_in
    ]
    columns = [Column("Currency"), Column("Payments", is_number=True), Column("Came in", is_number=True)]
    parts.append(table("Came in today", columns, rows, empty="Nothing came in today yet."))
    parts.append(actions([("Find a customer", f"{seat.root}customers"), ("Who owes", f"{seat.root}ageing")]))
    return show("Today", seat, *parts)


def ageing_page(
    seat: Seat, totals: Sequence[Thing], currency: str, debtors: Sequence[Thing], following: str | None
) -> bytes:
    """Who owes, by how long it has been due; the debtors of one currency."""
    parts: list[Html | None] = [element("h1", "Who owes")]
    for row in totals:
        ages = [(_age(one["bucket"]), one["amount_remaining"]) for one in row["figures"]["ages"]]
        largest = max(ages, key=lambda age: age[1], default=("", 0))
        if largest[1]:
            title = f"{row['currency']}: most is {largest[0][:1].lower()}{largest[0][1:]}"
            parts.append(element("h2", title))
            parts.append(bars(title, [(name, value, ENGLISH.amount(value, row["currency"])) for name, value in ages]))
    columns = [
        Column("Customer"),
        Column("Oldest due", is_second=True),
        Column("Overdue", is_number=True, is_second=True),
        Column("In all", is_number=True),
    ]
    rows: list[list[Html | str | None]] = [
        [
            link(row.get("customer_name") or row["customer_reference"], f"{seat.root}customers/{row['customer_id']}"),
            day(ENGLISH, date.fromisoformat(row["oldest_due_date"])) if row.get("oldest_due_date") else None,
            money(row["figures"]["overdue"]["amount_remaining"], row["currency"]),
            money(row["figures"]["net_amount"], row["currency"]),
        ]
        for row in debtors
    ]
    others = [row["currency"] for row in totals if row["currency"] != currency]
    parts.append(table(f"Debtors, {currency}" if currency else "Debtors", columns, rows, empty="Nobody owes anything."))
    if following:
        more = f"{seat.root}ageing?currency={currency}&cursor={following}"
        parts.append(paragraph(element("a", "More debtors", href=more)))
    parts.append(actions([(f"Debtors in {one}", f"{seat.root}ageing?currency={one}") for one in others]))
    return show("Who owes", seat, *parts)


def _age(bucket: str) -> str:
    return _AGES.get(bucket) or bucket.replace("-", "\N{EN DASH}").replace("+", " and more") + " days"


def search_page(seat: Seat, asked: str, found: Sequence[Thing] | None) -> bytes:
    """Customers whose name, reference, phone number or address begins with what is asked."""
    form = element(
        "form",
        field(
            "Name, reference, phone or e-mail",
            "q",
            asked,
            hint="Its beginning is enough.",
            type="search",
            maxlength="100",
        ),
        button("Find"),
        method="get",
        class_="search",
    )
    columns = [
        Column("Customer"),
        Column("Reference", is_second=True),
        Column("Phone", is_second=True),
        Column("Balance", is_number=True),
    ]
    rows: list[list[Html | str | None]] = [
        [
            link(one.get("name") or one["external_reference"], f"{seat.root}customers/{one['id']}"),
            person(one["external_reference"]),
            element("bdi", one.get("phone") or "", dir="ltr"),
            money(one["balance"], one["currency"]) if one.get("balance") is not None else None,
        ]
        for one in found or ()
    ]
    listed = (
        table("Found", columns, rows, empty=f"Nobody begins with “{asked}”. Try fewer letters.")
        if found is not None
        else None
    )
    return show("Customers", seat, element("h1", "Customers"), form, listed)


def audit_page(seat: Seat, rows: Sequence[Row], following: str | None) -> bytes:
    """What people did, the last first."""
    columns = [
        Column("What"),
        Column("Who"),
        Column("When", is_second=True),
        Column("From", is_second=True),
        Column("Request", is_second=True),
    ]
    listed: list[list[Html | str | None]] = [
        [
            join(row["operation"].replace("_", " "), note(row["object_id"])),
            person(row["name"] or row["actor"]),
            element("time", row["created_at"].strftime("%Y-%m-%d %H:%M UTC")),
            row["address"],
            element("bdi", row["request_id"], dir="ltr"),
        ]
        for row in rows
    ]
    more = paragraph(element("a", "Earlier", href=f"{seat.root}audit?before={following}")) if following else None
    empty = "Nobody has done anything at the desk yet. What programs do is in the events of each object."
    return show(
        "Audit", seat, element("h1", "What people did"), table("Done at the desk", columns, listed, empty=empty), more
    )


def you_page(seat: Seat, email: str, sessions: Sequence[OpenSession], mine: str) -> bytes:
    """Who somebody is here, and where they are logged in."""
    columns = [Column("Browser"), Column("From", is_second=True), Column("Last seen", is_second=True), Column("End it")]
    rows: list[list[Html | str | None]] = [
        [
            one.browser or "A browser",
            one.address,
            element("time", one.seen_at.strftime("%Y-%m-%d %H:%M UTC")),
            "This one" if one.id == mine else _end(seat, one.id),
        ]
        for one in sessions
    ]
    facts: dict[str, Html | str] = {"Name": person(seat.name), "E-mail": element("bdi", email), "Role": seat.role}
    return show("You", seat, element("h1", "You"), terms(facts), table("Where you are logged in", columns, rows))


def _end(seat: Seat, session_id: str) -> Html:
    return element(
        "form",
        element("button", "End it", type="submit", name="session", value=session_id, class_="as-link"),
        method="post",
        action=f"{seat.root}you",
    )


def forbidden_page(seat: Seat, role: Role) -> bytes:
    """Somebody's role may not; whose may."""
    text = paragraph(f"You are {seat.role} here. Whoever is {role} may, or who invites people gives you that role.")
    return show("Not for your role", seat, headline("403", f"This takes the role {role}", text))


def nothing_page(seat: Seat) -> bytes:
    """There is no such thing, or not in this mode."""
    other = "live" if seat.mode == "test" else "test"
    text = paragraph(f"You look at {seat.mode} data. Perhaps it is among {other} data.")
    return show("Not found", seat, headline("404", "There is no such thing here", text))


def problem_page(seat: Seat, detail: str) -> bytes:
    """Something could not be shown; why."""
    return show("Not now", seat, headline("This cannot be shown", "Something is in the way", paragraph(detail)))
