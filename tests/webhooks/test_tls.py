"""A webhook goes to whoever can prove to have the name that stands in the URL, and to nobody else."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from tests.webhooks.receiver import Names, answer, attempt, receiving, run, sender

AUTHORITY = trustme.CA()


def server_tls(name: str, authority: trustme.CA = AUTHORITY, lasts: timedelta = timedelta(days=1)) -> ssl.SSLContext:
    """An endpoint's TLS, with a certificate for this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=datetime.now(UTC) + lasts).configure_cert(context)
    return context


def trust(authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    """The TLS of a sender that trusts this authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def here() -> Names:
    """Every name leads here."""
    return Names(["127.0.0.1"])


def test_the_right_name_is_accepted_at_whatever_address_it_has() -> None:
    names = here()
    outcome, receiver = attempt(
        answer(), times=3, host="hooks.example", resolver=names, tls=trust(), server_tls=server_tls("hooks.example")
    )
    assert outcome.succeeded
    assert names.asked == ["hooks.example"]
    assert receiver.requests[0].headers["host"] == f"hooks.example:{receiver.port}"
    assert (len(receiver.requests), receiver.connections) == (3, 1), "a connection is used again"


def test_the_name_is_told_when_the_connection_is_made() -> None:
    told: list[str | None] = []
    tls = server_tls("hooks.example")
    tls.sni_callback = lambda _socket, name, _context: told.append(name)
    attempt(answer(), host="hooks.example", resolver=here(), tls=trust(), server_tls=tls)
    assert told == ["hooks.example"]


def test_an_address_may_have_a_certificate() -> None:
    outcome, _ = attempt(answer(), tls=trust(), server_tls=server_tls("127.0.0.1"))
    assert outcome.succeeded


@pytest.mark.parametrize(
    ("tls", "trusted"),
    [
        pytest.param(server_tls("hooks.example"), None, id="nobody that this machine trusts"),
        pytest.param(server_tls("hooks.example", trustme.CA()), trust(), id="another authority"),
        pytest.param(server_tls("other.example"), trust(), id="another name"),
        pytest.param(server_tls("example"), trust(), id="the name of its parent"),
        pytest.param(server_tls("127.0.0.1"), trust(), id="its address"),
        pytest.param(server_tls("*.hooks.example"), trust(), id="names below it"),
        pytest.param(server_tls("hooks.example", lasts=timedelta(seconds=-5)), trust(), id="a time that is over"),
    ],
)
def test_a_certificate_for_anything_else_is_refused(tls: ssl.SSLContext, trusted: ssl.SSLContext | None) -> None:
    outcome, receiver = attempt(answer(), host="hooks.example", resolver=here(), tls=trusted, server_tls=tls)
    assert not outcome.succeeded
    assert outcome.error
    assert outcome.error.startswith("tls: ")
    assert receiver.requests == [], "it has not seen the event"


def test_a_name_that_turns_to_another_server_is_verified_there() -> None:
    async def work() -> None:
        async with (
            receiving(answer(), server_tls("hooks.example")) as right,
            receiving(answer(), server_tls("other.example")) as wrong,
            sender(resolver=here(), tls=trust()) as one,
        ):
            assert (await one.send(right.url("hooks.example", "https"), {}, b"{}")).succeeded
            assert not (await one.send(wrong.url("hooks.example", "https"), {}, b"{}")).succeeded
            assert wrong.requests == []

    run(work())


def test_who_does_not_speak_tls_gets_nothing() -> None:
    async def work() -> None:
        async with receiving(answer()) as receiver, sender(resolver=here(), tls=trust(), seconds=0.3) as one:
            outcome = await one.send(receiver.url("hooks.example", "https"), {}, b"a secret")
            assert outcome.error
            assert not outcome.succeeded
            assert receiver.requests == []

    run(work())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_of_the_last_century_is_refused() -> None:
    tls = server_tls("hooks.example")
    tls.minimum_version = ssl.TLSVersion.TLSv1
    tls.maximum_version = ssl.TLSVersion.TLSv1_1
    tls.set_ciphers("ALL:@SECLEVEL=0")
    outcome, receiver = attempt(answer(), host="hooks.example", resolver=here(), tls=trust(), server_tls=tls)
    assert outcome.error
    assert not outcome.succeeded
    assert receiver.requests == []
