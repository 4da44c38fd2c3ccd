"""Gives one message to the mail server, and says what became of it as exactly as can be known."""

import asyncio
from typing import Final, Literal

import aiosmtplib
from msgspec import Struct

from dues.mails.server import MailServer

SECONDS_MAX: Final = 60.0
"""From the first byte to the last answer."""


class Sent(Struct, frozen=True):
    """What became of it. `again`: it may be tried again; `is_unclear`: the server may have taken it."""

    state: Literal["sent", "failed", "again"]
    reason: str | None = None
    is_unclear: bool = False


async def send(server: MailServer, address: str, message: bytes) -> Sent:
    """Sends it once. What the server refuses for good is failed; all else may be tried again."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.is_tls,
        start_tls=server.is_starttls,
        username=server.user,
        password=server.password,
        timeout=SECONDS_MAX / 2,
    )
    stage = _Stage()
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await _speak(client, server, address, message, stage)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Sent("again", _told(error), stage.is_given)
    finally:
        client.close()


class _Stage:
    """Whether the message was given away, so that who does not answer may have it."""

    is_given = False


async def _speak(client: aiosmtplib.SMTP, server: MailServer, address: str, message: bytes, stage: _Stage) -> Sent:
    # What is refused here is about this server's settings, and no mail's fault: it is tried again.
    await client.connect()
    options = []
    if not address.isascii():
        if not client.supports_extension("smtputf8"):
            return Sent("failed", "The mail server takes no addresses with such letters (SMTPUTF8).")
        options = ["SMTPUTF8"]
    try:
        await client.mail(server.sender, options=options)
        await client.rcpt(address)
        stage.is_given = True
        await client.data(message)
    except aiosmtplib.SMTPResponseException as error:
        if error.code >= 500:
            return Sent("failed", _told(error))
        # An answer, and no: it has not taken it. -1 is of a connection that ended instead.
        return Sent("again", _told(error), stage.is_given and error.code < 400)
    return Sent("sent")


def _told(error: BaseException) -> str:
    """What is said of it, in one line that has no secret: an answer of a server, or what kind of error."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return "The mail server does not accept the user and password of DUES_MAIL_URL."
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return " ".join(f"{error.code} {error.message}".split())[:255]
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return "The mail server ended the connection."
    if isinstance(error, TimeoutError):
        return "The mail server did not answer in time."
    return "The mail server cannot be reached."
