"""Calls that can be pasted into a shell: curl with the key in $KEY."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from dues.pages.frame.json_code import json_text

ORIGIN: Final = "http://127.0.0.1:8080"
"""Where a server is that was started without settings; the page's script puts in where this one is."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A call: its name, and what follows `curl -i` and the origin."""

    name: str
    arguments: str


def samples(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[Sample]:
    """A call per example of the operation's body, or the one there is without a body."""
    bodies = _json_content(operation.get("requestBody", {})).get("examples", {})
    for name, example in bodies.items():
        yield Sample(name, _command(method, path, operation, name, example["value"]))
    if not bodies:
        yield Sample("", _command(method, path, operation, "", None))


def _command(method: str, path: str, operation: Mapping[str, Any], name: str, body: object) -> str:
    lines = [_path(path, operation), '-H "Authorization: Bearer $KEY"']
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header" and parameter.get("required"):
            value = _header_value(parameter, f"{operation['operationId']}/{name}")
            lines.append("-H " + _quoted(f"{parameter['name']}: {value}"))
    if body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {_quoted(json_text(body))}"]
    if method not in ("GET", "POST") or (method == "POST" and body is None):
        lines[0] += f" -X {method}"
    return " \\\n  ".join(lines)


def _header_value(parameter: Mapping[str, Any], call: str) -> str:
    """An Idempotency-Key for every sample: one key under two of them would be refused."""
    if parameter["name"] == "Idempotency-Key":
        return str(uuid5(NAMESPACE_URL, call))
    return str(parameter.get("example", ""))


def _path(path: str, operation: Mapping[str, Any]) -> str:
    values = {
        parameter["name"]: parameter.get("example") or _from_answer(operation, parameter["name"])
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path"
    }
    return re.sub(r"{(\w+)}", lambda match: quote(str(values[match[1]]), safe=""), path)


def _from_answer(operation: Mapping[str, Any], name: str) -> object:
    """What a part of the path is in the example of the answer: the member of its name, else the id."""
    answer = example_answer(operation)
    return answer.get(name, answer.get("id", name))


def example_answer(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """The example of an operation's success, empty where it has none."""
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            example: Mapping[str, Any] = _json_content(response).get("example", {})
            return example
    return {}


def _json_content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = holder.get("content", {}).get("application/json", {})
    return content


def _quoted(text: str) -> str:
    """`text` as one word of a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"
