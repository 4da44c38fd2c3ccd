"""The mail server that mail is sent by, as the settings say."""

import re
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_URL_SAYS: Final = (
    "DUES_MAIL_URL must be a URL like smtp://user:password@mail.example.com:587 or smtps://mail.example.com."
)


class MailServer(Struct, frozen=True):
    """Where it is, how it is spoken to, and the address that mails are from."""

    host: str
    port: int
    is_tls: bool
    """Whether it speaks TLS from the first byte."""
    is_starttls: bool
    """Whether it must be asked to, before anything else is said."""
    user: str | None
    password: str | None
    sender: str

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"

    @classmethod
    def parse(cls, url: str, sender: str) -> Self | None:
        """The one that settings name; None: they name none. Raises ValueError, which never has the URL in it."""
        if not url:
            return None
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError(_URL_SAYS) from None
        asked = parse_qs(parts.query)
        is_plain = asked == {"starttls": ["no"]}
        if parts.scheme not in ("smtp", "smtps") or not host or parts.path not in ("", "/") or (asked and not is_plain):
            raise ValueError(_URL_SAYS)
        if not _ADDRESS.fullmatch(sender):
            raise ValueError("DUES_MAIL_FROM must be the address that mails are from, where DUES_MAIL_URL is set.")
        is_tls = parts.scheme == "smtps"
        is_starttls = not is_tls and not is_plain and host not in _HERE
        if parts.username and not is_tls and is_plain:
            raise ValueError("DUES_MAIL_URL: a password is sent with TLS only: leave `?starttls=no` or it away.")
        user, password = (unquote(one) if one else None for one in (parts.username, parts.password))
        return cls(host, port or (465 if is_tls else 587), is_tls, is_starttls, user, password, sender)
