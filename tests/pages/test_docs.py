"""GET /docs."""

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from dues.http.openapi import document
from dues.pages.docs import docs_page
from dues.pages.docs.calls import json_content
from dues.pages.docs.fields import Field, fields_of, parameter_of
from dues.pages.frame import LANGUAGES, ORIGIN
from tests.conftest import Merchant
from tests.pages.page import Page, read_page
from tests.running import NODE, RunningServer

OPENAPI = document("/docs")


@cache
def _page() -> Page:
    """The page. Read by those who ask for it, not by every process that only collects the tests."""
    return read_page(docs_page(OPENAPI))


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in OPENAPI["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_operation_has_its_section() -> None:
    for method, path, operation in _operations():
        assert operation["operationId"] in _page().ids
        assert f"{method} {path}" in _page().text
        for parameter in operation["parameters"]:
            assert parameter["name"] in _page().text


def test_every_field_is_shown_however_deep() -> None:
    schemas = OPENAPI["components"]["schemas"]

    def names(schema: dict[str, Any]) -> Iterator[str]:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        for name, member in schema.get("properties", {}).items():
            yield name
            yield from names(member)
        for choice in (*schema.get("anyOf", ()), schema.get("items", {})):
            if choice:
                yield from names(choice)

    def shown(fields: tuple[Field, ...]) -> Iterator[str]:
        for field in fields:
            yield field.name
            for part in field.parts:
                yield from shown(part.fields)

    for _, _, operation in _operations():
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in holder.get("content", {}).values():
                found = set(shown(fields_of(content["schema"], schemas)))
                assert found >= set(names(content["schema"]))
                assert all(f"{name}" in _page().text for name in found)


def test_every_answer_has_its_example_and_every_problem_its_sentence() -> None:
    answers = [code for caption, code, _ in _page().figures if caption.startswith("Answer")]
    examples = [json.loads(code) if code.startswith("{") else code for code in answers]
    for _, _, operation in _operations():
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                assert content.get("example") is None or content["example"] in examples
                for code, example in content.get("examples", {}).items():
                    assert f"{code} {example['value']['detail'].replace('`', '')}" in _page().text


def test_a_field_says_what_it_may_be() -> None:
    schemas = {
        "Thing": {
            "description": "A thing.",
            "type": "object",
            "properties": {"inner": {"$ref": "#/components/schemas/Thing"}, "n": {"type": "integer", "minimum": 1}},
            "required": ["n"],
        }
    }
    colours = {"enum": ["red", "green"], "description": "Which."}
    schema = {
        "properties": {
            "thing": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}], "default": None},
            "things": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            "colour": colours,
            "country": {"enum": [str(n) for n in range(9)], "type": "string"},
            "notes": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 5}, "maxProperties": 2},
            "text": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a", "format": "email"},
            "amount": {"anyOf": [{"type": "integer", "minimum": -5, "maximum": 5}, {"type": "null"}]},
        },
        "required": ["text"],
    }

    thing, things, colour, country, notes, text, amount = fields_of(schema, schemas)

    assert (thing.meaning, [field.name for field in thing.parts[0].fields]) == ("A thing.", ["inner", "n"])
    assert thing.parts[0].fields[0].parts == (), "a thing inside a thing is not followed for ever"
    assert thing.parts[0].fields[1].limits == ("at least 1",)
    assert (things.kind, len(things.parts)) == ("array of objects", 1)
    assert (colour.limits, colour.meaning, colour.choices) == (("`red` or `green`",), "Which.", ())
    assert len(country.choices) == 9
    assert (notes.kind, notes.limits) == ("object of strings", ("at most 2 keys", "values of at most 5 characters"))
    assert (text.kind, text.required, text.limits) == ("string (email)", True, ("1 to 9 characters", "matches `^a`"))
    assert (amount.kind, amount.limits, amount.required) == ("integer or null", ("±5",), False)
    assert thing.kind == "object", 'a null that means "not given" is not worth a word'


def test_a_parameter_is_a_field_too() -> None:
    limit = {"in": "query", "schema": {"type": "integer", "maximum": 100}, "description": "How many."}
    field = parameter_of("limit", limit, {})
    assert (field.kind, field.limits, field.meaning, field.required) == (
        "integer",
        ("at most 100",),
        "How many.",
        False,
    )


