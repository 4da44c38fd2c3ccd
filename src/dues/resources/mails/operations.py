"""What the API offers of mails."""

from typing import Annotated, Any, Final

from dues.domain.fields import says
from dues.domain.mails import MailState, NewMail
from dues.lists.query import ByCustomer, FindingQuery, InTheirOrder
from dues.resources.doing import Answers, Creates
from dues.resources.mails.create import create_mails
from dues.resources.mails.read import LIST_MAILS, read_mail
from dues.resources.mails.wire import MailBody
from dues.resources.noun import Noun


class MailQuery(FindingQuery, frozen=True, kw_only=True):
    """What mails can be listed by."""

    order: InTheirOrder | None = None
    customer: ByCustomer | None = None
    state: Annotated[MailState, says("Only those that are in this state.")] | None = None


_EXAMPLE: Final[dict[str, Any]] = {
    "id": "mail_0Ue8xVi7zB1tO6dVpGi3y",
    "kind": "receipt",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "payment_id": "pay_0Ue8xSg4wY7pK2zRlCe9u",
    "asked_by": "merchant",
    "to": "jane@example.com",
    "lang": "en",
    "state": "waiting",
    "created_at": "2026-01-20T09:15:00Z",
}

NOUN: Final = Noun(noun="mail", named="The mail's id (`mail_…`).", tag="Mails", body=MailBody, example=_EXAMPLE)

OPERATIONS: Final = (
    NOUN.create(
        Creates(create_mails),
        NewMail,
        {
            "a receipt": {"payment": "EFT-88213", "to": "jane@example.com"},
            "a statement": {"statement": {"customer": "CUST-1042"}, "to": "jane@example.com", "lang": "af"},
        },
        summary="Send a receipt or a statement by mail",
        description="It is written down with the answer and sent right after, again and again where a mail server is "
        "away. `GET` of it says what became of it, as do the events `mail.sent` and `mail.failed`. Nothing is sent "
        "that nobody asked for. In test mode it is sent too, and its subject begins with `TEST`.",
        problems=(
            "payment_not_found",
            "customer_not_found",
            "account_not_found",
            "payment_link_not_found",
            "payment_link_over",
            "owner_mismatch",
            "mail_without_address",
            "mail_not_set",
        ),
        tagged=False,
    ),
    NOUN.list_as(LIST_MAILS, MailQuery, "Newest first, each with what became of it."),
    NOUN.one(
        "GET",
        "",
        Answers(read_mail),
        id="retrieve_mail",
        summary="Retrieve a mail",
        description="What became of it.",
    ),
)
