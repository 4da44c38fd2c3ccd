"""The pages of the desk: what each asks of the API, and what is done from it."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from dues.audit.store import list_audit
from dues.domain.people import IDLE_MAX, LOGGED_IN_MAX
from dues.http.context import Context, Endpoint
from dues.http.desk.acting import ACTIONS, actions_of
from dues.http.desk.calls import Calls, caller_of_session, segment
from dues.http.desk.doing import acting, pay
from dues.http.desk.doors import Doors, html, root_of, see_other
from dues.http.desk.links import links
from dues.http.desk.month import closing, folder, month
from dues.http.desk.visit import Page, Visit, names_of
from dues.http.exchange import Exchange
from dues.http.pay_forms import said
from dues.http.problems import ProblemError, Reply
from dues.http.route_table import Routes, RouteTable
from dues.pages.desk import Seat, Thing
from dues.pages.desk.overview import (
    ageing_page,
    audit_page,
    forbidden_page,
    problem_page,
    search_page,
    today_page,
    you_page,
)
from dues.pages.desk.things import bill_page, customer_page, payment_page
from dues.tenants.people.sessions.store import (
    Session,
    list_sessions,
    save_ended,
    save_mode,
)
from dues.tenants.people.store import list_people

LISTED: Final = 50

_LAST_AUDIT: Final = "aud`"
"""Behind every id of the audit."""


def desk_pages(context: Context, api: Routes) -> Routes:
    """The routes of the desk, whose pages ask the API at these routes."""
    rooms = _Rooms(context, RouteTable(api, context.docs_base))
    doors = rooms.doors
    pages: dict[str, dict[str, Endpoint]] = {
        "/desk": {"GET": rooms.of(rooms.today)},
        "/desk/ageing": {"GET": rooms.of(rooms.ageing)},
        "/desk/customers": {"GET": rooms.of(rooms.search)},
        "/desk/customers/{customer}": {"GET": rooms.of(rooms.customer)},
        "/desk/customers/{customer}/statement": {"GET": rooms.of(rooms.statement)},
        "/desk/customers/{customer}/pay": {"GET": rooms.of(pay), "POST": rooms.of(pay)},
        "/desk/customers/{customer}/links": {"GET": rooms.of(links), "POST": rooms.of(links)},
        "/desk/bills/{bill}": {"GET": rooms.of(rooms.bill)},
        "/desk/bills/{bill}/pay": {"GET": rooms.of(pay), "POST": rooms.of(pay)},
        "/desk/payments/{payment}": {"GET": rooms.of(rooms.payment)},
        "/desk/month": {"GET": rooms.of(month), "POST": rooms.of(month)},
        "/desk/month/{closing}": {"GET": rooms.of(closing), "POST": rooms.of(closing)},
        "/desk/month/{closing}/folder": {"GET": rooms.of(folder)},
        "/desk/audit": {"GET": rooms.of(rooms.audit)},
        "/desk/you": {"GET": rooms.of(rooms.you), "POST": rooms.of(rooms.end_session)},
        "/desk/mode": {"POST": rooms.of(rooms.change_mode)},
        "/desk/login": {"GET": doors.login_form, "POST": doors.login},
        "/desk/logout": {"POST": doors.logout},
        "/desk/join/{token}": {"GET": doors.join_form, "POST": doors.join},
    }
    for action in ACTIONS:
        done = rooms.of(acting(action))
        pages[f"/desk/{action.noun}s/{{{action.noun}}}/{action.name}"] = {"GET": done, "POST": done}
    return pages


class _Rooms:
    """The pages, on what they need."""

    def __init__(self, context: Context, table: RouteTable[Endpoint]) -> None:
        self._context, self._table = context, table
        self.doors = Doors(context)

    def of(self, page: Page) -> Endpoint:
        """An endpoint: the page for whoever is logged in, and the way to log in for others."""

        async def endpoint(exchange: Exchange) -> Reply:
            root = root_of(exchange)
            session = await self.doors.session(exchange)
            if session is None:
                return see_other(f"{root}login")
            if exchange.method == "POST" and not self.doors.is_own(exchange):
                return see_other(f"{root}../desk")
            exchange.tenant = f"{session.person.merchant_id}/{session.mode}"
            exchange.key_id = session.person.id
            seat = await self._seat(session, exchange, root)
            try:
                return await page(Visit(exchange, session, seat, Calls(self._table, session, exchange)))
            except ProblemError as error:
                return html(problem_page(seat, error.detail), 503 if error.code == "unavailable" else 400)

        return endpoint

    async def _seat(self, session: Session, exchange: Exchange, root: str) -> Seat:
        person, here = session.person, exchange.path.partition("/desk")[2].strip("/").partition("/")[0]
        people = await list_people(self._context.database, person.merchant_id)
        return Seat(
            name=person.name,
            role=person.role,
            merchant=session.merchant,
            mode=session.mode,
            time_zone=session.time_zone,
            root=root,
            here=here,
            names={one.id: one.name for one in people},
            today=caller_of_session(session).today,
        )

    # What there is -----------------------------------------------------------------------------------------------

    async def today(self, visit: Visit) -> Reply:
        """What is owed, and what came in today."""
        ageing, came_in = await asyncio.gather(
            visit.calls.get("/billing/ageing"), visit.calls.get("/billing/daily_totals")
        )
        if refused := visit.refused(ageing, "ageing:read") or visit.refused(came_in, "daily_totals:read"):
            return refused
        return html(today_page(visit.seat, ageing.of["data"], came_in.of["totals"]))

    async def ageing(self, visit: Visit) -> Reply:
        """Who owes."""
        totals = await visit.calls.get("/billing/ageing")
        if refused := visit.refused(totals, "ageing:read"):
            return refused
        currencies = [row["currency"] for row in totals.of["data"]]
        asked = visit.query.get("currency")
        currency = asked if asked in currencies else next(iter(currencies), None)
        if currency is None:
            return html(ageing_page(visit.seat, [], "", [], None))
        debtors = await visit.calls.get(
            "/billing/ageing", by="customer", currency=currency, limit=LISTED, cursor=visit.query.get("cursor")
        )
        if refused := visit.refused(debtors, "ageing:read"):
            return refused
        following = debtors.of.get("next_cursor")
        return html(ageing_page(visit.seat, totals.of["data"], currency, debtors.of["data"], following))

    async def search(self, visit: Visit) -> Reply:
        """Who begins with what is asked."""
        asked = visit.query.get("q", "").strip()[:100]
        if not asked:
            return html(search_page(visit.seat, "", None))
        exact, found = await asyncio.gather(
            visit.calls.get(f"/billing/customers/{segment(asked)}"),
            visit.calls.get("/billing/customers", q=asked, limit=LISTED),
        )
        if exact.code is None:
            return see_other(f"{visit.seat.root}customers/{exact.of['id']}")
        if refused := visit.refused(found, "customers:read"):
            return refused
        return html(search_page(visit.seat, asked, found.of["data"]))

    async def customer(self, visit: Visit) -> Reply:
        """What somebody owes, and why."""
        path = f"/billing/customers/{segment(visit.name('customer'))}"
        customer = await visit.calls.get(path)
        if refused := visit.refused(customer, "customers:read"):
            return refused
        whose = customer.of["id"]
        bills, payments, entries = await asyncio.gather(
            visit.calls.get("/billing/bills", customer=whose, limit=LISTED),
            visit.calls.get("/billing/payments", customer=whose, limit=LISTED),
            visit.calls.get(f"{path}/entries", limit=LISTED),
        )
        for answer, scope in ((bills, "bills:read"), (payments, "payments:read"), (entries, "customers:read")):
            if refused := visit.refused(answer, scope):
                return refused
        here = f"{visit.seat.root}customers/{whose}"
        doing = [("Statement", f"{here}/statement"), *self._doing(visit, "customer", customer.of, here)]
        doing += [("Payment links", f"{here}/links")] if visit.may("payment_links:create") else []
        lists = [answer.of["data"] for answer in (bills, payments, entries)]
        return html(customer_page(visit.seat, customer.of, lists[0], lists[1], lists[2], doing))

    def _doing(self, visit: Visit, noun: str, thing: Thing, here: str) -> list[tuple[str, str]]:
        doing = [(one.title, f"{here}/{one.name}") for one in actions_of(noun, thing, visit.may)]
        if noun == "customer" or (noun == "bill" and thing["status"] == "unpaid"):
            doing[:0] = [("Record a payment", f"{here}/pay")] if visit.may("payments:create") else []
        return doing

    async def statement(self, visit: Visit) -> Reply:
        """The customer's statement, as the API shows it."""
        return await visit.calls.document(f"/billing/customers/{segment(visit.name('customer'))}/statement.html")

    async def bill(self, visit: Visit) -> Reply:
        """What is to be paid of a bill."""
        path = f"/billing/bills/{segment(visit.name('bill'))}"
        bill = await visit.calls.get(path)
        if refused := visit.refused(bill, "bills:read"):
            return refused
        customer, entries = await asyncio.gather(
            visit.calls.get(f"/billing/customers/{bill.of['customer_id']}"),
            visit.calls.get(f"{path}/entries", limit=LISTED),
        )
        doing = self._doing(visit, "bill", bill.of, f"{visit.seat.root}bills/{bill.of['id']}")
        return html(bill_page(visit.seat, bill.of, customer.of, entries.of["data"], doing))

    async def payment(self, visit: Visit) -> Reply:
        """What came in, and what it was for."""
        payment = await visit.calls.get(f"/billing/payments/{segment(visit.name('payment'))}")
        if refused := visit.refused(payment, "payments:read"):
            return refused
        names = await names_of(visit, [payment.of, *payment.of["applications"]])
        doing = self._doing(visit, "payment", payment.of, f"{visit.seat.root}payments/{payment.of['id']}")
        return html(payment_page(visit.seat, payment.of, names, doing))

    async def audit(self, visit: Visit) -> Reply:
        """What people did."""
        if not visit.may("closings:read"):
            return html(forbidden_page(visit.seat, "viewer"), 403)
        before = visit.query.get("before", _LAST_AUDIT)
        rows = await list_audit(self._context.database, visit.session.tenant, visit.query.get("of"), before, LISTED + 1)
        following = rows[LISTED - 1]["id"] if len(rows) > LISTED else None
        return html(audit_page(visit.seat, rows[:LISTED], following))

    # Who is there ------------------------------------------------------------------------------------------------

    async def you(self, visit: Visit) -> Reply:
        """Where somebody is logged in."""
        now, person = datetime.now(UTC), visit.session.person
        sessions = await list_sessions(self._context.database, person.id, now - IDLE_MAX, now - LOGGED_IN_MAX)
        return html(you_page(visit.seat, person.email, sessions, visit.session.id))

    async def end_session(self, visit: Visit) -> Reply:
        """Ends a session of one's own."""
        ended = said(visit.exchange.form_body(), "session")
        await save_ended(self._context.database, ended, visit.session.person.id, datetime.now(UTC))
        return see_other(f"{visit.seat.root}you")

    async def change_mode(self, visit: Visit) -> Reply:
        """Goes to the other mode's data."""
        mode = said(visit.exchange.form_body(), "mode")
        await save_mode(self._context.database, visit.session.id, "live" if mode == "live" else "test")
        return see_other(f"{visit.seat.root}../desk")
