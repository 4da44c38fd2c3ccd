"""GET /billing/mails, and of one: what became of it."""

import msgspec

from dues.domain.refusals import Refusal, not_found
from dues.lists.finding import find
from dues.lists.paging import PageBody, page_of
from dues.resources.doing import Call, Lists
from dues.resources.mails.store import MAIL, MAILS, find_mail
from dues.resources.mails.wire import MailBody, mail_body


async def read_mail(call: Call) -> bytes | Refusal:
    """One mail."""
    mail = await find_mail(call.database, call.tenant, call.name)
    if mail is None:
        return not_found("mail", call.name)
    return msgspec.json.encode(mail_body(mail, with_attempts=True))


async def _page(call: Call) -> PageBody:
    rows = await find(call.database, MAILS, call.tenant, call.query, call.key.today)
    shown = [(place, mail_body(MAIL.of_row(row).of, with_attempts=True)) for place, row in rows]
    return page_of(call.query, call.tenant, MAILS.name, shown)


LIST_MAILS = Lists(_page, MailBody)
