"""The calls of the examples. In the order of the page they are one story, which can be told again and again."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Variable:
    """What only an earlier answer tells, such as `webhook_endpoint`; `now`: what time it is."""

    name: str


NOW: Final = Variable("now")

Template = Sequence[str | Variable]
"""Text with gaps."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `finds`: the variable that is the id of the first object of the answer."""

    title: str
    method: str
    path: Template
    idempotency_key: Template | None
    body: Any
    finds: Variable | None


_MADE_IN_BROWSERS: Final = ("/{checkout}",)
"""What no call makes, so no call of the story finds one."""


def calls(method: str, path: str, operation: Mapping[str, Any], paths: Mapping[str, Any]) -> Iterator[Call]:
    """A call per example of the operation's body, or the one there is without a body. None of those on files
    and batches, which guides show, and of what is made in browsers."""
    if operation["tags"][0] in ("Files", "Batches") or path.endswith(_MADE_IN_BROWSERS):
        return
    template = _path(path, operation)
    bodies = json_content(operation.get("requestBody", {})).get("examples", {"": {"value": None}})
    finds = _unnamed_below(path, paths) if method == "GET" else None
    for title, example in bodies.items():
        key = _key(operation, title, template, path, paths) if needs_key(operation) else None
        yield Call(title, method, template, key, example["value"], finds)


def needs_key(operation: Mapping[str, Any]) -> bool:
    """Whether it is refused without an Idempotency-Key."""
    return any(one["name"] == "Idempotency-Key" and one.get("required") for one in operation.get("parameters", ()))


def _path(path: str, operation: Mapping[str, Any]) -> Template:
    """The path with the example of its parameter in it, or a gap where that has none."""
    examples = {one["name"]: one.get("example") for one in operation.get("parameters", ()) if one["in"] == "path"}
    parts: list[str | Variable] = []
    for part in re.split(r"({\w+})", path):
        name = part[1:-1] if part.startswith("{") else None
        example = examples.get(name) if name else None
        parts.append(part if name is None else quote(example, safe="") if example else Variable(name))
    return [part for part in parts if part]


def _key(operation: Mapping[str, Any], title: str, template: Template, path: str, paths: Mapping[str, Any]) -> Template:
    """One key under two calls would be refused, and a call under its own is answered again when it is sent again.

    What is done to an object that is made anew each time has a key with its id; and what makes one that the story
    deletes has a new key each time.
    """
    name = re.sub(r"\W+", "-", f"{operation['operationId']} {title}".strip())
    gaps = [part for part in template if isinstance(part, Variable)]
    if not gaps and any(there.startswith(f"{path}/{{") and "delete" in paths[there] for there in paths):
        gaps = [NOW]
    return [f"{name}-", *gaps] if gaps else [name]


def _unnamed_below(path: str, paths: Mapping[str, Any]) -> Variable | None:
    """What stands for the objects of a list in other calls, where they have no name but their id."""
    for below, methods in paths.items():
        if match := re.fullmatch(re.escape(path) + r"/{(\w+)}", below):
            parameters = methods["get"]["parameters"]
            named = any(one["in"] == "path" and one.get("example") for one in parameters)
            return None if named or below.endswith(_MADE_IN_BROWSERS) else Variable(match[1])
    return None


def example_answers(operation: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    """The examples of an operation's successes, each with its status: JSON, or the text of a document."""
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            for content in response.get("content", {}).values():
                if example := content.get("example"):
                    yield status, example


def json_content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a body or an answer is, where it is JSON."""
    content: Mapping[str, Any] = holder.get("content", {}).get("application/json", {})
    return content
