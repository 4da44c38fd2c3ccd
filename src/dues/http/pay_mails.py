"""The form on the page of a payment link by which whoever has paid has the receipt sent: to the address they type."""

from typing import Final

from email_validator import EmailNotValidError

from dues.commands.job import Job
from dues.domain.checkouts import Checkout
from dues.domain.fields import plain_text
from dues.domain.mails import ascii_address
from dues.domain.refusals import Refusal
from dues.http.context import Context
from dues.http.pay_forms import Form, said
from dues.pages.pay import Visit
from dues.pages.pay.checkout import MailForm
from dues.resources.checkouts.bring import request_of
from dues.resources.mails.create import AskedOnPage, create_mails
from dues.resources.mails.store import count_asked, find_mail
from dues.resources.payment_links.owing import Opened

A_DAY_MAX: Final = 5
"""So many receipts are sent by one link on one day: who has the address shall not write to strangers by it."""


async def mail_form(context: Context, opened: Opened, checkout: Checkout) -> MailForm | None:
    """The form as it stands on the page; None: no mail is sent here, or there is no receipt."""
    if not context.outgoing.sends_mail or checkout.payment_id is None:
        return None
    database = context.lists.share_of(opened.payee.tenant.id)
    return MailForm(await count_asked(database, opened.payee.tenant, _under(opened)))


async def mailed(context: Context, visit: Visit, opened: Opened, checkout: Checkout, form: Form) -> MailForm | None:
    """The form once it was sent: that the receipt is on its way, or what is wrong. The same form again is no other
    wish; each number of a day is one mail, so no two forms at once are more than there may be."""
    payee, typed = opened.payee, said(form, "to").strip()
    if not context.outgoing.sends_mail or checkout.payment_id is None:
        return None
    number = int(said(form, "number")) if said(form, "number") in map(str, range(A_DAY_MAX)) else A_DAY_MAX
    try:
        address = ascii_address(typed) if len(typed) <= 255 and not plain_text(typed) else None
    except EmailNotValidError:
        address = None
    if address is None:
        return MailForm(number, typed[:255], visit.words("mail_wrong"))
    for at in range(number, A_DAY_MAX):
        lang, under = visit.language.code, f"{_under(opened)}:{at}"
        wanted = AskedOnPage(payment=checkout.payment_id, to=address, lang=lang, under=under)  # type: ignore[arg-type]
        outcome, _ = await context.writes.submit(Job(create_mails(context.outgoing), request_of(payee, wanted)))
        if isinstance(outcome, Refusal):
            return None
        mail = await find_mail(context.database, payee.tenant, outcome.id)
        if mail is not None and (mail.address, mail.payment_id) == (address, checkout.payment_id):
            return MailForm(at + 1, notice=visit.words("mail_sent"))
    return MailForm(A_DAY_MAX, typed, visit.words("mail_often"))


def _under(opened: Opened) -> str:
    """What references of mails begin with that are asked for by this link today."""
    return f"{opened.link.id}:{opened.payee.today}"
