"""Fields as a table: the name with its type, and what it means with its limits."""

from collections.abc import Iterator, Sequence

from dues.pages.docs.fields import Field, Part
from dues.pages.frame.markup import Html, element, prose


def fields_table(fields: Sequence[Field], needed: str, otherwise: str) -> Html:
    """A row per field. `needed` is the word for a required one, `otherwise` for the others."""
    head = element("tr", element("th", "Field", scope="col"), element("th", "Meaning", scope="col"))
    rows = [row for field in fields for row in _rows(field, needed, otherwise)]
    return element("table", element("thead", head), element("tbody", *rows), class_="fields")


def _rows(field: Field, needed: str, otherwise: str) -> Iterator[Html]:
    """The field's own row, and one across both columns for the object that it is."""
    name = element(
        "th",
        element("code", field.name, class_="field"),
        element("span", field.kind, class_="kind"),
        element("span", needed, class_="needed") if field.required else element("span", otherwise),
        scope="row",
    )
    meaning = element(
        "td",
        element("p", prose(_sentence(field.meaning))) if field.meaning else None,
        element("p", prose(_sentence("; ".join(field.limits))), class_="limits") if field.limits else None,
        _choices(field.choices),
    )
    yield element("tr", name, meaning)
    for part in field.parts:
        inside = _part(field.name, part, needed, otherwise)
        yield element("tr", element("td", inside, colspan="2"), class_="inside")


def _choices(choices: Sequence[str]) -> Html | None:
    if not choices:
        return None
    listed = element("p", " ".join(choices), class_="choices")
    return element("details", element("summary", f"One of {len(choices)} values"), listed)


def _part(name: str, part: Part, needed: str, otherwise: str) -> Html:
    count = f"{len(part.fields)} fields" if len(part.fields) > 1 else "One field"
    described = element("p", prose(part.meaning)) if part.meaning else None
    return element(
        "details",
        element("summary", element("span", f"{count} of ", element("code", name))),
        element("div", described, fields_table(part.fields, needed, otherwise), class_="part"),
    )


def _sentence(text: str) -> str:
    """`text` with a capital and a full stop; one that begins with code is left as it is."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
