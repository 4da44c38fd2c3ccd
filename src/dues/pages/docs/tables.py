"""Fields as a table: the name with its type, and what it means with its limits."""

from collections.abc import Sequence

from dues.pages.docs.fields import Field, Part
from dues.pages.frame.markup import Html, element, join, prose


def fields_table(fields: Sequence[Field], needed: str, otherwise: str) -> Html:
    """A row per field. `needed` is the word for a required one, `otherwise` for the others."""
    head = element("tr", element("th", "Field", scope="col"), element("th", "Meaning", scope="col"))
    rows = [_row(field, needed, otherwise) for field in fields]
    return element("table", element("thead", head), element("tbody", *rows), class_="fields")


def _row(field: Field, needed: str, otherwise: str) -> Html:
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
        *(_part(part, needed, otherwise) for part in field.parts),
    )
    return element("tr", name, meaning)


def _choices(choices: Sequence[str]) -> Html | None:
    if not choices:
        return None
    listed = element("p", " ".join(choices), class_="choices")
    return element("details", element("summary", f"One of {len(choices)} values"), listed)


def _part(part: Part, needed: str, otherwise: str) -> Html:
    count = f"{len(part.fields)} fields" if len(part.fields) > 1 else "1 field"
    return element(
        "details",
        element("summary", f"The object’s {count}"),
        element("p", prose(part.meaning)) if part.meaning else None,
        fields_table(part.fields, needed, otherwise),
        class_="part",
    )


def _sentence(text: str) -> str:
    """`text` with a capital and a full stop; one that begins with code is left as it is."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def definitions(rows: Sequence[tuple[str, str, str]]) -> Html:
    """A table of names that are not fields, such as headers: (name, a word beside it, meaning)."""
    return element(
        "table",
        element("thead", element("tr", element("th", "Name", scope="col"), element("th", "Meaning", scope="col"))),
        element(
            "tbody",
            *(
                element(
                    "tr",
                    element("th", element("code", name, class_="field"), element("span", word), scope="row"),
                    element("td", join(element("p", prose(meaning)))),
                )
                for name, word, meaning in rows
            ),
        ),
        class_="fields",
    )
