"""What became of a payment that was begun: how to make it, that it is waited for, or the receipt."""

from collections.abc import Sequence

from msgspec import Struct

from dues.domain.bills import Bill
from dues.domain.checkouts import Checkout, choice_of
from dues.domain.days import day_at
from dues.domain.payments import Payment
from dues.domain.records import Record
from dues.pages.frame.markup import Html, element
from dues.pages.look import Column, amount, button, day, field, headline, person, table, terms, wrongs
from dues.pages.look.barcode import barcode, can_be_bars
from dues.pages.paper import can_be_set
from dues.pages.pay import Visit, hidden, show
from dues.pages.pay.confirm import what_it_pays
from dues.resources.checkouts.adapters.bank_transfer import fills_in, reference_code, transfer_code


def leaving_page(visit: Visit, checkout: Checkout, where: str) -> bytes:
    """Leads on to a processor's page: by itself, and by a link."""
    words = visit.words
    return show(
        words("leaving"),
        visit,
        _large(visit, "leaving", checkout.amount, checkout.currency, element("p", words("leaving_text"))),
        element("p", element("a", words("go_on"), href=where, rel="noreferrer")),
        goes_to=where,
    )


class MailForm(Struct, frozen=True):
    """The form by which the receipt is sent: how many were asked for today, what was typed, and what is said of it."""

    number: int
    typed: str = ""
    error: str | None = None
    notice: str | None = None


def checkout_page(
    visit: Visit,
    checkout: Checkout,
    bills: Sequence[Record[Bill]],
    payment: Payment | None,
    reference: str,
    mail: MailForm | None = None,
    *,
    is_away: bool = False,
) -> bytes:
    """The page. `bills` are those that it is for, or went to; `reference` is what a transfer is known by;
    `is_away`: the processor does not answer."""
    words = visit.words
    main: Sequence[Html | None]
    if checkout.state == "paid" and payment is not None:
        title, main = (
            words("receipt"),
            [*_receipt(visit, payment, bills), _to_keep(visit, checkout), *_by_mail(visit, mail)],
        )
    elif checkout.state == "open" and checkout.adapter == "bank_transfer":
        title, main = words("transfer"), _transfer(visit, checkout, reference)
    elif checkout.state == "open" and checkout.adapter == "cash_point":
        title, main = words("cash"), _cash(visit, checkout, reference)
    elif checkout.state == "open":
        title, main = words("waiting"), _waiting(visit, checkout, bills, is_away=is_away)
    else:
        title, main = words("not_paid"), _ended(visit, checkout)
    back = element("p", element("a", words("back"), href=visit.way()), class_="on-screen")
    return show(title, visit, *main, back)


def _large(visit: Visit, question: str, minor: int, currency: str, *more: Html | None) -> Html:
    return headline(visit.words(question), amount(visit.language, minor, currency), *more)


def _transfer(visit: Visit, checkout: Checkout, reference: str) -> list[Html]:
    words, account = visit.words, visit.payee.bank_account if visit.payee else None
    large = _large(visit, "transfer", checkout.amount, checkout.currency, element("p", words("transfer_how")))
    if account is None:
        return [large]
    spaced = " ".join(account.iban[at : at + 4] for at in range(0, len(account.iban), 4))
    code = transfer_code(account, checkout.amount, checkout.currency, reference)
    scan = words("scan" if fills_in(checkout.amount, checkout.currency) else "scan_reference")
    return [
        large,
        terms(
            {
                words("holder"): person(account.holder),
                "IBAN": element("bdi", spaced, dir="ltr"),
                words("amount"): amount(visit.language, checkout.amount, checkout.currency),
                words("reference"): person(reference),
            }
        ),
        element("p", scan),
        element("div", Html(code.decode()), class_="qr", role="img", aria_label=scan),
        element("p", words("transfer_after"), class_="quiet-text"),
    ]


