"""From JSON Schema to the fields that people read: name, type, limits, meaning."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dues.pages.docs.limits import limits_of

Schema = Mapping[str, Any]

CHOICES_SHOWN: Final = 6
"""More choices than this are a list of their own, not a part of the sentence."""


@dataclass(frozen=True, slots=True)
class Field:
    """One member of an object. `parts` are the fields of the object that it is, or may be."""

    name: str
    kind: str
    required: bool
    limits: tuple[str, ...]
    meaning: str
    choices: tuple[str, ...] = ()
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """An object inside another one."""

    meaning: str
    fields: tuple[Field, ...]


def fields_of(schema: Schema, schemas: Mapping[str, Schema]) -> tuple[Field, ...]:
    """The fields of an object. `schemas` are the components that `$ref` names."""
    return _fields(schema, schemas, frozenset())


def parameter_of(name: str, said: Mapping[str, Any], schemas: Mapping[str, Schema]) -> Field:
    """A parameter or a header as a field: what it means and whether it is required stand beside its schema."""
    schema = said.get("schema", {}) | {"description": said.get("description", "")}
    return _field(name, schema, said.get("required", False), schemas, frozenset())


def _fields(schema: Schema, schemas: Mapping[str, Schema], above: frozenset[str]) -> tuple[Field, ...]:
    schema, above = _resolved(schema, schemas, above)
    required = schema.get("required", ())
    return tuple(
        _field(name, member, name in required, schemas, above) for name, member in schema.get("properties", {}).items()
    )


def _field(name: str, schema: Schema, required: bool, schemas: Mapping[str, Schema], above: frozenset[str]) -> Field:
    choices = list(_choices(schema))
    resolved = [_resolved(choice, schemas, above) for choice in choices]
    limits = [limit for choice, _ in resolved for limit in limits_of(choice)]
    meanings = [schema.get("description"), *(choice.get("description") for choice in choices)]
    values = [str(value) for choice, _ in resolved for value in choice.get("enum", choice.get("x-extensible-enum", ()))]
    few = len(values) <= CHOICES_SHOWN
    parts = tuple(_parts(choices, schemas, above))
    if not any(meanings) and len(parts) == 1:
        # What nothing is said of as a member is what it is as an object.
        meanings, parts = [parts[0].meaning], (Part("", parts[0].fields),)
    return Field(
        name=name,
        kind=" or ".join([*dict.fromkeys(_kind(choice) for choice, _ in resolved), *_null(schema)]),
        required=required,
        limits=(*limits, *([" or ".join(f"`{value}`" for value in values)] if values and few else [])),
        meaning=" ".join(dict.fromkeys(meaning for meaning in meanings if meaning)),
        choices=() if few else tuple(values),
        parts=parts,
    )


def _parts(choices: list[Schema], schemas: Mapping[str, Schema], above: frozenset[str]) -> Iterator[Part]:
    for choice in choices:
        inside = choice.get("items", choice)
        resolved, _ = _resolved(inside, schemas, above)
        if resolved.get("properties") and _name(inside) not in above:
            yield Part(resolved.get("description", ""), _fields(inside, schemas, above))


def _choices(schema: Schema) -> Iterator[Schema]:
    """What a value may be, but for null."""
    for choice in schema.get("anyOf", [schema]):
        if choice.get("type") != "null":
            yield choice


def _null(schema: Schema) -> list[str]:
    """Whether null is a value of its own. Where it is the default it means "not given", and is not worth a word."""
    return ["null"] if "default" not in schema and {"type": "null"} in schema.get("anyOf", ()) else []


def _name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _resolved(schema: Schema, schemas: Mapping[str, Schema], above: frozenset[str]) -> tuple[Schema, frozenset[str]]:
    """The schema that a `$ref` means, and the names of all that it stands in: one that holds itself must end."""
    name = _name(schema)
    return (schemas[name], above | {name}) if name else (schema, above)


def _kind(schema: Schema) -> str:
    if "items" in schema:
        return f"array of {'object' if _name(schema['items']) else schema['items'].get('type', 'value')}s"
    kind = str(schema.get("type") or ("string" if "enum" in schema else "value"))
    members = schema.get("additionalProperties")
    if isinstance(members, Mapping) and "type" in members:
        return f"{kind} of {members['type']}s"
    # How many bits an integer has is for programs; its limits say it to people.
    return f"{kind} ({schema['format']})" if "format" in schema and kind != "integer" else kind
