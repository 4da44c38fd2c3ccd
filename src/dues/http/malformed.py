"""What is wrong with a body that is no JSON, in a sentence: what people send most often is called by its name."""

import re
from typing import Final

_HALF_A_PAIR: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")

_NEAR: Final = 10
"""As many bytes before the place where the parser stopped are looked at too: it stops behind what is wrong."""


def explain_malformed(body: bytes, said: str) -> str:
    """The sentence. `said` is the parser's message, which may end with the number of a byte."""
    if not body.strip():
        return "The body is empty: it must be a JSON object."
    if whole := _explain_whole(body):
        return whole
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return f"The body is not UTF-8: see {_place(body, error.start)}."
    found = re.search(r"^(?:JSON is malformed: )?(.*) \(byte (\d+)\)$", said)
    if found is None:
        return _explain_end(body, text)
    byte = int(found[2])
    if found[1] == "trailing characters":
        return f"The body goes on after its JSON has ended, at {_place(body, byte - 1)}."
    reason = _explain_place(body, byte) or f"{found[1]}."
    return f"The body is not JSON: at {_place(body, byte)}, {reason}"


def _explain_whole(body: bytes) -> str | None:
    """What shows at the beginning: another format, or another encoding."""
    if body.startswith(b"\xef\xbb\xbf"):
        return "The body begins with a byte order mark (U+FEFF): send UTF-8 without one."
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in body[:4]:
        return "The body is UTF-16 or UTF-32: JSON is sent in UTF-8."
    if re.match(rb"[\w.%+\[\]-]+=", body):
        return "The body is form-encoded (name=value): it must be a JSON object. With curl, --json sends one."
    if body.lstrip().startswith(b"<"):
        return "The body is XML or HTML: it must be a JSON object."
    if re.match(rb"--[\w'()+,./:=?-]+\r?\n", body):
        return "The body is a multipart form: it must be a JSON object."
    return None


def _explain_end(body: bytes, text: str) -> str:
    """Where the parser names no place, it came to the end; or a number or an escape was wrong in itself."""
    if _HALF_A_PAIR.search(body) and text.rstrip().endswith(("}", "]")):
        return "The body is not JSON: it has an escape of half a surrogate pair, like \\ud83d without its \\ude00."
    if text.rstrip().endswith(("}", "]")) and re.search(r"\d[eE]\+?\d", text):
        return "The body has a number that is too large to be one."
    return f"The body ends before its JSON does, at {_place(body, len(body))}: a quote or a bracket is not closed."


def _explain_place(body: bytes, byte: int) -> str | None:
    """What people often write there that is no JSON."""
    text = body[byte:].decode(errors="ignore")
    before = body[max(0, byte - _NEAR) : byte].decode(errors="ignore").rstrip()
    first = text[:1]
    if first and first in "“”„‟‘’‚«»":
        return f'{first} is a typographic quote; JSON wants ".'
    if first == "'":
        return "' is a single quote; JSON wants \"."
    if before.endswith(",") and first in ("}", "]"):
        return f"a comma stands before {first}, and nothing follows it."
    if first == "\ufeff":
        return "there is a byte order mark (U+FEFF)."
    if first and ord(first) < 0x20:
        return "a line break or another control character stands in a string: write \\n, or \\u and four digits."
    if text.startswith(("//", "/*", "#")):
        return "there is a comment; JSON has none."
    if word := re.match(r"-?(NaN|Infinity|undefined|None|True|False)\b", text):
        meant = {"None": "null", "True": "true", "False": "false", "undefined": "null"}.get(word[1])
        return f"{word[0]} is no JSON{f'; it is {meant} there' if meant else ', which has no such number'}."
    if re.match(r"[A-Za-z_$][\w$]*\s*:", text):
        return 'a name stands without quotes; JSON wants ".'
    return None


def _place(body: bytes, byte: int) -> str:
    """Line and column, counted from 1, in characters as an editor shows them."""
    before = body[:byte].decode(errors="replace")
    return f"line {before.count(chr(10)) + 1}, column {len(before) - (before.rfind(chr(10)) + 1) + 1}"
