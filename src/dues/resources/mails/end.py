"""What became of a mail: a mail server has taken it, or it never will be sent."""

from collections.abc import Iterable

from msgspec import Struct

from dues.commands.command import Command, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.domain.entries import Cause
from dues.domain.mails import MailState, end_mail
from dues.domain.refusals import Refusal, not_found
from dues.resources.mails.store import MAIL
from dues.work.questions import Question
from dues.work.work import Request


class Ended(Struct, frozen=True):
    """What became of which mail, and why."""

    mail_id: str
    state: MailState
    reason: str | None = None
    is_unclear: bool = False


def _questions(request: Request[Ended]) -> Iterable[Question]:
    yield Named(MAIL, request.body.mail_id, changes=True)


def _end(request: Request[Ended], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
    ended = request.body
    record = lookup.find("mail", ended.mail_id)
    if record is None:
        return not_found("mail", ended.mail_id)
    if record.of.state == "sent":
        return Outcome(record)
    change = end_mail(record, ended.state, ended.reason, ended.is_unclear, cause)
    return Outcome(change.after, [change])


END_MAILS = Command("mails.end", _questions, _end)
