"""GET /docs."""

import copy
import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

from dues.http.openapi import document
from dues.pages.docs import docs_page
from dues.pages.docs.fields import Field, fields_of, parameter_of
from dues.pages.docs.samples import ORIGIN, path_values_of
from tests.conftest import Merchant
from tests.pages.page import Page, read_page
from tests.running import RunningServer

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


def test_every_answer_has_its_example() -> None:
    examples = [json.loads(code) for caption, code in _page().code if caption.startswith("Answer")]
    for _, _, operation in _operations():
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                for example in (
                    content.get("example"),
                    *(one["value"] for one in content.get("examples", {}).values()),
                ):
                    assert example is None or example in examples


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


def test_a_path_in_a_call_names_what_the_examples_have() -> None:
    calls = "\n".join(code for caption, code in _page().code if caption.startswith("Call"))
    assert "{" not in "".join(re.findall(r"curl -i (\S+)", calls))
    values = path_values_of(OPENAPI["paths"])
    assert values["account"].startswith("bacc_")
    assert f"/billing/accounts/{values['account']} " in calls


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


def test_every_call_can_be_pasted_into_a_shell(server: RunningServer, merchant: Merchant) -> None:
    page = _page_of(server)
    calls = [(caption, code) for caption, code in page.code if "curl" in code]
    assert len(calls) > sum(1 for _ in _operations())
    for caption, command in calls:
        answer = _run(command.replace("export KEY=sk_test_…\n", ""), server, merchant)
        assert re.match(r"HTTP/1.1 (2\d\d|404|409)", answer), f"{caption}:\n{command}\n{answer}"


def test_the_first_call_opens_an_account(server: RunningServer, merchant: Merchant) -> None:
    command = next(code for caption, code in _page_of(server).code if caption == "Call: new customer")
    first, second = _run(command, server, merchant), _run(command, server, merchant)
    assert first.startswith("HTTP/1.1 201")
    assert "idempotent-replayed: true" in second


def _page_of(server: RunningServer) -> Page:
    return read_page(docs_page(OPENAPI).replace(ORIGIN.encode(), server.base.encode()))


def _run(command: str, server: RunningServer, merchant: Merchant) -> str:
    environment = os.environ | {"KEY": merchant.key(), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=True)
    return done.stdout
