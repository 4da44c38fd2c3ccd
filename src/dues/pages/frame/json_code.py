"""JSON as people read it: indented, in quiet colours."""

import json
import re
from typing import Final

from dues.pages.frame.markup import Html, element, join

_TOKEN: Final = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<other>-?\d[\d.eE+-]*|true|false|null)'
)


def json_text(value: object) -> str:
    """JSON with an indent of two."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def json_code(value: object) -> Html:
    """The same, as markup: names, strings and other values each in a class of their own."""
    text = json_text(value)
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts += [text[end : token.start()], element("span", token[0], class_=f"json-{token.lastgroup}")]
        end = token.end()
    return join(*parts, text[end:])