def _cash(visit: Visit, checkout: Checkout, reference: str) -> list[Html]:
    words, where = visit.words, (visit.payee.cash_point if visit.payee else None) or ""
    shown = [
        _large(visit, "cash", checkout.amount, checkout.currency, element("p", words("cash_how", where=where))),
        terms(
            {
                words("amount"): amount(visit.language, checkout.amount, checkout.currency),
                words("reference"): person(reference),
            }
        ),
    ]
    if can_be_bars(reference):
        shown.append(barcode(reference, words("scan_reference")))
    said = words("scan_reference")
    code = element("div", Html(reference_code(reference).decode()), class_="qr", role="img", aria_label=said)
    return [*shown, code, element("p", words("cash_after"), class_="quiet-text")]


def _waiting(visit: Visit, checkout: Checkout, bills: Sequence[Record[Bill]], *, is_away: bool) -> list[Html | None]:
    words = visit.words
    again = element("p", element("a", words("look_again"), href=visit.way(checkout.id)))
    buttons = [
        element("p", button(words(f"test_{does}"), "do", does, is_quiet=does != "pay"))
        for does in ("pay", "twice", "late", "fail")
    ]
    is_test = checkout.adapter == "test"
    go_on = element("p", button(words("go_on"), "do", "go_on"))
    return [
        wrongs(words("wrong"), {"go_on": words("away")}) if is_away else None,
        _large(visit, "waiting", checkout.amount, checkout.currency, element("p", words("waiting_text")), again),
        what_it_pays(visit, choice_of(checkout), bills),
        element("form", element("h2", words("test_how")), *buttons, method="post") if is_test else None,
        None if is_test else element("form", element("h2", words("not_yet"), id="go_on"), go_on, method="post"),
    ]


def _ended(visit: Visit, checkout: Checkout) -> list[Html]:
    words, merchant = visit.words, visit.payee.name if visit.payee else ""
    if checkout.state == "orphaned":
        text = element("p", words("orphaned_text", merchant=merchant))
        return [_large(visit, "orphaned", checkout.amount, checkout.currency, text)]
    text = element("p", words("expired_text" if checkout.state == "expired" else "failed_text"))
    return [_large(visit, "not_paid", checkout.amount, checkout.currency, text)]


def _to_keep(visit: Visit, checkout: Checkout) -> Html | None:
    if not can_be_set():
        return None
    return element(
        "p", element("a", visit.words("as_document"), href=visit.way(f"{checkout.id}.pdf")), class_="on-screen"
    )


def _by_mail(visit: Visit, mail: MailForm | None) -> list[Html]:
    if mail is None:
        return []
    words = visit.words
    to = field(
        words("mail_to"), "to", mail.typed, None, mail.error, type="email", autocomplete="email", maxlength="255"
    )
    form = element(
        "form", to, *hidden({"number": str(mail.number)}), button(words("mail_send"), "do", "mail", is_quiet=True),
        method="post", class_="on-screen",
    )  # fmt: skip
    return [*([element("p", mail.notice, role="status")] if mail.notice else []), form]


def _receipt(visit: Visit, payment: Payment, bills: Sequence[Record[Bill]]) -> list[Html | None]:
    words, language = visit.words, visit.language
    zone = visit.payee.time_zone if visit.payee else "UTC"
    names = {bill.of.id: bill.of.external_reference for bill in bills}
    rows: list[list[Html | str | None]] = [
        [
            person(names[one.owner_id]) if one.owner_id in names else words("balance"),
            amount(language, one.live, payment.currency, named=False),
        ]
        for one in payment.applications
        if one.live
    ]
    columns = [Column(words("for_what")), Column(payment.currency, is_number=True)]
    kept = payment.amount_unapplied
    return [
        _large(visit, "paid", payment.amount, payment.currency),
        element("p", words("taken_back")) if payment.status == "reversed" else None,
        element("p", words("kept", amount=visit.money(kept, payment.currency))) if kept else None,
        terms(
            {
                words("paid_on"): day(language, day_at(payment.paid_at, zone)),
                words("payment_number"): element("bdi", payment.id, dir="ltr"),
            }
        ),
        table(words("what_it_pays"), columns, rows) if rows else None,
    ]
