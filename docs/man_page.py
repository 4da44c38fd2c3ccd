"""The manual page dues(1), made from the commands themselves.

It is committed, as the other pages that are made from the code are, and a test sees that it is current. It cannot be
made where a wheel is built: what builds a wheel has setuptools alone, and not what dues needs to be imported.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from dues.settings import Settings


def man_page(version: str, commands: list[tuple[str, Any]], statuses: Mapping[int, str]) -> Iterator[str]:
    """The lines of the page, in man(7). `commands`: the words that call each, and what is known of it."""
    yield f'.TH DUES 1 "" "dues {version}" "User Commands"'
    yield from (".SH NAME", r"dues \- a self\-hosted billing accounts server")
    yield from (".SH SYNOPSIS", ".B dues", ".I command", "[options]")
    yield ".SH DESCRIPTION"
    yield from _text(
        "dues keeps customers, their accounts and bills, what they owe and what they paid, in a ledger that proves it, "
        "and answers HTTP. `dues serve` is the server; without DUES_DATABASE_URL, PostgreSQL comes along in the data "
        "folder. All other commands work on the database that the settings name, also while the server runs, and make "
        "none."
    )
    yield ".SH COMMANDS"
    for words, command in commands:
        yield from _command(words, command)
    yield ".SH EXIT STATUS"
    for status, meaning in statuses.items():
        yield from (".TP", f".B {status}", *_text(f"{meaning[0].upper()}{meaning[1:]}."))
    yield ".SH ENVIRONMENT"
    for setting in fields(Settings):
        yield from (".TP", f".B DUES_{setting.name.upper()}", *_text(setting.metadata["says"]))
    yield ".SH FILES"
    yield from (".TP", ".I ./data", *_text("The embedded PostgreSQL, unless `--data` or DUES_DATA says otherwise."))
    yield ".SH SEE ALSO"
    yield from _text("The pages that a running server has at `/docs/guides`.")


def _command(words: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    told = [_argument(one) for one in arguments]
    yield f'.SS "{_escaped(" ".join([words, *told]))}"'
    yield from _text(command.help or "")
    for one in command.params:
        if one.param_type_name == "option":
            names = ", ".join(rf"\fB{_escaped(name)}\fR" for name in [*one.opts, *one.secondary_opts])
            value = "" if one.is_flag else rf" \fI{_escaped((one.metavar or one.name).lower())}\fR"
            yield from (".TP", f"{names}{value}", *_text(one.help or ""))


def _argument(argument: Any) -> str:
    name = argument.name.upper()
    return name if argument.required else f"[{name}]"


def _text(text: str) -> Iterator[str]:
    """Paragraphs; what stands between backquotes is bold."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        plain = _escaped(" ".join(paragraph.split()))
        # A sentence a line, as manual pages are written: so that the space after it is as wide as it should be.
        for line in re.sub(r"([.!?:;]) (?=[A-Z])", r"\1\n", plain).splitlines():
            marked = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", line)
            yield rf"\&{marked}" if marked.startswith((".", "'")) else marked


def _escaped(text: str) -> str:
    """What means itself to a formatter of manual pages, also one that knows ASCII alone."""
    known = {"\\": r"\e", "-": r"\-", "…": "...", '"': r"\(dq", "±": r"\(+-", "×": r"\(mu"}
    return "".join(known.get(letter, letter) for letter in text)
