"""What holds for every command there is: `--json`, `-h`, what it ends with, and that a shell completes it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from dues.cli import main
from dues.cli.main import EXIT_STATUSES, app
from dues.db.database import Database
from dues.db.migrate import migrate
from dues.tenants.people.letting_in import Joining, LettingIn, invite
from dues.tenants.secrets.keys import NO_KEYS
from tests.db.databases import EmptyDatabases

ROOT = Path(__file__).parents[2]

WITHOUT_JSON = {
    "work": "it prints nothing; its log is JSON",
    "serve": "it prints where it is, for people; its log is JSON",
    "deliver": "it prints that it is there, for people; its log is JSON",
    "listen": "it has --json, and does not end: tests/cli/test_listen.py and tests/journeys/test_webhooks.py run it",
}
"""Commands of which nothing that is printed can be parsed here, each with the reason."""

RUN_WITH = {
    "import": "{folder}/customers.csv --kind customers",
    "backup": "{folder}/backup",
    "restore": "{folder}/backup",
    "export": "--kind customers --to {folder}/exported.csv",
    "close": "--through 2020-01-31 --folder {folder}/closing.zip",
    "demo": "--customers 2",
    "journal": "--output {folder}/journal",
    "merchants create": "Shop",
    "merchants set": "--name Shop",
    "merchants bank-account": "--iban DE89370400440532013000 --holder Shop",
    "people invite": "jane@example.com --role admin",
    "people role": "one@example.com --role support",
    "people remove": "two@example.com",
    "merchants cash-point": "--where here",
    "merchants brand": "--colour #21508f",
    "merchants stripe": "--secret-key sk_test_x --webhook-secret whsec_x",
    "keys set": "{key} --rate-limit 100/s",
    "keys revoke": "{key}",
    "webhooks create": "https://example.com/hook",
    "webhooks enable": "{endpoint}",
    "webhooks disable": "{endpoint}",
    "webhooks update": "{endpoint} --all-types",
    "webhooks rotate-secret": "{endpoint}",
    "webhooks test": "{endpoint}",
    "webhooks deliveries": "{endpoint}",
    "webhooks resend": "{endpoint} --failed",
    "webhooks delete": "{endpoint}",
    "clock advance": "--seconds 1",
}
"""What commands are given, where they want something. `{…}` is what another of them made."""

MADE_BY = {"key": "keys create", "endpoint": "webhooks create"}

LAST = ("keys revoke", "webhooks delete", "demo")
"""These take away what others need: a key, an endpoint, or that there is one merchant only."""


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for name, below in command.commands.items():
        yield from leaves(below, (*words, name))


COMMANDS = dict(leaves(get_command(app)))


def in_order() -> list[str]:
    """Every command, after what makes what it is given."""
    first = ["merchants create", *MADE_BY.values(), "backup"]
    return [*first, *sorted(COMMANDS.keys() - {*first, *LAST}), *LAST]


@pytest.mark.slow
def test_every_command_prints_json_that_can_be_parsed(databases: EmptyDatabases, tmp_path: Path) -> None:
    """One after the other on one database, as a person would; but for what needs an empty one."""
    url = databases.new()
    asyncio.run(migrate(url))
    environment = {"DUES_DATABASE_URL": url, "DUES_SECRET_KEY": "A" * 43 + "="}
    made = {"folder": str(tmp_path)}
    (tmp_path / "customers.csv").write_text("external_reference\nCUST-1\n")
    for command in in_order():
        if command in WITHOUT_JSON:
            continue
        given = RUN_WITH.get(command, "").format(**made)
        there = {"DUES_DATABASE_URL": databases.new()} if command == "restore" else {}
        words = [*command.split(), *given.split(), "--json"]
        done = CliRunner().invoke(app, words, env=environment | there)
        assert done.exit_code == 0, f"{command}: {done.output}{done.exception!r}"
        printed = json.loads(done.stdout)
        if command == "merchants create":
            asyncio.run(_join(url, printed["id"]))
        made |= {name: printed["id"] for name, by in MADE_BY.items() if by == command}


async def _join(url: str, merchant_id: str) -> None:
    """Two people come to the desk."""
    database = await Database.connect(url, 2)
    try:
        for name in ("one", "two"):
            letting_in = LettingIn(database, NO_KEYS)
            invitation = await letting_in.invited(await invite(database, merchant_id, f"{name}@example.com", "viewer"))
            assert invitation
            assert await letting_in.join(invitation, Joining(invitation.email, name, "a sentence is good"))
    finally:
        await database.close()


def test_what_prints_no_json_has_a_reason() -> None:
    assert WITHOUT_JSON.keys() | RUN_WITH.keys() <= COMMANDS.keys()
    for command, does in COMMANDS.items():
        assert command in WITHOUT_JSON or any("--json" in option.opts for option in does.params), command


@pytest.mark.slow
def test_every_command_and_every_group_helps() -> None:
    groups = {command.rpartition(" ")[0] for command in COMMANDS}
    for words in ["--help", *(f"{words} -h" for words in {*COMMANDS, *groups})]:
        done = CliRunner().invoke(app, words.split())
        assert done.exit_code == 0, done.output
        assert "Usage:" in done.output


def test_every_command_is_in_a_panel_of_the_help() -> None:
    top = get_command(app)
    assert {command.rich_help_panel for command in top.commands.values()} == {  # type: ignore[attr-defined]
        main.RUN,
        main.LOOK_AFTER,
        main.MERCHANTS,
    }


def test_every_argument_and_option_is_explained() -> None:
    unexplained = [
        f"{words} {one.name}" for words, command in COMMANDS.items() for one in command.params if not one.help
    ]
    assert unexplained == []


# The manual page ----------------------------------------------------------------------------------------------------

MANUAL = ROOT / "docs" / "reference" / "dues.1"


def test_the_manual_page_has_every_command_option_and_status() -> None:
    page = MANUAL.read_text().replace(r"\-", "-")
    for words, command in COMMANDS.items():
        assert f'.SS "dues {words}' in page
        for option in command.params:
            assert all(rf"\fB{name}\fR" in page for name in option.opts if name.startswith("--")), option.opts
    for status in EXIT_STATUSES:
        assert f".B {status}\n" in page


@pytest.mark.soak
@pytest.mark.parametrize(
    "checker", [["mandoc", "-T", "lint", "-W", "warning"], ["man", "--warnings", "-E", "UTF-8", "-l"]]
)
def test_formatters_of_manual_pages_have_nothing_against_it(checker: list[str]) -> None:
    if shutil.which(checker[0]) is None:
        pytest.skip(f"there is no {checker[0]}")
    done = subprocess.run([*checker, MANUAL], capture_output=True, text=True, check=False)
    said = done.stderr if checker[0] == "man" else done.stdout + done.stderr
    # It has a version instead of a date: what is made from the same code is the same on every day.
    assert [line for line in said.splitlines() if "missing date" not in line] == []


# What it ends with --------------------------------------------------------------------------------------------------


def test_what_nobody_foresaw_ends_with_2_and_is_told_in_full(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dues", "keys", "scopes"])
    monkeypatch.setattr(main, "app", lambda: 1 // 0)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_who_reads_only_the_beginning_sees_no_traceback() -> None:
    script = f"{sys.executable} -m dues keys scopes | head -c 1; echo ${{PIPESTATUS[0]}}"
    # Where the rest fits into the pipe it was printed in time.
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout in ("c0\n", "c2\n"), done.stderr) == (True, "")


def test_an_interrupted_command_ends_with_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dues.cli.status.opened", interrupted)
    assert CliRunner().invoke(app, ["status", "--data", str(tmp_path)]).exit_code == 130


def test_exit_statuses_are_documented() -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    for status, meaning in EXIT_STATUSES.items():
        assert f"| {status} | {meaning} |" in page


# What a shell completes ---------------------------------------------------------------------------------------------

COMPLETE = r"""
eval "$(_DUES_COMPLETE=source_bash dues)"
complete -p dues > /dev/null || exit 3
say() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _dues_completion dues; echo "${COMPREPLY[*]}"; }
say dues webhooks dis
say dues keys create --kind co
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_commands_options_and_choices(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    settings = os.environ | {"PATH": path, "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", COMPLETE], env=settings, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["disable", "collector"]


@pytest.mark.parametrize(("shell", "says"), [("bash", "complete "), ("zsh", "#compdef dues"), ("fish", "complete ")])
def test_each_shell_has_a_script(shell: str, says: str) -> None:
    done = CliRunner().invoke(app, [], prog_name="dues", env={"_DUES_COMPLETE": f"source_{shell}"})
    assert says in done.output
    checker = shutil.which(shell)
    if checker:
        checked = subprocess.run([checker, "-n"], input=done.output, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr
    assert not re.search("Traceback", done.output)
