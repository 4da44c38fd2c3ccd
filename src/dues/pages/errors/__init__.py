"""GET /docs/errors: every error there is, what it means and what to do."""

from collections.abc import Mapping
from typing import Any


def errors_page(problem_types: Mapping[str, Any]) -> bytes:
    """The page's HTML."""
    return b"<!doctype html><title>dues errors</title>"
