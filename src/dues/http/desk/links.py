"""Payment links of a customer at the desk: made, shown and withdrawn."""

from dues.domain.ids import random_secret
from dues.domain.people import least_role
from dues.http.desk.calls import segment
from dues.http.desk.doing import PRESS_LENGTH
from dues.http.desk.doors import html
from dues.http.desk.visit import Visit
from dues.http.pay_forms import said
from dues.http.problems import Reply
from dues.pages.desk.links import links_page
from dues.pages.desk.overview import forbidden_page


async def links(visit: Visit) -> Reply:
    """Those of one customer; POST makes one, or withdraws one."""
    customer = await visit.calls.get(f"/billing/customers/{segment(visit.name('customer'))}")
    if not visit.may("payment_links:create"):
        return html(forbidden_page(visit.seat, least_role("payment_links:create")), 403)
    if refused := visit.refused(customer, "customers:read"):
        return refused
    if visit.exchange.method == "POST":
        form = visit.exchange.form_body()
        press = said(form, "press")[:PRESS_LENGTH] or random_secret(PRESS_LENGTH)
        if withdrawn := said(form, "withdraw"):
            path = f"/billing/payment_links/{segment(withdrawn)}/withdraw"
            done = await visit.calls.write(path, None, f"desk-{press}")
        else:
            done = await visit.calls.write("/billing/payment_links", {"customer": customer.of["id"]}, f"desk-{press}")
        if refused := visit.refused(done, "payment_links:create"):
            return refused
    listed = await visit.calls.get("/billing/payment_links", customer=customer.of["id"], limit=50)
    if refused := visit.refused(listed, "payment_links:read"):
        return refused
    return html(links_page(visit.seat, customer.of, listed.of["data"], random_secret(PRESS_LENGTH)))
