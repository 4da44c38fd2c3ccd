"""Calls as they are written in a shell, in Python and in JavaScript: to be pasted, one after the other."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from dues.pages.docs.calls import Call, Template, Variable
from dues.pages.frame import ORIGIN
from dues.pages.frame.json_code import json_text

SETTING: Final = f"export BILLING_URL={ORIGIN}\nexport BILLING_KEY=sk_test_…"
"""What all samples need, in whatever language: where the server is, and a key."""

BEGINNINGS: Final[Mapping[str, str]] = {
    "python": """import os
import time

import httpx  # pip install httpx

billing = httpx.Client(
    base_url=os.environ["BILLING_URL"],
    headers={"Authorization": f"Bearer {os.environ['BILLING_KEY']}"},
)""",
    "javascript": """const url = process.env.BILLING_URL;
const headers = { Authorization: `Bearer ${process.env.BILLING_KEY}`, "Content-Type": "application/json" };
let answer, body;""",
}
"""What a program begins with."""


def _curl(call: Call) -> str:
    lines = [f'curl -i "$BILLING_URL{_shell(call.path)}"', '-H "Authorization: Bearer $BILLING_KEY"']
    if call.idempotency_key:
        lines.append(f'-H "Idempotency-Key: {_shell(call.idempotency_key)}"')
    if call.body is not None:
        lines += ['-H "Content-Type: application/json"', f"-d {_quoted(_indented(json_text(call.body), 2))}"]
    if call.method not in ("GET", "POST") or (call.method == "POST" and call.body is None):
        lines[0] += f" -X {call.method}"
    command = " \\\n  ".join(lines)
    if call.finds:
        first = """grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4"""
        command += f'\n{_shell_name(call.finds)}=$({_look(call)} | {first})\necho "${_shell_name(call.finds)}"'
    return command


def _look(call: Call) -> str:
    return f'curl -s "$BILLING_URL{_shell(call.path)}?limit=1" -H "Authorization: Bearer $BILLING_KEY"'


def _shell(template: Template) -> str:
    """The inside of a word in double quotes."""
    return _filled(template, lambda gap: "$(date +%s)" if gap.name == "now" else f"${_shell_name(gap)}")


def _shell_name(variable: Variable) -> str:
    return variable.name.upper()


def _quoted(text: str) -> str:
    """`text` as one word of a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _python(call: Call) -> str:
    arguments = [_python_text(call.path)]
    if call.idempotency_key:
        arguments.append(f'headers={{"Idempotency-Key": {_python_text(call.idempotency_key)}}}')
    if call.body is not None:
        arguments.append(f"json={_indented(_python_value(call.body), 4)}")
    method = f"billing.{call.method.lower()}"
    one_line = f"answer = {method}({', '.join(arguments)})"
    many = "answer = " + method + "(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
    lines = [one_line if len(arguments) == 1 else many, "print(answer.status_code, answer.json())"]
    if call.finds:
        lines.append(f'{call.finds.name} = answer.json()["data"][0]["id"]')
    return "\n".join(lines)


def _python_text(template: Template) -> str:
    text = _filled(template, lambda gap: "{int(time.time())}" if gap.name == "now" else f"{{{gap.name}}}")
    return f'{"f" if "{" in text else ""}"{text}"'


def _python_value(value: object) -> str:
    words = {"true": "True", "false": "False", "null": "None"}
    return re.sub(r'"(?:[^"\\]|\\.)*"|true|false|null', lambda match: words.get(match[0], match[0]), json_text(value))


def _javascript(call: Call) -> str:
    options = [] if call.method == "GET" else [f'method: "{call.method}"']
    if call.idempotency_key:
        key = f'"Idempotency-Key": {_javascript_text("", call.idempotency_key)}'
        options.append(f"headers: {{ ...headers, {key} }}")
    else:
        options.append("headers")
    if call.body is not None:
        options.append(f"body: JSON.stringify({_indented(_javascript_value(call.body), 2)})")
    where = _javascript_text("${url}", call.path)
    inside = f"{{ {options[0]} }}" if len(options) == 1 else "{\n" + "".join(f"  {one},\n" for one in options) + "}"
    lines = [f"answer = await fetch({where}, {inside});", "body = await answer.json();"]
    lines.append("console.log(answer.status, body);")
    if call.finds:
        lines.append(f"const {_camel(call.finds.name)} = body.data[0].id;")
    return "\n".join(lines)


def _javascript_text(before: str, template: Template) -> str:
    text = before + _filled(template, lambda gap: "${Date.now()}" if gap.name == "now" else f"${{{_camel(gap.name)}}}")
    return f"`{text}`" if "${" in text else f'"{text}"'


def _javascript_value(value: object) -> str:
    """JSON, with names as they are written in JavaScript."""
    return re.sub(r'^(\s*)"([A-Za-z_]\w*)":', r"\1\2:", json_text(value), flags=re.MULTILINE)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _filled(template: Template, fill: Callable[[Variable], str]) -> str:
    return "".join(fill(part) if isinstance(part, Variable) else part for part in template)


def _indented(text: str, spaces: int) -> str:
    return text.replace("\n", "\n" + " " * spaces)


SAMPLES: Final[Mapping[str, Callable[[Call], str]]] = {"curl": _curl, "python": _python, "javascript": _javascript}
"""How a call is written in each of the languages."""


def samples(call: Call) -> dict[str, str]:
    """The call, in each language."""
    return {language: write(call) for language, write in SAMPLES.items()}
