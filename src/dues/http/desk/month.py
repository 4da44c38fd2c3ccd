"""Closing a month at the desk: `/desk/month`, and the folder of each closing."""

from datetime import date, timedelta
from typing import Any

from dues.domain.ids import random_secret
from dues.domain.people import least_role
from dues.http.desk.calls import segment
from dues.http.desk.doing import PRESS_LENGTH, beside
from dues.http.desk.doors import html, see_other
from dues.http.desk.visit import Visit
from dues.http.pay_forms import said
from dues.http.problems import ProblemError, Reply
from dues.pages.desk.month import closing_page, month_page
from dues.pages.desk.overview import forbidden_page


async def month(visit: Visit) -> Reply:
    """What is not closed yet; POST closes it."""
    faults: dict[str, str] = {}
    press = random_secret(PRESS_LENGTH)
    if visit.exchange.method == "POST":
        if not visit.may("closings:create"):
            return html(forbidden_page(visit.seat, least_role("closings:create")), 403)
        form = visit.exchange.form_body()
        key = said(form, "press")[:PRESS_LENGTH] or press
        done = await visit.calls.write("/billing/closings", {"through": said(form, "through")}, f"desk-{key}")
        if done.code is None:
            return see_other(f"{visit.seat.root}month/{done.of['id']}")
        faults = beside(done, {"through"})
    closings = await visit.calls.get("/billing/closings", limit=24)
    if refused := visit.refused(closings, "closings:read"):
        return refused
    listed = closings.of["data"]
    through = visit.seat.today.replace(day=1) - timedelta(days=1)
    last = next((date.fromisoformat(one["through"]) for one in listed if "reopened_at" not in one), None)
    begins = last + timedelta(days=1) if last else through.replace(day=1)
    totals: Any = None
    if begins <= through:
        asked = {"from": str(begins), "to": str(through)}
        totals = await visit.calls.get("/billing/control_totals", **asked)
        if refused := visit.refused(totals, "control_totals:read"):
            return refused
    may_close = visit.may("closings:create")
    shown = month_page(visit.seat, totals and totals.of, listed, through, may_close, press, faults)
    return html(shown, 422 if faults else 200)


async def closing(visit: Visit) -> Reply:
    """What was closed; POST has its folder made."""
    path = f"/billing/closings/{segment(visit.name('closing'))}"
    found = await visit.calls.get(path)
    if refused := visit.refused(found, "closings:read"):
        return refused
    is_asked = visit.exchange.method == "POST"
    if is_asked:
        key = said(visit.exchange.form_body(), "press")[:PRESS_LENGTH] or random_secret(PRESS_LENGTH)
        prepared = await visit.calls.write(f"{path}/folder", None, f"desk-{key}")
        if refused := visit.refused(prepared, "folders:create"):
            return refused
    press = random_secret(PRESS_LENGTH)
    return html(closing_page(visit.seat, found.of, visit.may("folders:create"), press, is_asked))


async def folder(visit: Visit) -> Reply:
    """The folder, as the API gives it."""
    try:
        return await visit.calls.document(f"/billing/closings/{segment(visit.name('closing'))}/folder")
    except ProblemError as error:
        if error.code == "key_not_allowed":
            return html(forbidden_page(visit.seat, least_role("folders:read")), 403)
        raise
