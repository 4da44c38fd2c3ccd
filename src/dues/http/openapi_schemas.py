"""The schemas of the OpenAPI document, made from the types that bodies are decoded to and encoded from.

Generators of clients read it, so it promises nothing that will not stay: a value or a member that comes to an answer
one day breaks no client that was generated before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from inspect import cleandoc
from typing import Any, Final

import msgspec

Schema = Mapping[str, Any]

_PLACE: Final = "#/components/schemas/"

_NULL: Final = {"type": "null"}

_INT32_MAX: Final = 2**31 - 1


def schemas(asked: Iterable[type], answered: Iterable[type]) -> dict[str, Any]:
    """Every schema, by its name: of what is sent and, as clients see it, of what is answered.

    What is both is described as an answer, which forbids less.
    """
    _, sent = msgspec.json.schema_components(dict.fromkeys(asked), ref_template=f"{_PLACE}{{name}}")
    _, given = msgspec.json.schema_components(dict.fromkeys(answered), ref_template=f"{_PLACE}{{name}}")
    assert not {component(name) for name in given} & sent.keys() - given.keys(), "one name for two things"
    shared = dict(_shared([*sent.values(), *given.values()]))
    found = {name: _for_people(_as_asked(schema)) for name, schema in sent.items()}
    found |= {component(name): _for_people(_as_answered(schema)) for name, schema in given.items()}
    assert not shared.keys() & found.keys(), "one name for two things"
    return found | shared


def component(name: str) -> str:
    """What clients call an answer's type: Account for AccountBody."""
    return name.removesuffix("Body")


def reference(name: str) -> dict[str, str]:
    """The schema with this name."""
    return {"$ref": f"{_PLACE}{name}"}


def _each(schema: Schema, change: Callable[[Schema], Schema]) -> dict[str, Any]:
    """The schema with every schema that stands in it changed."""
    made = dict(schema)
    for place in ("items", "additionalProperties", "propertyNames"):
        if isinstance(made.get(place), dict):
            made[place] = change(made[place])
    if "anyOf" in made:
        made["anyOf"] = [change(choice) for choice in made["anyOf"]]
    if "properties" in made:
        made["properties"] = {name: change(member) for name, member in made["properties"].items()}
    return made


def _as_asked(schema: Schema) -> Schema:
    """The schema of what is sent. That what is not sent is as good as null needs no word."""
    if _is_shared(schema):
        return reference(str(schema["title"]))
    made = _each(typed(schema), _as_asked)
    if made.get("default", ...) is None:
        del made["default"]
    return made


def _as_answered(schema: Schema) -> Schema:
    """The schema of an answer.

    What has no value is left out, so nothing in it is ever null. Nothing else is closed either: no list of values, no
    pattern of a text, no set of members.
    """
    if _is_shared(schema):
        return reference(str(schema["title"]))
    made = {name: value for name, value in _each(typed(schema), _as_answered).items() if name not in _OF_REQUESTS}
    if made.get("additionalProperties") is False:
        del made["additionalProperties"]
    if "enum" in made:
        made["x-extensible-enum"] = made.pop("enum")
    if "$ref" in made:
        made["$ref"] = component(made["$ref"])
    choices = [choice for choice in made.get("anyOf", ()) if choice != _NULL]
    if len(choices) == 1:
        del made["anyOf"]
        return {**made, **choices[0]}
    return made


_OF_REQUESTS: Final = ("default", "pattern")


def typed(schema: Schema) -> Schema:
    """The schema with the type of its choices, and with the size of its integers: without one, they are 32 bits to
    most languages, and money is more."""
    if "enum" in schema:
        return {"type": "string", **schema}
    if schema.get("type") == "integer":
        return {**schema, "format": "int32" if 0 < schema.get("maximum", 0) <= _INT32_MAX else "int64"}
    return schema


def _is_shared(schema: Schema) -> bool:
    """Whether it is of a field that is the same wherever it stands: one with a title. Those of structs are our names
    of them."""
    return "title" in schema and "properties" not in schema


def _shared(found: Iterable[Schema]) -> Iterator[tuple[str, Schema]]:
    """Every schema of such a field, by its name."""
    for schema in found:
        if _is_shared(schema):
            yield schema["title"], {name: value for name, value in schema.items() if name != "title"}
        below: list[Schema] = []
        _each(schema, partial(_kept, below))
        yield from _shared(below)


def _kept(found: list[Schema], schema: Schema) -> Schema:
    found.append(schema)
    return schema


def _for_people(schema: Schema) -> Schema:
    """The schema with its docstring as prose, and without the name of our class."""
    named = {key: value for key, value in schema.items() if key != "title"}
    return named | {"description": cleandoc(schema["description"])} if "description" in schema else named
