"""What holds for every call: the key, the headers of an answer, the shape of an error."""

from collections.abc import Mapping
from typing import Any, Final

from dues.pages.docs.fields import fields_of, parameter_of
from dues.pages.docs.once import Once
from dues.pages.docs.operation import problem_list
from dues.pages.docs.samples import BEGINNINGS, SETTING
from dues.pages.docs.tables import fields_table
from dues.pages.frame.json_code import json_code
from dues.pages.frame.markup import Html, code_block, element, heading, join, prose

EVERY_CALL_LINKS: Final = (
    ("Authentication", "#authentication"),
    ("Headers of an answer", "#headers"),
    ("When something is wrong", "#problems"),
)


def every_call_section(openapi: Mapping[str, Any], said: Once) -> Html:
    """The section, in three parts."""
    components = openapi["components"]
    chapters = (
        _authentication(components["securitySchemes"]),
        _headers(components["headers"]),
        _problems(openapi, said),
    )
    parts = [
        element("section", heading(3, link[1:], title), part, id=link[1:], class_="plain")
        for (title, link), part in zip(EVERY_CALL_LINKS, chapters, strict=True)
    ]
    return element("section", heading(2, "every-call", "Every call"), *parts, id="every-call", class_="chapter")


def _authentication(schemes: Mapping[str, Any]) -> Html:
    return join(
        *(element("p", prose(scheme["description"])) for scheme in schemes.values()),
        element(
            "p", "A key goes into every call, as a bearer token. Set these two, and every example below can be pasted."
        ),
        element(
            "p",
            "From top to bottom they are one story, which can be told again: a call that is sent a second time under "
            "its key gets the first answer.",
        ),
        code_block(SETTING, "Shell"),
        *(code_block(code, "Begin with", language) for language, code in BEGINNINGS.items()),
    )


def _headers(headers: Mapping[str, Any]) -> Html:
    fields = [parameter_of(name, header, {}) for name, header in headers.items()]
    return fields_table(fields, "always", "if it applies")


def _problems(openapi: Mapping[str, Any], said: Once) -> Html:
    schemas = openapi["components"]["schemas"]
    return join(
        element(
            "p",
            prose("An error is a JSON object of the type `application/problem+json` (RFC 9457)."),
            " ",
            prose("Programs match on `code`. Every code, and what to do about it, is on the page of"),
            " ",
            element("a", "errors", href="docs/errors"),
            ".",
        ),
        _example(openapi),
        fields_table(fields_of(schemas["Problem"], schemas), "always", "if it applies"),
        element("p", "Every call may answer:"),
        problem_list(said.general),
    )


def _example(openapi: Mapping[str, Any]) -> Html | None:
    """The first problem of the document that lists what is wrong field by field."""
    for methods in openapi["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                examples = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
                for example in examples.values():
                    if "errors" in example["value"]:
                        return code_block(json_code(example["value"]), f"Answer: {example['value']['status']}")
    return None
