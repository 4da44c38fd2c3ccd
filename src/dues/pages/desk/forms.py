"""Forms of the desk: what can be done to one thing, and a payment with a look at what it would do."""

from collections.abc import Mapping, Sequence

from dues.pages.desk import ENGLISH, Seat, Thing, link, money, money_text, paragraph, show
from dues.pages.desk.things import note
from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Column, button, field, headline, person, select, table, wrongs

WRONG = "There is something to correct"


def hidden(fields: Mapping[str, str]) -> list[Html]:
    """What a form sends that nobody sees."""
    return [element("input", type="hidden", name=name, value=value) for name, value in fields.items()]


def form_page(
    seat: Seat,
    title: str,
    question: str,
    fields: Sequence[Html],
    press: Mapping[str, str],
    says: str,
    faults: Mapping[str, str],
    back: str,
) -> bytes:
    """Asks for what an action needs. `press` is sent with it, so that sent twice is done once; `says` is what its
    button does."""
    return show(
        title,
        seat,
        wrongs(WRONG, faults),
        element("h1", title),
        paragraph(question),
        element("form", *fields, *hidden(press), button(says), method="post"),
        paragraph(element("a", "Back", href=back)),
    )


METHODS = {"eft": "Bank transfer", "cash": "Cash", "card": "Card", "cheque": "Cheque", "other": "Something else"}


def payment_form(
    seat: Seat, whose: Thing, bill: Thing | None, typed: Mapping[str, str], faults: Mapping[str, str], press: str
) -> bytes:
    """Asks what came in of a customer, or for one bill."""
    name = whose.get("name") or whose["external_reference"]
    of = bill["external_reference"] if bill else "the oldest bills first"
    currency = typed.get("currency") or (bill or whose).get("currency") or ""
    back = f"{seat.root}bills/{bill['id']}" if bill else f"{seat.root}customers/{whose['id']}"
    fields = [
        field(
            "Amount", "amount", typed.get("amount", ""), error=faults.get("amount"), inputmode="decimal", maxlength="40"
        ),
        field("Currency", "currency", currency, error=faults.get("currency"), maxlength="3", size="3"),
        field(
            "Reference",
            "external_reference",
            typed.get("external_reference", ""),
            hint="The bank’s, or what is on the receipt. No two payments have the same.",
            error=faults.get("external_reference"),
            maxlength="255",
        ),
        select("How it was paid", "method", METHODS, typed.get("method", "eft"), faults.get("method")),
        field(
            "Paid on",
            "paid_on",
            typed.get("paid_on", ""),
            hint="Empty: today.",
            error=faults.get("paid_at"),
            type="date",
        ),
    ]
    return show(
        "Record a payment",
        seat,
        wrongs(WRONG, faults),
        element("h1", "Record a payment"),
        paragraph("From ", link(name, f"{seat.root}customers/{whose['id']}"), f", for {of}."),
        element("form", *fields, *hidden({"press": press, "step": "look"}), button("See what it pays"), method="post"),
        paragraph(element("a", "Back", href=back)),
    )


def payment_preview(
    seat: Seat, whose: Thing, preview: Thing, names: Mapping[str, str], sent: Mapping[str, str], changed: bool
) -> bytes:
    """Shows what a payment would do, before it does."""
    currency = preview["currency"]
    rows: list[list[Html | str | None]] = [
        [
            join(person(names.get(_owner(one), "The balance")), note(_left(one, currency))),
            money(one["amount"], currency, named=False),
        ]
        for one in preview["applications"]
    ]
    if preview.get("amount_unapplied"):
        rows.append(["Held: it fits nothing yet", money(preview["amount_unapplied"], currency, named=False)])
    columns = [Column("For"), Column(f"Pays, {currency}", is_number=True)]
    name = whose.get("name") or whose["external_reference"]
    again = {"amount": "Something changed meanwhile. This is what the payment does now."} if changed else {}
    return show(
        "Record a payment",
        seat,
        wrongs("Look once more", again),
        headline(f"From {name}", money(preview["amount"], currency)),
        table("What it pays", columns, rows),
        element(
            "form",
            *hidden({**sent, "step": "record"}),
            button(f"Record {money_text(preview['amount'], currency)}"),
            method="post",
        ),
    )


def _owner(application: Thing) -> str:
    found = (application.get(f"{noun}_id") for noun in ("bill", "account", "customer"))
    return next((str(one) for one in found if one), "")


def _left(application: Thing, currency: str) -> str:
    before, after = (ENGLISH.amount(application[name], currency) for name in ("outstanding", "outstanding_after"))
    return f"{before} to pay, {after} left"
