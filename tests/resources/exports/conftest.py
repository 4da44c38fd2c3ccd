"""What is exported is imported again."""

from tests.resources.imports.conftest import importing, importing_as

__all__ = ["importing", "importing_as"]
