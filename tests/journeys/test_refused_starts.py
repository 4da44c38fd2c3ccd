"""A start that makes no sense is refused in a sentence, before anything is made."""

import socket
from pathlib import Path

import pytest

from tests.journeys.home import dues


def test_a_port_that_is_taken_is_told_before_anything_is_made(empty_folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = dues("serve", "--port", str(port), data=str(empty_folder / "data"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"dues: cannot listen on 127.0.0.1:{port}: Address already in use.\n"
    assert not (empty_folder / "data").exists()


@pytest.mark.parametrize(
    ("setting", "text", "says"),
    [
        ("port", "abc", "DUES_PORT must be a whole number; it is 'abc'."),
        ("workers", "0", "DUES_WORKERS must be between 1 and 64; it is 0."),
        ("nope", "1", "DUES_NOPE is no setting of dues."),
        ("database_url", "mysql://root@localhost/dues", "DUES_DATABASE_URL must begin with postgresql://"),
        ("database_url", "postgresql://me:geheim@127.0.0.1:1/dues", "127.0.0.1:1: nobody listens there."),
        ("database_url", "postgresql://me:geheim@127.0.0.1:port/dues", "DUES_DATABASE_URL"),
        ("data", "{folder}/file", "{folder}/file"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_a_sentence(
    empty_folder: Path, setting: str, text: str, says: str
) -> None:
    (empty_folder / "file").write_text("not a folder")
    settings = {"data": str(empty_folder / "data"), "port": "0"} | {setting: text.format(folder=empty_folder)}
    done = dues("serve", **settings)
    assert done.returncode == 2
    assert says.format(folder=empty_folder) in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (empty_folder / "data").exists()
