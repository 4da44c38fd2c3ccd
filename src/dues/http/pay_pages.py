"""`/p/{token}`: the customer's page. What was looked up is shown, and only what was pressed changes anything.

Nobody logs in: whoever has the address is let in. What leads nowhere is one page with one status, whyever it does.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final
from urllib.parse import parse_qs

import structlog
from msgspec import structs

from dues.commands.command import Modify
from dues.commands.job import Job
from dues.domain.checkouts import Checkout, Choice
from dues.domain.ids import random_secret
from dues.domain.payment_links import SECRET_LENGTH, tenant_of
from dues.domain.refusals import Refusal
from dues.http.context import Context, Endpoint
from dues.http.documents import origin_of
from dues.http.exchange import Exchange
from dues.http.pay_answers import KEPT, html, see_other
from dues.http.pay_forms import PRESS, Form, chosen, confirmed, refused, said, tags_of, why
from dues.http.pay_mails import mail_form, mailed
from dues.http.pay_messages import message, services_of
from dues.http.pay_receipts import receipt_document
from dues.http.problems import Reply
from dues.http.route_table import Routes
from dues.pages.look.brand import brand_style
from dues.pages.pay import LOGO_NAME, STYLE_NAME, Visit
from dues.pages.pay.checkout import MailForm, checkout_page, leaving_page
from dues.pages.pay.confirm import confirm_page
from dues.pages.pay.ending import end_page, gone_page
from dues.pages.pay.owing import NO_FAULTS, Faults, owing_page
from dues.pages.words import LANGUAGES, language_of
from dues.resources.checkouts.adapters import ADAPTERS, trial
from dues.resources.checkouts.adapters.adapter import Ask, ProcessorAwayError
from dues.resources.checkouts.begin import BEGIN_CHECKOUTS, Begun
from dues.resources.checkouts.bring import receive, request_of
from dues.resources.checkouts.store import find_checkout, find_pressed, hurry_checkout, list_last_checkouts
from dues.resources.payment_links.owing import Opened, Shown, find_shown, open_link
from dues.resources.payment_links.store import list_bills
from dues.resources.payment_links.withdraw import WITHDRAW_PAYMENT_LINKS
from dues.resources.payment_requests.store import find_request
from dues.resources.payments.store import find_payment
from dues.tenants.brands.store import find_logo
from dues.tenants.guesses import TooManyGuesses
from dues.tenants.payees.store import Payee

_log = structlog.get_logger()

CHECKOUTS_LOOKED_AT: Final = 20


def pay_pages(context: Context) -> Routes:
    """The routes of it, and of messages from processors."""
    pages = _Pages(context)
    return {
        "/p/{token}": {"GET": pages.of(pages.owing), "POST": pages.of(pages.pressed)},
        "/p/{token}/{below}": {"GET": pages.of(pages.below), "POST": pages.of(pages.pressed_below)},
        "/checkouts/{adapter}/messages": {"POST": partial(message, context)},
    }


Page = Callable[[Exchange, Visit, Opened], Awaitable[Reply]]


class _Pages:
    """The pages, on what they need."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def of(self, page: Page) -> Endpoint:
        """An endpoint: the page where there is a link, or the one that says that there is none."""

        async def endpoint(exchange: Exchange) -> Reply:
            visit, status = _visit(exchange), 404
            try:
                opened = await self._open(exchange)
            except TooManyGuesses as error:
                opened, status = None, 429
                exchange.answer_headers = [(b"retry-after", str(error.retry_seconds).encode())]
            if opened is None or (exchange.method == "POST" and not _is_own(exchange, self._context.public_url)):
                return html(gone_page(visit), status)
            exchange.tenant = f"{opened.payee.tenant.id}/{opened.payee.mode}"
            return await page(exchange, _at_home(visit, opened), opened)

        return endpoint

    async def _open(self, exchange: Exchange) -> Opened | None:
        token, guesses = exchange.path_parameters["token"], self._context.guesses
        if tenant_of(token) is None:
            guesses.refuse(exchange.client)
            return None
        async with guesses.turn(exchange.client):
            opened = await open_link(self._context.database, token)
            if opened is None:
                guesses.missed(exchange.client)
            return opened

    async def owing(self, _exchange: Exchange, visit: Visit, opened: Opened, faults: Faults = NO_FAULTS) -> Reply:
        """What is owed."""
        database, tenant = self._context.lists.share_of(opened.payee.tenant.id), opened.payee.tenant
        shown = await find_shown(database, opened)
        checkouts = await list_last_checkouts(database, tenant, opened.link.id, CHECKOUTS_LOOKED_AT)
        asked = await find_request(database, tenant, opened.link.request_id) if opened.link.request_id else None
        what_for = asked.description if asked else None
        return html(owing_page(visit, shown, checkouts, faults, what_for), 422 if faults.of else 200)

    async def pressed(self, exchange: Exchange, visit: Visit, opened: Opened) -> Reply:
        """A choice that was made, or confirmed."""
        form = exchange.form_body()
        shown = await find_shown(self._context.lists.share_of(opened.payee.tenant.id), opened)
        changed = Faults(said(form, "currency"), {"changed": visit.words("why_changed")})
        if opened.link.is_over(opened.payee.now()):
            return await self.owing(exchange, visit, opened)
        if said(form, "step") == "pay":
            return await self._pay(exchange, visit, shown, form) or await self.owing(exchange, visit, opened, changed)
        choice = chosen(form, visit, shown)
        if isinstance(choice, Faults):
            return await self.owing(exchange, visit, opened, choice)
        press = random_secret(SECRET_LENGTH)
        if reason := await refused(self._context, visit, shown, choice, press):
            owing = next(one for one in shown.owing if one.currency == choice.currency)
            name = f"amount-{choice.currency}"
            faults = Faults(choice.currency, {name: why(visit, reason, owing)}, said(form, name), form.get("bill", ()))
            return await self.owing(exchange, visit, opened, faults)
        bills = [bill for one in shown.owing for bill in one.bills]
        ways = {name: one.label for name, one in ADAPTERS.items() if await self._is_for(name, opened.payee, choice)}
        return html(confirm_page(visit, choice, bills, ways, press))

    async def _is_for(self, name: str, payee: Payee, choice: Choice) -> bool:
        try:
            return await ADAPTERS[name].is_for(services_of(self._context), payee, choice)
        except ProcessorAwayError:
            return False

    async def _pay(self, exchange: Exchange, visit: Visit, shown: Shown, form: Form) -> Reply | None:
        """Begins a checkout; None where it cannot be any more, as it was shown."""
        payee, choice, press = shown.opened.payee, confirmed(form, shown), said(form, "press")
        adapter = ADAPTERS.get(said(form, "by"))
        if adapter is None or not PRESS.fullmatch(press):
            return None
        if before := await find_pressed(self._context.database, payee.tenant, shown.opened.link.id, press):
            # The same form again is no other wish, whatever is owed by now.
            return await self._go_on(exchange, visit, payee, before)
        if choice is None or not await self._is_for(adapter.name, payee, choice):
            return None
        if await refused(self._context, visit, shown, choice, press):
            return None
        tagged = structs.replace(choice, tags=tags_of(exchange.query_string))
        begun = Begun(shown.opened.link, tagged, adapter.name, press)
        outcome, exchange.group_size = await self._context.writes.submit(Job(BEGIN_CHECKOUTS, request_of(payee, begun)))
        if isinstance(outcome, Refusal):
            return None
        checkout = await find_checkout(self._context.database, payee.tenant, outcome.id)
        assert checkout is not None, "it was begun just now"
        return await self._go_on(exchange, visit, payee, checkout)

    async def _go_on(self, exchange: Exchange, visit: Visit, payee: Payee, checkout: Checkout) -> Reply:
        """Leads to where it is paid: the processor's page, or our own about it."""
        origin = self._context.public_url or origin_of(exchange)
        asked = Ask(services_of(self._context), payee, checkout, f"{origin}/p/{visit.token}")
        try:
            where = await ADAPTERS[checkout.adapter].begin(asked) if checkout.state == "open" else None
        except ProcessorAwayError as error:
            _log.warning("processor_away", checkout=checkout.id, reason=str(error))
            return html(checkout_page(visit, checkout, [], None, "", is_away=True), 503)
        # Browsers follow no redirect to elsewhere from a form of ours, which may be sent to us alone.
        return html(leaving_page(visit, checkout, where)) if where else see_other(visit.way(checkout.id))

    async def below(self, _exchange: Exchange, visit: Visit, opened: Opened, sent: MailForm | None = None) -> Reply:
        """The page of a checkout, the one that asks before the link is ended, or what pages look like."""
        if visit.below == "end":
            return html(end_page(visit))
        if looks := await self._looks(visit, opened.payee):
            return looks
        if visit.below.endswith(".pdf"):
            return await receipt_document(self._context, visit, opened)
        database, tenant = self._context.lists.share_of(opened.payee.tenant.id), opened.payee.tenant
        checkout = await find_checkout(database, tenant, visit.below)
        if checkout is None or checkout.payment_link_id != opened.link.id:
            return html(gone_page(visit), 404)
        await hurry_checkout(self._context.database, tenant, checkout.id)
        payment = await find_payment(database, tenant, checkout.payment_id) if checkout.payment_id else None
        ids = [part.bill for part in checkout.parts.bills]
        ids += [one.owner_id for one in payment.applications if one.owner_id.startswith("bill_")] if payment else []
        bills = await list_bills(database, tenant, ids)
        is_one = len(bills) == 1 and checkout.amount == sum(part.amount for part in checkout.parts.bills)
        reference = bills[0].of.external_reference if is_one else (await find_shown(database, opened)).reference
        mail = sent or await mail_form(self._context, opened, checkout)
        shown = checkout_page(visit, checkout, bills, payment, reference, mail)
        return html(shown, 422 if sent and sent.error else 200)

    async def _looks(self, visit: Visit, payee: Payee) -> Reply | None:
        """The brand's stylesheet or logo, where that is asked for and there is one."""
        if visit.below == STYLE_NAME and payee.brand and payee.brand.colour:
            return Reply(200, brand_style(payee.brand.colour), b"text/css; charset=utf-8", KEPT, is_public=True)
        if visit.below == LOGO_NAME and (logo := await find_logo(self._context.database, payee.tenant.id)):
            return Reply(200, logo.bytes, logo.type.encode(), KEPT, is_public=True)
        return None

    async def pressed_below(self, exchange: Exchange, visit: Visit, opened: Opened) -> Reply:
        """A button of the processor of tests, or the one that ends the link."""
        form, payee = exchange.form_body(), opened.payee
        if visit.below == "end":
            wanted = Modify[None](opened.link.id, None)
            await self._context.writes.submit(Job(WITHDRAW_PAYMENT_LINKS, request_of(payee, wanted)))
            return see_other(visit.way())
        checkout = await find_checkout(self._context.database, payee.tenant, visit.below)
        if checkout is None or checkout.payment_link_id != opened.link.id:
            return html(gone_page(visit), 404)
        does, services = said(form, "do"), services_of(self._context)
        if does == "go_on" and checkout.adapter != "test":
            return await self._go_on(exchange, visit, payee, checkout)
        if checkout.adapter == "test" and checkout.state == "open" and does in ("pay", "twice", "late", "fail"):
            messages = await trial.charge(Ask(services, payee, checkout), does)
            body, headers = trial.message(payee, checkout, "failed" if does == "fail" else "paid")
            for _ in range(messages):
                await receive(services, self._context.writes.submit, "test", body, headers)
        if does == "mail" and (sent := await mailed(self._context, visit, opened, checkout, form)):
            return await self.below(exchange, visit, opened, sent)
        return see_other(visit.way(checkout.id))


def _visit(exchange: Exchange) -> Visit:
    asked = said(parse_qs(exchange.query_string[:100].decode("latin-1")), "lang") or None
    language = language_of(asked, exchange.header(b"accept-language"))
    token, below = exchange.path_parameters["token"], exchange.path_parameters.get("below", "")
    return Visit(token, language, asked in LANGUAGES, below=below)


def _at_home(visit: Visit, opened: Opened) -> Visit:
    return Visit(visit.token, visit.language, visit.is_asked, opened.payee, opened.link, visit.below)


def _is_own(exchange: Exchange, public_url: str) -> bool:
    """Whether a form was sent from one of our own pages, as far as browsers tell: older ones say the origin alone, or
    `null`, as no page of ours says where it is."""
    if site := exchange.header(b"sec-fetch-site"):
        return site in (b"same-origin", b"none")
    origin = exchange.header(b"origin")
    ours = (public_url or origin_of(exchange)).encode()
    return origin in (None, b"null") or ours == origin or ours.startswith(origin + b"/")
