"""Writes the reference pages that the code knows (`make docs`), or with `--check` sees that they are current."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import metadata
from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from classes import classes
from journal import journal
from man_page import man_page
from money import money
from typer.main import get_command

from dues.cli.main import EXIT_STATUSES, app
from dues.cli.serve import serve
from dues.commands.kind import Kind
from dues.db.grants import COLUMNS, FUNCTIONS, SEQUENCES, TABLES
from dues.db.migrate import schema
from dues.domain.files.kinds import KINDS as FILE_KINDS
from dues.domain.files.rows import FileKind
from dues.domain.files.verdicts import FILE_CODES, ROW_CODES, VERDICTS, WARNINGS
from dues.events.catalogue import MEANINGS
from dues.http.metrics import Metrics
from dues.http.openapi import document
from dues.http.problem_types import PROBLEM_TYPES
from dues.pages.errors.remedies import remedy
from dues.resources.kinds import KINDS
from dues.settings import Settings

REFERENCE: Final = Path(__file__).parent / "reference"

WIDTH: Final = 118


def api() -> Iterator[str]:
    """The operations: a line each."""
    yield "# The API"
    yield ""
    yield "Every operation. A running server shows each with its fields, examples and answers at `/docs`, and gives the"
    yield "OpenAPI 3.1 document at `/openapi.json`. What holds for all of them is in [conventions.md](conventions.md)."
    yield ""
    yield "| call | does | answers | refuses with |"
    yield "| --- | --- | --- | --- |"
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document("/docs")["paths"].items()
        for method, operation in methods.items()
    ]
    writes = [operation for call, operation in operations if not call.startswith("GET")]
    always = _shared([operation for _, operation in operations])
    every_write = _shared(writes) - always
    every_post = (
        _shared([operation for call, operation in operations if call.startswith("POST")]) - always - every_write
    )
    every_body = _shared([operation for operation in writes if "requestBody" in operation]) - always - every_write
    general = always | every_write | every_post | every_body
    for call, operation in operations:
        done = next(status for status in operation["responses"] if status.startswith("2"))
        own = [code for code in PROBLEM_TYPES if code in _codes(operation) - general]
        yield f"| `{call}` | {operation['summary']} | {done} | {_listed(own)} |"
    yield ""
    yield from wrap(
        f"Every call may also answer {_ordered(always)}; every POST and PATCH {_ordered(every_write)}; every POST "
        f"{_ordered(every_post)}; and every one with a body {_ordered(every_body)}.",
        WIDTH,
    )


def _codes(operation: dict[str, Any]) -> set[str]:
    """The codes of all problems that an operation can answer with."""
    return {
        code
        for response in operation["responses"].values()
        for code in response.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }


def _shared(operations: list[dict[str, Any]]) -> set[str]:
    return set.intersection(*map(_codes, operations))


def _ordered(codes: set[str]) -> str:
    return _listed(code for code in PROBLEM_TYPES if code in codes)


def settings() -> Iterator[str]:
    """The settings: a line each."""
    yield "# Settings"
    yield ""
    yield "Each is an environment variable; some are also options of `dues serve`, which win over the variable. A"
    yield "variable that begins with `DUES_` and is none of these is refused at the start, and so is a value that makes"
    yield "no sense. A secret can be in a file that `DUES_…_FILE` names; the end of its last line does not count. What"
    yield "Kubernetes sets for a service that is called `dues`, such as `DUES_PORT=tcp://10.0.0.1:80`, is left alone."
    yield ""
    yield "| variable | option | default | says |"
    yield "| --- | --- | --- | --- |"
    options = serve.__code__.co_varnames[: serve.__code__.co_argcount]
    for setting in fields(Settings):
        option = f"`--{setting.name.replace('_', '-')}`" if setting.name in options else ""
        default = f"`{setting.default}`" if setting.default != "" else ""
        name = f"DUES_{setting.name.upper()}"
        variables = f"`{name}`, `{name}_FILE`" if setting.metadata["secret"] else f"`{name}`"
        yield f"| {variables} | {option} | {default} | {setting.metadata['says']} |"


def errors() -> Iterator[str]:
    """The problems, by the last part of their type."""
    yield "# Errors"
    yield ""
    yield "Every error is a problem of RFC 9457 (`application/problem+json`). Its `type` ends with the name of a"
    yield "section below, and programs match on its `code`. A running server has this page at `/docs/errors`."
    order = list(dict.fromkeys(kind.slug for kind in PROBLEM_TYPES.values()))
    codes = sorted(PROBLEM_TYPES, key=lambda code: (PROBLEM_TYPES[code].status, order.index(PROBLEM_TYPES[code].slug)))
    for slug, of in groupby(codes, key=lambda code: PROBLEM_TYPES[code].slug):
        listed = list(of)
        yield from ("", f"## {slug}", "", f"{PROBLEM_TYPES[listed[0]].status} {PROBLEM_TYPES[listed[0]].title}.", "")
        yield "| code | means | what to do |"
        yield "| --- | --- | --- |"
        for code in listed:
            kind = PROBLEM_TYPES[code]
            yield f"| `{code}` | {_cell(kind.meaning)} | {_cell(remedy(code, kind.status))} |"


def events() -> Iterator[str]:
    """The types of event: a line each."""
    yield "# Events"
    yield ""
    yield "News of a change, written to the table `events` in the transaction of the change: there is an event if, and"
    yield "only if, there is the change. `data` is the object as the API showed it then."
    yield ""
    yield "| type | tells |"
    yield "| --- | --- |"
    for name, meaning in sorted(MEANINGS.items()):
        yield f"| `{name}` | {_cell(meaning)} |"


def cli() -> Iterator[str]:
    """The commands, each with its options."""
    yield "# The command line"
    yield ""
    yield "`dues` works on the database that its settings name: run it where the server runs, with the same settings."
    yield "It may run while the server does. `DUES_MERCHANT` is the merchant where none is said. Every command explains"
    yield "itself with `-h`, and prints JSON with `--json`, those alone excepted that serve or deliver. The manual page"
    yield "`man dues` comes with the wheel; `--install-completion` has your shell complete commands and options."
    yield ""
    yield "| exit status | says |"
    yield "| --- | --- |"
    yield from (f"| {status} | {meaning} |" for status, meaning in EXIT_STATUSES.items())
    for words, command in _commands("dues", get_command(app)):
        parameters = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
        arguments = [_optional(parameter.name.upper(), parameter.required) for parameter in parameters]
        yield from (
            "",
            f"## {words}",
            "",
            command.help or "",
            "",
            f"    {' '.join([words, *arguments, '[OPTIONS]'])}",
            "",
        )
        yield "| option | default | says |"
        yield "| --- | --- | --- |"
        for option in command.params:
            if option.param_type_name == "option":
                names = _listed([*option.opts, *option.secondary_opts])
                yield f"| {names} | {_default(option)} | {_cell(option.help)} |"


def _commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that call it."""
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name, below in command.commands.items():
        yield from _commands(f"{words} {name}", below)


