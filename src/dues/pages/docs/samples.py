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


def samples(method: str, path: str, operation: Mapping[str, Any], path_values: Mapping[str, str]) -> Iterator[Sample]:
    """A call per example of the operation's body, or the one there is without a body."""
    path = re.sub(r"{(\w+)}", lambda match: quote(path_values.get(match[1], match[1]), safe=""), path)
    bodies = _json_content(operation.get("requestBody", {})).get("examples", {})
    for name, example in bodies.items():
        yield Sample(name, _command(method, path, operation, name, example["value"]))
    if not bodies:
        yield Sample("", _command(method, path, operation, "", None))


def _command(method: str, path: str, operation: Mapping[str, Any], name: str, body: object) -> str:
    lines = [path, '-H "Authorization: Bearer $KEY"']
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


def path_values_of(paths: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What stands for `{account}` in samples: the id of the account that is the example of retrieving one."""
    found = {}
    for path, methods in paths.items():
        if path.endswith("}") and "get" in methods:
            answer = next((example for _, example in example_answers(methods["get"])), {})
            name = path.rpartition("{")[2].rstrip("}")
            found[name] = str(answer.get("id", answer.get("key", name)))
    return found


def example_answers(operation: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The examples of an operation's successes, each with its status."""
    for status, response in operation["responses"].items():
        if status.startswith("2") and (example := _json_content(response).get("example")):
            yield status, example


def _json_content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = holder.get("content", {}).get("application/json", {})
    return content


def _quoted(text: str) -> str:
    """`text` as one word of a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"
