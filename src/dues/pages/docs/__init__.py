"""GET /docs: the API for people, made from the OpenAPI document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dues.pages.docs.every_call import EVERY_CALL_LINKS, every_call_section
from dues.pages.docs.once import Once, once
from dues.pages.docs.operation import method_and_path, operation_section
from dues.pages.frame import Chapter, page
from dues.pages.frame.markup import Html, element, heading, prose

METHODS: Final = ("post", "get", "put", "patch", "delete")
"""In the order in which one would try them."""

Listed = Sequence[tuple[str, str, Mapping[str, Any]]]
"""Operations: (METHOD, path, operation)."""


def docs_page(openapi: Mapping[str, Any]) -> bytes:
    """The page's HTML."""
    tags = {tag["name"]: found for tag in openapi["tags"] if (found := list(_operations(openapi, tag["name"])))}
    contents = [
        Chapter("Every call", EVERY_CALL_LINKS),
        *(Chapter(tag, [(o["summary"], f"#{o['operationId']}") for _, _, o in tags[tag]]) for tag in tags),
    ]
    said = once(operation for listed in tags.values() for _, _, operation in listed)
    chapters = [_chapter(tag, listed, openapi, said) for tag, listed in tags.items()]
    return page(
        "API", "", contents, _welcome(openapi["info"]), every_call_section(openapi, said), *chapters, languages=True
    )


def _operations(openapi: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The operations of a chapter. What ends a thing comes when all else has been told of it."""
    listed = [
        (method, path, methods[method])
        for path, methods in openapi["paths"].items()
        for method in METHODS
        if tag in methods.get(method, {}).get("tags", ())
    ]
    for method, path, operation in sorted(listed, key=lambda one: one[0] == "delete"):
        yield method.upper(), path, operation


def _welcome(info: Mapping[str, Any]) -> Html:
    return element(
        "div",
        element("p", f"Version {info['version']}", class_="version"),
        element("h1", "The API of ", info["title"]),
        element("p", prose(info["summary"]), class_="lead"),
        element("p", prose(info["description"])),
        class_="welcome",
    )


def _chapter(tag: str, listed: Listed, openapi: Mapping[str, Any], said: Once) -> Html:
    anchor = tag.lower().replace(" ", "-")
    overview = [
        element("li", element("a", method_and_path(method, path), href=f"#{operation['operationId']}"))
        for method, path, operation in listed
    ]
    return element(
        "section",
        heading(2, anchor, tag),
        element("ul", *overview, class_="overview"),
        *(operation_section(method, path, operation, openapi, said) for method, path, operation in listed),
        id=anchor,
        class_="chapter",
    )
