"""One operation of the API: what it does, how it is called, what it takes, everything it answers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dues.pages.docs.calls import calls, example_answers, json_content
from dues.pages.docs.fields import Schema, fields_of, parameter_of
from dues.pages.docs.once import Once, problem_examples, schema_of
from dues.pages.docs.samples import samples
from dues.pages.docs.tables import fields_table
from dues.pages.frame.json_code import json_code
from dues.pages.frame.markup import Html, code_block, element, heading, join, prose


def operation_section(
    method: str, path: str, operation: Mapping[str, Any], openapi: Mapping[str, Any], said: Once
) -> Html:
    """The section; its id is the operation's. What is `said` elsewhere is linked to."""
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
        element("div", *_details(operation, schemas, said), class_="details"),
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
        yield code_block(example if isinstance(example, str) else json_code(example), f"Answer: {status}")


_PLACES: Final = {"path": "In the path", "query": "In the query", "header": "Headers"}


def _details(operation: Mapping[str, Any], schemas: Mapping[str, Schema], said: Once) -> Iterator[Html]:
    for place, title in _PLACES.items():
        if parameters := [one for one in operation.get("parameters", ()) if one["in"] == place]:
            yield element("h4", title)
            fields = [parameter_of(parameter["name"], parameter, schemas) for parameter in parameters]
            yield fields_table(fields, "required", "optional")
    if body := operation.get("requestBody"):
        yield element("h4", "Body")
        if json := json_content(body):
            yield fields_table(fields_of(json["schema"], schemas), "required", "optional")
        else:
            yield element("p", "A file: ", element("code", next(iter(body["content"]))), ".")
    yield element("h4", "Answers")
    for status, response in sorted(operation["responses"].items()):
        own = {code: one for code, one in problem_examples(response).items() if code not in said.general}
        if own:
            yield _answer(status, _codes(own), _problems(own), response)
        elif not problem_examples(response):
            yield _answer(
                status, prose(response["description"]), _success(operation, response, schemas, said), response
            )
    yield element("p", "Besides, what ", element("a", "every call", href="#problems"), " may answer.", class_="limits")


def _answer(status: str, summary: Html, shown: Iterator[Html], response: Mapping[str, Any]) -> Html:
    headers = ", ".join(f"`{name}`" for name in response.get("headers", {}))
    return element(
        "details",
        element("summary", element("b", status, class_=f"status s{status[0]}"), element("span", summary)),
        *shown,
        element("p", prose(f"Headers: {headers}."), class_="limits") if headers else None,
        class_="answer",
    )


def _codes(problems: Mapping[str, Any]) -> Html:
    return join(*(join(", " if n else "", element("code", code)) for n, code in enumerate(problems)))


def _success(
    operation: Mapping[str, Any], response: Mapping[str, Any], schemas: Mapping[str, Schema], said: Once
) -> Iterator[Html]:
    schema = schema_of(response)
    shown_by = said.shown_by.get(schema, operation)
    if shown_by["operationId"] != operation["operationId"]:
        link = element("a", shown_by["summary"], href=f"#{shown_by['operationId']}")
        yield element("p", "The fields are those of the answer to: ", link, ".")
    elif schema:
        yield fields_table(fields_of({"$ref": schema}, schemas), "always", "if set")


def _problems(problems: Mapping[str, Any]) -> Iterator[Html]:
    """What each code means here. How a problem looks is said once, for all calls."""
    yield problem_list({code: example["value"]["detail"] for code, example in problems.items()})


def problem_list(sentences: Mapping[str, str]) -> Html:
    """Codes, each with a sentence, and with a link to what can be done about it."""
    rows = [
        element(
            "li", element("a", element("code", code), href=f"docs/errors#{code}"), " ", element("span", prose(sentence))
        )
        for code, sentence in sentences.items()
    ]
    return element("ul", *rows, class_="problems")