def _default(option: Any) -> str:
    """What holds where the option is not given, as the command line's own help has it."""
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    return "" if shown in (None, False, "") else f"`{getattr(shown, 'value', shown)}`"


def manual() -> Iterator[str]:
    """The manual page."""
    return man_page(metadata.version("dues"), list(_commands("dues", get_command(app))), EXIT_STATUSES)


def tables() -> Iterator[str]:
    """The tables, with what the schema says of each."""
    yield "# The schema"
    yield ""
    yield "The tables of the database, as [schema.sql](../../src/dues/db/schema.sql) has them: columns, keys and the"
    yield "constraints that hold whatever program writes. It is the sum of [migrations](../../src/dues/db/migrations)."
    yield ""
    yield from wrap(
        "What a server may do there is what `dues migrate --grant-to` grants to a role that owns nothing: "
        "[grants.py](../../src/dues/db/grants.py) has it. Beside tables, that is the sequence "
        f"{_listed(SEQUENCES)}, and functions that the schema's owner lends it: {_listed(FUNCTIONS)}.",
        WIDTH,
    )
    yield ""
    yield "| table | keeps | a server may |"
    yield "| --- | --- | --- |"
    for comment, name in re.findall(r"((?:^-- ?.*\n)*)^create table (\w+)", schema(), re.MULTILINE):
        says = " ".join(line.removeprefix("-- ") for line in comment.splitlines())
        columns = f", update ({', '.join(COLUMNS[name])})" if name in COLUMNS else ""
        yield f"| `{name}` | {_cell(says)} | {TABLES[name]}{columns} |"


def statements() -> Iterator[str]:
    """The statements that follow from the kinds of objects."""
    yield "# Statements"
    yield ""
    yield "What a [Kind](../../src/dues/commands/kind.py) makes of its table, so that it can be read and searched."
    yield "Every other statement stands where it is used: in a `store.py`, or in `db/`. `$1` is the cell, always. What"
    yield "a group has to know is one statement that selects a subquery for each part that is asked; what it writes is"
    yield "one statement of all writes."
    for kind in KINDS.values():
        yield ""
        yield f"## {kind.table}"
        for says, statement in _statements(kind):
            yield ""
            yield says
            yield ""
            yield "```sql"
            yield statement.strip()
            yield "```"
    yield ""
    yield from classes()


