"""The OpenAPI document, held against the server by somebody who knows nothing else of it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import msgspec
import pytest

from dues.domain.currencies import EXPONENTS
from dues.events.catalogue import EventType
from dues.http.openapi import document
from tests.conftest import Merchant
from tests.journeys.journal import SOAK
from tests.running import RunningServer

CASES_MIN = 3_000

MANY, FEW = 100, 3

ALIKE_MIN = 4
"""What so many calls take alike goes by one rule."""


def attack(server: RunningServer, merchant: Merchant, folder: Path, *options: str) -> str:
    """Runs schemathesis against the server; its report. Raises where it found anything."""
    # 412 is a rejection too: where the condition does not hold, nobody looks at what was to be changed.
    statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422]
    (folder / "schemathesis.toml").write_text(f"[checks.negative_data_rejection]\nexpected-statuses = {statuses}\n")
    document = folder / "openapi.json"
    served = httpx.get(f"{server.base}/openapi.json").json()
    document.write_text(json.dumps(closed(served if SOAK else alike_once(served))))
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            str(document),
            "--url",
            server.base,
            "--header",
            f"Authorization: Bearer {merchant.key()}",
            # A body may fit the schema and still contradict itself (a minimum above its maximum), or its key may
            # have been used for another: those refusals are right, and in the document.
            "--exclude-checks",
            "positive_data_acceptance",
            # It can make no lines; tests/resources/batch does.
            "--exclude-path",
            "/billing/batch",
            "--continue-on-failure",
            "--no-color",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def closed(schema: Any) -> Any:
    """The document as of today: what may get other values one day has those it lists, and no others.

    But for a filter by currency, which may be one that something has had since before it was dropped.

    Of the currencies, all of which go by one rule, a few are enough: else half of all cases were a currency each.
    """
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if (schema.get("in"), schema.get("name")) == ("query", "currency"):
        return schema | {"schema": {"type": "string", "pattern": "^[A-Z]{3}$"}}
    return {
        "enum" if name == "x-extensible-enum" else name: value[:FEW]
        if name == "x-extensible-enum" and len(value) > MANY
        else closed(value)
        for name, value in schema.items()
    }


def alike_once(document: Any) -> Any:
    """The document in which what many calls take alike (a page's limit, a condition) is left to the first of them.

    Else half of all cases would try one rule again and again. `make soak` does.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for parameter in operation["parameters"]:
                if not parameter.get("required"):
                    alike.setdefault(rule_of(parameter), []).append((path, method))
    left = {rule: calls[0] for rule, calls in alike.items() if len(calls) >= ALIKE_MIN}

    def parameters(path: str, method: str) -> list[Any]:
        stand = document["paths"][path][method]["parameters"]
        here = path, method
        return [one for one in stand if one.get("required") or left.get(rule_of(one), here) == here]

    paths = {
        path: {method: operation | {"parameters": parameters(path, method)} for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    return document | {"paths": paths}


def rule_of(parameter: Any) -> str:
    """Where a parameter stands, its name, and what it may be."""
    return json.dumps([parameter["in"], parameter["name"], without_prose(parameter["schema"])], sort_keys=True)


def without_prose(schema: Any) -> Any:
    """A schema without what is only for people."""
    if not isinstance(schema, dict):
        return schema
    return {name: without_prose(one) for name, one in schema.items() if name not in ("description", "example")}


def test_what_many_calls_take_alike_is_left_to_one_and_nothing_else_is_left_out() -> None:
    tried = alike_once(DOCUMENT)["paths"]
    where = [
        (path, parameter["name"], rule_of(parameter), parameter.get("required"))
        for path, methods in tried.items()
        for operation in methods.values()
        for parameter in operation["parameters"]
    ]
    everywhere = {rule_of(parameter) for _, operation in operations() for parameter in operation["parameters"]}
    assert {rule for _, _, rule, _ in where} == everywhere
    assert [path for path, name, *_ in where if name == "limit"] == ["/billing/customers"]
    assert len({path for path, name, *_ in where if name == "status"}) >= 4, "each has its own"
    demanded = [parameter for _, operation in operations() for parameter in operation["parameters"]]
    assert sum(bool(required) for *_, required in where) == sum(bool(one.get("required")) for one in demanded), (
        "it stays"
    )


@pytest.mark.slow
@pytest.mark.soak
def test_no_answer_is_a_5xx_or_outside_the_document(server: RunningServer, merchant: Merchant, tmp_path: Path) -> None:
    report = attack(server, merchant, tmp_path, "--phases", "examples,coverage", "--generation-deterministic")
    cases = re.search(r"([\d,]+) generated", report)
    assert cases
    assert int(cases[1].replace(",", "")) >= CASES_MIN


def test_every_problem_in_the_document_has_its_example(server: RunningServer) -> None:
    document = httpx.get(f"{server.base}/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                where = f"{method} {path} {status}"
                assert "Request-Id" in response["headers"], where
                if status >= "400":
                    content = response["content"]["application/problem+json"]
                    assert content["examples"], where
                    for code, example in content["examples"].items():
                        assert (example["value"]["status"], example["value"]["code"]) == (int(status), code), where


def test_every_route_of_the_api_is_in_the_document(server: RunningServer) -> None:
    document = httpx.get(f"{server.base}/openapi.json").json()
    page = httpx.get(f"{server.base}/docs").text.replace("<wbr>", "")
    for path in document["paths"]:
        assert path in page


# What generators of clients need ----------------------------------------------------------------------------------

DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document("/docs")))
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_lists_say_that_they_are_to_be_had_whole() -> None:
    of_lists = {
        path
        for path, methods in DOCUMENT["paths"].items()
        if "text/csv" in methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    }
    paths = {f"/billing/{noun}" for noun in ("customers", "accounts", "bills", "payments", "imports")}
    below = {"/billing/accounts/{account}/entries", "/billing/bills/{bill}/credits"}
    assert paths | below <= of_lists
    for path in paths | below:
        described = DOCUMENT["paths"][path]["get"]
        assert {"columns", "for", "amounts"} <= {one["name"] for one in described["parameters"]}
        assert described["responses"]["406"]


def schemas_below(place: str, schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in one, with where it stands."""
    yield place, schema
    for name, member in schema.get("properties", {}).items():
        yield from schemas_below(f"{place}.{name}", member)
    for name in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(name), dict):
            yield from schemas_below(f"{place}.{name}", schema[name])
    for choice in schema.get("anyOf", ()):
        yield from schemas_below(place, choice)


def everything() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in SCHEMAS.items():
        yield from schemas_below(name, schema)
    for path, operation in operations():
        for parameter in operation["parameters"]:
            yield from schemas_below(f"{path} {parameter['name']}", parameter["schema"])


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def answered() -> set[str]:
    """The names of all schemas of answers and webhooks."""
    waiting = [
        content["schema"]["$ref"]
        for _, operation in operations()
        for response in operation["responses"].values()
        for content in response.get("content", {}).values()
        if "$ref" in content["schema"]
    ]
    waiting += [
        webhook["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for webhook in DOCUMENT["webhooks"].values()
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop().rpartition("/")[2]
        if name not in found:
            found.add(name)
            waiting += [schema["$ref"] for _, schema in schemas_below(name, SCHEMAS[name]) if "$ref" in schema]
    return found


def test_every_integer_says_how_many_bits_it_has_and_money_has_64() -> None:
    for place, schema in everything():
        if schema.get("type") == "integer":
            assert schema["format"] == ("int32" if 0 < schema.get("maximum", 0) < 2**31 else "int64"), place
    for name in ("amount_due", "amount_paid", "amount_remaining"):
        assert SCHEMAS["Bill"]["properties"][name]["format"] == "int64"


def test_nothing_defaults_to_null() -> None:
    for place, schema in everything():
        assert schema.get("default", ...) is not None, place


def test_nothing_in_an_answer_is_closed() -> None:
    names = answered()
    assert {"Bill", "PaymentRules", "Problem", "BillEvent", "AmountApplied", "Currency"} <= names
    for name in names:
        for place, schema in schemas_below(name, SCHEMAS[name]):
            assert not {"enum", "const"} & schema.keys(), place
            assert schema.get("additionalProperties") is not False, place
            assert "pattern" not in schema or name == "Currency", place
            assert {"type": "null"} not in schema.get("anyOf", ()), place


def test_an_answer_still_tells_which_values_there_are() -> None:
    status = SCHEMAS["Bill"]["properties"]["status"]
    assert (status["type"], set(status["x-extensible-enum"])) == ("string", {"paid", "unpaid", "voided"})


def test_there_is_one_currency() -> None:
    assert set(SCHEMAS["Currency"]["x-extensible-enum"]) == EXPONENTS.keys()
    for place, schema in everything():
        if place.endswith((".currency", " currency")) and schema != {"type": "null"}:
            assert "anyOf" in schema or schema["$ref"] == "#/components/schemas/Currency", place
    assert json.dumps(DOCUMENT).count('"ZWG"') == 1


def test_metadata_filters_are_deep_objects() -> None:
    found = [one for _, operation in operations() for one in operation["parameters"] if one["name"] == "metadata"]
    assert len(found) >= 4
    assert all((one["style"], one["explode"], one["schema"]["type"]) == ("deepObject", True, "object") for one in found)


def test_ranges_are_deep_objects_with_two_ends() -> None:
    names = {"created_at", "due_date", "bill_date", "paid_at", "amount"}
    found = [one for _, operation in operations() for one in operation["parameters"] if one["name"] in names]
    assert {one["name"] for one in found} == names
    for one in found:
        assert (one["style"], one["explode"], one["schema"]["type"]) == ("deepObject", True, "object")
        assert one["schema"]["properties"].keys() == {"gte", "lte"}
        assert "additionalProperties" not in one["schema"], "some generators leave the brackets to the caller"


def test_every_type_of_event_is_a_webhook() -> None:
    assert DOCUMENT["webhooks"].keys() == set(get_args(EventType))
    calls = {tag for _, operation in operations() for tag in operation["tags"]}
    for name, webhook in DOCUMENT["webhooks"].items():
        schema = SCHEMAS[webhook["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
        assert schema["required"] == ["id", "type", "data"], name
        # Generators make a file of each tag: one that is of both would take the place of the calls.
        assert calls.isdisjoint(webhook["post"]["tags"])


def test_the_document_says_under_which_licence_and_what_its_chapters_are() -> None:
    assert DOCUMENT["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert all(tag["description"].endswith(".") for tag in DOCUMENT["tags"])
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(ids) == len(set(ids))
