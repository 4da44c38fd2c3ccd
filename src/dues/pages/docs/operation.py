"""One operation of the API: what it does, how it is called, what it takes, everything it answers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dues.pages.docs.calls import calls, example_answers
from dues.pages.docs.fields import Schema, fields_of, parameter_of
from dues.pages.docs.samples import samples
from dues.pages.docs.tables import fields_table
from dues.pages.frame.json_code import json_code
from dues.pages.frame.markup import Html, code_block, element, heading, join, prose


def operation_section(method: str, path: str, operation: Mapping[str, Any], openapi: Mapping[str, Any]) -> Html:
    """The section; its id is the operation's."""
    schemas = openapi["components"]["schemas"]
    return element(
        "section",
        element(
            "div",
            heading(3, operation["operationId"], operation["summary"]),
            element("p", method_and_path(method, path), class_="path"),
            element("p", prose(operation.get("description", ""))),
            class_="intro",
        ),
        element("div", *_samples(method, path, operation, openapi["paths"]), class_="samples"),
        element("div", *_details(operation, schemas), class_="details"),
        class_="operation",
        id=operation["operationId"],
    )


def method_and_path(method: str, path: str) -> Html:
    """`POST /billing/accounts`, the method in its own colour, the path broken only between its parts."""
    parts = path.replace("/", "\0/").split("\0")
    broken = join(*(join(part, Html("<wbr>")) for part in parts if part))
    return join(element("b", method, class_=f"method {method.lower()}"), " ", element("code", broken))


def _samples(method: str, path: str, operation: Mapping[str, Any], paths: Mapping[str, Any]) -> Iterator[Html]:
    for call in calls(method, path, operation, paths):
        for language, code in samples(call).items():
            yield code_block(code, f"Call: {call.title}" if call.title else "Call", language)
    for status, example in example_answers(operation):
        yield code_block(json_code(example), f"Answer: {status}")


_PLACES: Final = {"path": "In the path", "query": "In the query", "header": "Headers"}


def _details(operation: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Iterator[Html]:
    for place, title in _PLACES.items():
        if parameters := [one for one in operation.get("parameters", ()) if one["in"] == place]:
            yield element("h4", title)
            fields = [parameter_of(parameter["name"], parameter) for parameter in parameters]
            yield fields_table(fields, "required", "optional")
    if body := operation.get("requestBody"):
        yield element("h4", "Body")
        schema = body["content"]["application/json"]["schema"]
        yield fields_table(fields_of(schema, schemas), "required", "optional")
    yield element("h4", "Answers")
    for status, response in sorted(operation["responses"].items()):
        yield _response(status, response, schemas)


def _response(status: str, response: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Html:
    problem = response.get("content", {}).get("application/problem+json")
    shown = _problems(problem) if problem else _success(response, schemas)
    summary = element("summary", element("b", status, class_=f"status s{status[0]}"), element("span", _said(response)))
    headers = ", ".join(f"`{name}`" for name in response.get("headers", {}))
    sent_with = element("p", prose(f"Headers: {headers}."), class_="limits") if headers else None
    return element("details", summary, *shown, sent_with, class_="answer")


def _said(response: Mapping[str, Any]) -> Html:
    """What a closed answer says of itself: the codes of its problems, or its description."""
    problem = response.get("content", {}).get("application/problem+json")
    if problem is None:
        return prose(response["description"])
    codes = [element("code", code) for code in problem.get("examples", {})]
    return join(*(join(", " if n else "", code) for n, code in enumerate(codes)))


def _success(response: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Iterator[Html]:
    if content := response.get("content", {}).get("application/json"):
        yield fields_table(fields_of(content["schema"], schemas), "always", "if set")


def _problems(problem: Mapping[str, Any]) -> Iterator[Html]:
    """What each code means here. How the problem of one looks is said once for all calls, and once for each code."""
    rows = [
        element(
            "li",
            element("a", element("code", code), href=f"docs/errors#{code}"),
            " ",
            element("span", prose(example["value"]["detail"])),
        )
        for code, example in problem.get("examples", {}).items()
    ]
    yield element("ul", *rows, class_="problems")
