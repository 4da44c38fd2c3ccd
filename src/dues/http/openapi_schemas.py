"""The schemas of the OpenAPI document, made from the types that bodies are decoded to and encoded from."""

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import msgspec


def schemas(asked: Iterable[type], answered: Iterable[type]) -> dict[str, Any]:
    """Every schema, by its name: of what is sent and, as clients see it, of what is answered."""
    _, sent = msgspec.json.schema_components(dict.fromkeys(asked), ref_template="#/components/schemas/{name}")
    _, given = msgspec.json.schema_components(dict.fromkeys(answered), ref_template="#/components/schemas/{name}")
    assert not {component(name) for name in given} & sent.keys() - given.keys(), "one name for two things"
    return {component(name): _for_people(_without_null(schema)) for name, schema in given.items()} | {
        name: _for_people(schema) for name, schema in sent.items()
    }


def _without_null(schema: Any) -> Any:
    """The schema of an answer: what has no value is left out, so nothing in it is ever null."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return schema | {"$ref": component(schema["$ref"])}
    kept = {name: _without_null(value) for name, value in schema.items() if not (name == "default" and value is None)}
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return kept | choices[0]
    return kept


def component(name: str) -> str:
    """What clients call an answer's type: Account for AccountBody."""
    return name.removesuffix("Body")


def _for_people(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its docstring as prose, and without the name of our class."""
    named = {key: value for key, value in schema.items() if key != "title"}
    return named | {"description": cleandoc(schema["description"])} if "description" in schema else named
