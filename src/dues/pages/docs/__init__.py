"""GET /docs: the API for people, made from the OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

from dues.pages.docs.fields import fields_of
from dues.pages.docs.operation import method_and_path, operation_section
from dues.pages.docs.samples import ORIGIN
from dues.pages.docs.tables import definitions, fields_table
from dues.pages.frame import Chapter, page
from dues.pages.frame.markup import Html, code_block, element, heading, join, prose

METHODS = ("get", "post", "put", "patch", "delete")


def docs_page(openapi: Mapping[str, Any]) -> bytes:
    """The page's HTML."""
    operations = {tag["name"]: list(_operations(openapi, tag["name"])) for tag in openapi["tags"]}
    schemas = openapi["components"]["schemas"]
    contents = [
        Chapter("Every call", [(title, f"#{anchor}") for anchor, title in _EVERY_CALL]),
        *(
            Chapter(tag, [(o["summary"], f"#{o['operationId']}") for _, _, o in listed])
            for tag, listed in operations.items()
        ),
    ]
    chapters = [
        element(
            "section",
            heading(2, _anchor(tag), tag),
            _overview(listed),
            *(operation_section(method, path, o, schemas) for method, path, o in listed),
            id=_anchor(tag),
            class_="chapter",
        )
        for tag, listed in operations.items()
    ]
    return page("API", "", contents, _welcome(openapi["info"]), _every_call(openapi), *chapters)


def _operations(openapi: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(METHOD, path, operation) of everything that has `tag`."""
    for path, methods in openapi["paths"].items():
        for method in METHODS:
            if tag in methods.get(method, {}).get("tags", ()):
                yield method.upper(), path, methods[method]


def _welcome(info: Mapping[str, Any]) -> Html:
    return element(
        "div",
        element("p", f"Version {info['version']}", class_="version"),
        element("h1", "The API of ", info["title"]),
        element("p", prose(info["summary"]), class_="lead"),
        element("p", prose(info["description"])),
        class_="welcome",
    )


_EVERY_CALL = (
    ("authentication", "Authentication"),
    ("headers", "Headers of an answer"),
    ("problems", "When something is wrong"),
)


def _every_call(openapi: Mapping[str, Any]) -> Html:
    components = openapi["components"]
    (scheme,) = components["securitySchemes"].values()
    headers = [
        (name, "always" if header.get("required") else "", header["description"])
        for name, header in components["headers"].items()
    ]
    problem = fields_of(components["schemas"]["Problem"], components["schemas"])
    told = {
        "authentication": [
            element("p", prose(scheme["description"]), " It goes into every call, as a bearer token:"),
            code_block(
                join(
                    "export KEY=sk_test_…\n",
                    "curl -i ",
                    element("span", ORIGIN, class_="origin"),
                    '/billing/accounts/UAR1234567890 -H "Authorization: Bearer $KEY"',
                ),
                "Shell",
            ),
        ],
        "headers": [definitions(headers)],
        "problems": [
            element(
                "p",
                prose("An error is a JSON object of the type `application/problem+json` (RFC 9457). "),
                "Programs match on ",
                element("code", "code"),
                ". Every code, and what to do about it, is on the page of ",
                element("a", "errors", href="docs/errors"),
                ".",
            ),
            fields_table(problem, "always", "if it applies"),
        ],
    }
    return element(
        "section",
        heading(2, "every-call", "Every call"),
        *(
            element("section", heading(3, anchor, title), *told[anchor], id=anchor, class_="plain")
            for anchor, title in _EVERY_CALL
        ),
        id="every-call",
        class_="chapter",
    )


def _overview(listed: list[tuple[str, str, Mapping[str, Any]]]) -> Html:
    rows = [
        element("li", element("a", method_and_path(method, path), href=f"#{operation['operationId']}"))
        for method, path, operation in listed
    ]
    return element("ul", *rows, class_="overview")


def _anchor(tag: str) -> str:
    return tag.lower().replace(" ", "-")