def _statements(kind: Kind[Any]) -> Iterator[tuple[str, str]]:
    yield (
        "Finds by id, and to be changed, with the ends of its ledger and events:",
        kind.part(by_id=True, ends=True).sql(2),
    )
    yield "Finds by reference, to be looked at:", kind.part(by_id=False, ends=False).sql(2)
    yield "Finds out whether there is one:", kind.existence(by_id=False).sql(2)
    if kind.belongs_by:
        yield "Lists what belongs to one object:", kind.listed_below
    if kind.savings:
        yield "Locks, where others were first the last time:", kind.lock
    yield "Writes new ones:", kind.insert
    for saving in kind.savings:
        yield f"Writes {', '.join(column.name for column in saving.columns)}:", saving.statement


def metrics() -> Iterator[str]:
    """The metrics, by name."""
    yield "# Metrics"
    yield ""
    yield from wrap(
        "What `/metrics` tells Prometheus, for which the [guide](../guides/see-what-it-does.md) has alerts and a "
        "dashboard. A histogram is `_bucket`, `_sum` and `_count`. With several workers, one answer is of all of them "
        "together. Of several servers, add up what each counts. Gauges of the feed, of webhooks and of the backup are "
        "what is found in the database, the same by each server: take the largest.",
        WIDTH,
    )
    yield ""
    yield "| metric | type | labels | what it is |"
    yield "| --- | --- | --- | --- |"
    for metric in Metrics().described():
        yield f"| `{metric.name}` | {metric.type} | {_listed(metric.labels)} | {_cell(metric.says)} |"


def files() -> Iterator[str]:
    """What files may be, and what becomes of their rows."""
    yield "# Files"
    yield ""
    yield from wrap(
        "CSV: UTF-8, with or without a byte-order mark; a comma between columns, or a semicolon or a tab where the "
        "first line only fits so; quotes as in RFC 4180. At most 512 MiB, 1,000,000 rows, 64 columns, and 4 KiB in a "
        "cell. An empty cell says nothing: it clears nothing. The [guide](../guides/import-files.md) shows how files "
        "are sent.",
        WIDTH,
    )
    for kind in FILE_KINDS.values():
        yield from _file_kind(kind)
    for title, says, meanings in (
        ("Verdicts", "Every row gets one.", VERDICTS),
        ("What refuses a whole file", "Then nothing of it is carried out.", FILE_CODES),
        ("What rejects a row", "Or any code of the [API's own refusals](errors.md).", ROW_CODES),
        ("Warnings", "The row is carried out.", WARNINGS),
    ):
        yield from ("", f"## {title}", "", says, "", "| | what it means | what to do |", "| --- | --- | --- |")
        for code, meaning in meanings.items():
            yield f"| `{code}` | {_cell(meaning.means)} | {_cell(meaning.do)} |"


def _file_kind(kind: FileKind) -> Iterator[str]:
    yield from ("", f"## `{kind.name}`", "")
    moments = kind.name.startswith("moment_")
    if moments:
        yield from wrap(
            "One of Moment's. Beside these columns it has the one by which rows are identified, `external_reference` "
            "unless the merchant has set another, and up to ten whose names and values become metadata.",
            WIDTH,
        )
    else:
        yield from wrap(
            "Columns are named as the API's fields, amounts are in the smallest unit, and `metadata.…` has any name. "
            f"Required: {_listed(kind.required)}. Known: {_listed(kind.documented)}.",
            WIDTH,
        )
    if moments:
        yield from ("", "| column | what it is |", "| --- | --- |")
        for column, says in kind.documented.items():
            yield f"| `{column}` | {says} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _listed(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _optional(word: str, required: bool) -> str:
    return word if required else f"[{word}]"


PAGES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "api.md": api,
    "settings.md": settings,
    "errors.md": errors,
    "events.md": events,
    "cli.md": cli,
    "dues.1": manual,
    "metrics.md": metrics,
    "files.md": files,
    "money.md": money,
    "journal.md": journal,
    "schema.md": tables,
    "statements.md": statements,
}


def main() -> int:
    """Writes the pages that differ; with `--check`, only names them. How many there were, 0 or 1, as exit status."""
    check = "--check" in sys.argv
    differing = []
    for name, lines in PAGES.items():
        says = "Written by docs/generate.py from the code: change it there."
        first = f"<!-- {says} -->" if name.endswith(".md") else rf".\" {says}"
        text = "\n".join([first, *lines()]) + "\n"
        path = REFERENCE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            differing.append(path)
            if not check:
                path.write_text(text, encoding="utf-8")
    for path in differing:
        print(f"{path}: {'differs from the code; run: make docs' if check else 'written'}")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
