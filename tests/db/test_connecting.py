"""Who cannot connect is told why in one sentence, without the password; of several hosts, the one is used that can be
written to."""

import asyncio
import os
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from dues.cli.main import main
from dues.db import connecting, hosts
from dues.db import migrate as migrations
from dues.db.connecting import CannotConnect
from dues.db.embedded import BINARIES
from dues.db.hosts import connect
from tests.journeys.home import dues
from tests.postgres_server import PASSWORD, PostgresServer, running
from tests.running import free_port


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that wants passwords."""
    with running(PostgresServer(BINARIES)) as made:
        made.rows("create database dues")
        made.rows("create database closed")
        made.rows("revoke connect on database closed from public")
        made.rows("create database shut")
        made.rows("revoke all on schema public from public", database="shut")
        made.rows(f"create role stranger login password '{PASSWORD}'")
        made.rows(f"create role reader login password '{PASSWORD}'")
        made.rows("alter role reader set default_transaction_read_only = on")
        yield made


@contextmanager
def answering(tls: ssl.SSLContext | None, answer: bytes = b"S") -> Iterator[int]:
    """Somebody who says `answer` to whoever asks for TLS, and then speaks it. The port."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_answer, args=(door, tls, answer), daemon=True).start()
        yield door.getsockname()[1]


def _answer(door: socket.socket, tls: ssl.SSLContext | None, answer: bytes) -> None:
    with suppress(OSError):
        while True:
            guest, _ = door.accept()
            with guest, suppress(OSError):
                guest.recv(8)
                guest.sendall(answer)
                if tls:
                    tls.wrap_socket(guest, server_side=True)


def refused(url: str) -> str:
    """What is said of why it cannot be connected to."""
    with pytest.raises(CannotConnect) as error:
        asyncio.run(connect(url))
    return str(error.value)


def test_each_reason_is_a_sentence(server: PostgresServer) -> None:
    at, nobody = f"Cannot connect to PostgreSQL at 127.0.0.1:{server.port}: ", free_port()
    for url, says in (
        (
            server.url(password="geheim-wrong"),
            f'{at}password authentication failed for user "dues". Look at the user and the password in its URL.',
        ),
        (server.url("missing"), f'{at}database "missing" does not exist. Create it first.'),
        (
            server.url("closed", "stranger"),
            f'{at}permission denied for database "closed".',
        ),
        (
            f"{server.url()}?sslmode=require",
            f'{at}PostgreSQL server at "127.0.0.1:{server.port}" rejected SSL upgrade.',
        ),
        (f"{server.url()}?sslmode=sometimes", f"{at}`sslmode` parameter must be one of: disable, allow, prefer,"),
        (f"{server.url()}?sslmode=verify-full&sslrootcert=/no/root.pem", f"{at}there is no such socket, or no file"),
        (f"{server.url()}?nonsense=1", f'{at}unrecognized configuration parameter "nonsense".'),
        (
            f"postgresql://me:geheim-9@127.0.0.1:{nobody}/dues",
            f"Cannot connect to PostgreSQL at 127.0.0.1:{nobody}: nobody listens there.",
        ),
        (
            "postgresql://me:geheim-9@no-such-host.invalid/dues",
            "Cannot connect to PostgreSQL at no-such-host.invalid: no such host is known",
        ),
    ):
        said = refused(url)
        assert said.startswith(says)
        assert "geheim" not in said
        assert said.endswith(".")


def test_who_never_answers_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "CONNECT_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "it does not answer within 0.2 seconds." in refused(
            f"postgresql://me:geheim@127.0.0.1:{silent.getsockname()[1]}/dues"
        )


def test_only_a_certificate_of_the_right_name_and_authority_is_accepted(tmp_path: Path) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    for authority, name, says in (
        (theirs, "localhost", "its certificate is not to be trusted (unable to get local issuer certificate). Look at"),
        (ours, "other.example", "its certificate is for another name (Hostname mismatch, certificate is not valid for"),
    ):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(tls)
        with answering(tls) as port:
            given = f"sslmode=verify-full&sslrootcert={tmp_path / 'ours.pem'}"
            assert says in refused(f"postgresql://me:geheim@localhost:{port}/dues?{given}")


def test_a_command_says_it_and_exits_with_2(server: PostgresServer) -> None:
    for command, url, says in (
        ("migrate", server.url(password="geheim-wrong"), "password authentication failed"),
        ("verify", server.url(), "There is no database of dues in dues at 127.0.0.1"),
        ("migrate", server.url("shut", "stranger"), "the role stranger may not change it"),
    ):
        done = dues(command, database_url=url)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert done.stderr.startswith("dues: ")
        assert says in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert "geheim" not in done.stderr


def test_an_old_postgresql_is_told(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(migrations, "POSTGRES_MAJOR_MIN", 99)
    monkeypatch.setattr(sys, "argv", ["dues", "migrate"])
    for name in [name for name in os.environ if name.startswith("DUES_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DUES_DATABASE_URL", server.url())
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "dues: This is PostgreSQL 18; dues needs 99 or newer.\n"


# Several hosts ----------------------------------------------------------------------------------------------------


def several(server: PostgresServer, *ports: int, user: str = "dues") -> str:
    """The URL of these, one after the other."""
    return f"postgresql://{user}:{PASSWORD}@{','.join(f'127.0.0.1:{port}' for port in ports)}/dues"


def test_of_several_hosts_the_frozen_one_is_passed_by_and_remembered(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "HEAD_START_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        url = several(server, free_port(), frozen.getsockname()[1], server.port)

        async def twice() -> tuple[float, float]:
            taken = []
            for _ in range(2):
                began = asyncio.get_running_loop().time()
                connection = await connect(url)
                taken.append(asyncio.get_running_loop().time() - began)
                await connection.close()
            return taken[0], taken[1]

        first, second = asyncio.run(twice())
    assert 0.3 < first < connecting.CONNECT_TIMEOUT_SECONDS
    assert second < 0.3, "it begins with the one that was good"


def test_where_none_can_be_written_to_each_says_why(server: PostgresServer) -> None:
    dead = free_port()
    said = refused(several(server, dead, server.port, user="reader"))
    assert said == (
        f"Cannot connect to PostgreSQL at 127.0.0.1:{dead}: nobody listens there. "
        f"Cannot connect to PostgreSQL at 127.0.0.1:{server.port}: it is a standby, or read-only, and dues writes."
    )
