"""What DUES_MAIL_URL may be: no password leaves this machine in the clear, and none is in a message."""

import pytest

from dues.mails.server import MailServer

FROM = "billing@utility.example"


@pytest.mark.parametrize(
    ("url", "port", "is_tls", "is_starttls"),
    [
        ("smtp://mail.example.com", 587, False, True),
        ("smtp://u:p%40ss@mail.example.com:25", 25, False, True),
        ("smtps://u:p@mail.example.com", 465, True, False),
        ("smtp://relay.internal?starttls=no", 587, False, False),
        ("smtp://127.0.0.1:2525", 2525, False, False),
    ],
)
def test_it_is_read(url: str, port: int, is_tls: bool, is_starttls: bool) -> None:
    server = MailServer.parse(url, FROM)
    assert server is not None
    assert (server.port, server.is_tls, server.is_starttls) == (port, is_tls, is_starttls)
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("http://mail.example.com", FROM),
        ("smtp://", FROM),
        ("smtp://mail.example.com:port", FROM),
        ("smtp://mail.example.com/?tls=maybe", FROM),
        ("smtp://u:secret@mail.example.com?starttls=no", FROM),
        ("smtp://u:secret@mail.example.com", ""),
        ("smtp://u:secret@mail.example.com", "a@b.example\r\nBcc: c@d.example"),
    ],
)
def test_what_makes_no_sense_is_refused_without_the_password(url: str, sender: str) -> None:
    with pytest.raises(ValueError, match="DUES_MAIL") as raised:
        MailServer.parse(url, sender)
    assert "secret" not in str(raised.value)


def test_without_one_there_is_none() -> None:
    assert MailServer.parse("", "") is None
