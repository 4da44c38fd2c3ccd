"""The stage of these tests."""

from tests.work.stage import play

__all__ = ["play"]
