"""Where the OpenAPI document says that a call may name what exists already."""

from collections.abc import Iterator, Sequence
from typing import Any

from dues.http.openapi import document
from tests.running import new_reference

DOCUMENT = document("http://docs")

Operation = tuple[str, str]
"""(method, path with a parameter)"""

NAMING_PATHS: list[Operation] = [
    (method, path) for path, methods in DOCUMENT["paths"].items() for method in methods if "{" in path
]


def schema_of(operation: dict[str, Any]) -> dict[str, Any]:
    """What an operation's body must look like."""
    return resolved(operation["requestBody"]["content"]["application/json"]["schema"])


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that is meant where it only refers to one."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def choices(member: dict[str, Any]) -> list[dict[str, Any]]:
    """Every kind of value that a member may have."""
    return [resolved(choice) for choice in member.get("anyOf", [member])]


def naming_members(schema: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where in such a body an existing object may be named."""
    for name, member in schema["properties"].items():
        for choice in choices(member):
            if choice.get("description", "").startswith("An existing "):
                yield (*above, name)
            if "properties" in choice:
                yield from naming_members(choice, (*above, name))


def body_naming(schema: dict[str, Any], pointer: Sequence[str], value: str | None) -> dict[str, Any]:
    """A body with only what is required, and `value` at `pointer`."""
    body: dict[str, Any] = {}
    for name in schema["required"]:
        example = choices(schema["properties"][name])
        objects = [choice for choice in example if "properties" in choice]
        body[name] = body_naming(objects[0], (), None) if objects else example[0]["example"]
    if "external_reference" in schema["properties"]:
        body["external_reference"] = new_reference()
    if pointer:
        inner = [choice for choice in choices(schema["properties"][pointer[0]]) if "properties" in choice]
        body[pointer[0]] = value if len(pointer) == 1 else body_naming(inner[0], pointer[1:], value)
    return body


NAMING_BODIES: list[tuple[str, tuple[str, ...]]] = [
    (path, pointer)
    for path, methods in DOCUMENT["paths"].items()
    if "{" not in path and "application/json" in methods.get("post", {}).get("requestBody", {}).get("content", {})
    for pointer in naming_members(schema_of(methods["post"]))
]

FILTERS: list[tuple[str, str]] = [
    (path, parameter["name"])
    for path, methods in DOCUMENT["paths"].items()
    if "{" not in path and "get" in methods
    for parameter in methods["get"]["parameters"]
    if parameter["name"] in ("external_reference", "customer", "account", "bill", "metadata[key]")
]


def examples(operation: dict[str, Any]) -> list[Any]:
    """Good bodies for an operation; None: it takes none."""
    if "application/json" not in operation.get("requestBody", {}).get("content", {}):
        return [None]
    return [
        example["value"] for example in operation["requestBody"]["content"]["application/json"]["examples"].values()
    ]
