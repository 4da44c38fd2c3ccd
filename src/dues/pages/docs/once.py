"""What the page says once, although many calls have it: the problems of every call, and the objects of answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dues.pages.docs.calls import json_content


@dataclass(frozen=True, slots=True)
class Once:
    """`general`: the problems of every call, code to sentence. `shown_by`: schema to the operation that shows it."""

    general: Mapping[str, str]
    shown_by: Mapping[str, Mapping[str, Any]]


def once(operations: Iterable[Mapping[str, Any]]) -> Once:
    """What is said once of these, which are in the order of the page."""
    listed = list(operations)
    sentences = [problems_of(operation) for operation in listed]
    everywhere = set.intersection(*(set(one) for one in sentences)) if sentences else set()
    shown_by: dict[str, Mapping[str, Any]] = {}
    for operation in listed:
        for response in operation["responses"].values():
            if schema := schema_of(response):
                shown_by.setdefault(schema, operation)
    return Once(
        {code: text for code, text in sentences[0].items() if code in everywhere} if sentences else {}, shown_by
    )


def problems_of(operation: Mapping[str, Any]) -> dict[str, str]:
    """Code to sentence of all problems that an operation can answer with."""
    return {
        code: example["value"]["detail"]
        for response in operation["responses"].values()
        for code, example in problem_examples(response).items()
    }


def problem_examples(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Code to example of an answer that is a problem; empty where it is none."""
    examples: Mapping[str, Any] = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
    return examples


def schema_of(response: Mapping[str, Any]) -> str:
    """The component that an answer is, by its `$ref`; empty where it is none."""
    return str(json_content(response).get("schema", {}).get("$ref", ""))
