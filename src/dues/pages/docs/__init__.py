"""GET /docs: the API for people, made from the OpenAPI document."""

from collections.abc import Mapping
from typing import Any


def docs_page(openapi: Mapping[str, Any]) -> bytes:
    """The page's HTML."""
    return b"<!doctype html><title>dues</title>"