def test_nothing_in_the_document_can_become_markup() -> None:
    def poisoned(value: Any) -> Any:
        match value:
            case str():
                return value + "<script>alert(1)</script>"
            case list():
                return [poisoned(item) for item in value]
            case dict():
                return {name: poisoned(item) if name not in KEPT else item for name, item in value.items()}
            case _:
                return value

    openapi = copy.deepcopy(OPENAPI)
    for methods in openapi["paths"].values():
        for name, operation in methods.items():
            methods[name] = poisoned(operation)
    openapi["info"] = poisoned(openapi["info"])
    openapi["components"]["headers"] = poisoned(openapi["components"]["headers"])

    html = docs_page(openapi)

    assert read_page(html).text.count("<script>alert(1)</script>") > 100
    assert b"<script>alert(1)" not in html


KEPT = {"$ref", "tags", "in", "name"}
"""Names that hold the document together; the rest of it is text."""


def _calls(language: str) -> list[str]:
    """The calls of the page in a language, in their order."""
    return [code for caption, code, shown in _page().figures if shown == language and caption.startswith("Call")]


def test_every_operation_is_called_in_every_language() -> None:
    """But for those on files and batches, which guides show, and on what is made in browsers."""
    called = [
        (path, one)
        for _, path, one in _operations()
        if one["tags"][0] not in ("Files", "Batches") and not path.endswith("/{checkout}")
    ]
    expected = sum(len(json_content(one.get("requestBody", {})).get("examples", "1")) for _, one in called)
    assert {len(_calls(language)) for language in LANGUAGES} == {expected}
    for path, operation in called:
        literal = [part for part in re.split(r"{\w+}", path) if part]
        for language in LANGUAGES:
            assert any(all(part in call for part in literal) for call in _calls(language)), operation["operationId"]
    assert "{" not in "".join(re.findall(r'curl -i "([^"]+)"', "\n".join(_calls("curl"))))


@pytest.mark.slow
def test_the_page_pasted_into_a_shell_works_twice(server: RunningServer, merchant: Merchant) -> None:
    """From its first call to its last, on a merchant who has nothing, and then once more."""
    setting = next(code for caption, code, _ in _page().figures if code.startswith("export"))
    assert setting.splitlines()[0] == f"export BILLING_URL={ORIGIN}"
    pasted = "\n".join(f"printf '\\n=== %s\\n' {n}\n{call}" for n, call in enumerate(_calls("curl")))
    first, second = (_run(["sh", "-c", pasted], server, merchant) for _ in range(2))
    for printed in (first, second):
        answers = printed.split("\n=== ")[1:]
        assert len(answers) == len(_calls("curl"))
        for call, answer in zip(_calls("curl"), answers, strict=True):
            assert re.match(r"\d+\nHTTP/1.1 2\d\d ", answer), f"{call}\n{answer}"
    assert first.lower().count("idempotent-replayed") == 0
    assert second.lower().count("idempotent-replayed") >= 12


@pytest.mark.slow
@pytest.mark.parametrize(("language", "program"), [("python", [sys.executable, "-c"]), ("javascript", [NODE, "-e"])])
def test_the_page_as_a_program_works_twice(
    language: str, program: list[str], server: RunningServer, merchant: Merchant
) -> None:
    (beginning,) = [code for caption, code, shown in _page().figures if shown == language and caption == "Begin with"]
    source = "\n".join([beginning, *_calls(language)])
    if language == "javascript":
        program = [program[0], "--input-type=module", *program[1:]]
    for _ in range(2):
        printed = _run([*program, source], server, merchant)
        statuses = re.findall(r"^(\d\d\d) ", printed, re.MULTILINE)
        assert len(statuses) == len(_calls(language))
        assert all(status.startswith("2") for status in statuses), printed


def _run(command: list[str], server: RunningServer, merchant: Merchant) -> str:
    environment = os.environ | {"BILLING_URL": server.base, "BILLING_KEY": merchant.key(), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.replace("\r\n", "\n")
