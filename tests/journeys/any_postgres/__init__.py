"""PostgreSQL as people have it."""

import pytest

# What it asserts is told as what a test asserts is.
pytest.register_assert_rewrite("tests.journeys.any_postgres.journey")
