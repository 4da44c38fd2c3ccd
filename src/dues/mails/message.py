"""Writes a mail: a receipt or a statement as it is now, as text, as a page, and as a document where that can be set."""

import asyncio
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final

from dues.db.database import Database
from dues.domain.mails import Mail
from dues.domain.refusals import Refusal
from dues.events.feed import Feed
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.pages.mails import Letter, receipt_letter, statement_letter
from dues.pages.paper import NotInstalledError, Printer, TooLongError
from dues.pages.presented import PRESENTED
from dues.pages.words import Language
from dues.resources.doing import Call
from dues.resources.mails.store import ToSend
from dues.resources.payments.store import find_payment
from dues.resources.receipts.read import receipt_of
from dues.resources.receipts.wire import ReceiptBody
from dues.resources.statements.query import StatementQuery
from dues.resources.statements.read import read_statement
from dues.resources.statements.wire import StatementBody
from dues.tenants.file_context.store import find_file_context
from dues.tenants.keys import key_of_nobody
from dues.tenants.payees.store import find_payee
from dues.webhooks.outgoing import Outgoing

_POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=120)


async def compose(database: Database, one: ToSend, sender: str, printer: Printer, outgoing: Outgoing) -> bytes | str:
    """The message; or why there is none, and never will be."""
    language = Language(one.mail.language)
    body = await _body(database, one, outgoing)
    if isinstance(body, str):
        return body
    shown = PRESENTED[type(body)]
    try:
        page = await asyncio.to_thread(shown.page, body, language)
    except TooLongError as error:
        return str(error)
    letter = receipt_letter(body, language) if isinstance(body, ReceiptBody) else statement_letter(body, language)
    return write(one.mail, letter, page, await _document(body, language, printer), sender)


async def _body(database: Database, one: ToSend, outgoing: Outgoing) -> ReceiptBody | StatementBody | str:
    mail = one.mail
    if mail.payment_id is not None:
        payee = await find_payee(database, one.tenant.id)
        payment = await find_payment(database, one.tenant, mail.payment_id)
        return (
            "Its payment is gone." if payee is None or payment is None else await receipt_of(database, payee, payment)
        )
    row = await find_file_context(database, one.tenant)
    key = key_of_nobody(one.tenant, row["merchant_id"], row["mode"], row["clock_offset_seconds"], row["time_zone"])
    asked: Mapping[str, Any] = {"from": mail.first_on, "to": mail.last_on, "payment_link": mail.payment_link_id}
    call = Call(
        key=key,
        name=mail.account_id or mail.customer_id,
        query=StatementQuery(**asked),
        idempotency_key=None,
        database=database,
        feed=Feed(database, Watermark(database), Notifier(database)),
        outgoing=outgoing,
    )
    statement = await read_statement(call, "account" if mail.account_id else "customer")
    return statement.detail if isinstance(statement, Refusal) else statement


async def _document(
    body: ReceiptBody | StatementBody, language: Language, printer: Printer
) -> tuple[str, bytes] | None:
    shown = PRESENTED[type(body)]
    assert shown.paper
    assert shown.file_name
    try:
        paper = await asyncio.to_thread(shown.paper, body, language)
        return f"{shown.file_name(body)}.pdf", await printer.print(paper)
    except NotInstalledError:
        return None


def write(mail: Mail, letter: Letter, page: bytes, document: tuple[str, bytes] | None, sender: str) -> bytes:
    """The message as it is sent. Whatever people are called, it has these headers and no others."""
    message = EmailMessage(policy=_POLICY)
    local, _, domain = sender.rpartition("@")
    message["From"] = Address(_line(letter.merchant), local, domain)
    message["To"] = mail.address
    message["Subject"] = _line(letter.subject)
    message["Date"] = format_datetime(mail.created_at)
    # The same whenever it is tried, so that whoever gets it twice has it once.
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(page.decode(), subtype="html")
    if document:
        name, data = document
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    message["Content-Language"] = mail.language  # here, as content that is set takes such headers with it
    policy = _POLICY if mail.address.isascii() else _POLICY.clone(utf8=True)
    return message.as_bytes(policy=policy)


def _line(text: str) -> str:
    """Of a text, what may stand in a header: one line, without anything that is no letter."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:200]
