"""Roles of a test's own: one that owns a database, and one that is to serve there."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from tests.db.databases import EmptyDatabases, execute


class Roles:
    """An owner and a server, neither of them a superuser."""

    def __init__(self, url: str) -> None:
        self._url, mark = url, uuid4().hex[:8]
        self.owner, self.server = f"owner_{mark}", f"server_{mark}"
        for role in (self.owner, self.server):
            execute(url, f"create role {role} login")

    def new_database(self, databases: EmptyDatabases) -> str:
        """An empty one that the owner owns; its URL, for the owner."""
        url = databases.new()
        execute(url, f"alter database {urlsplit(url).path[1:]} owner to {self.owner}")
        return as_role(url, self.owner)

    def close(self) -> None:
        """Removes them. Their databases are gone by now."""
        for role in (self.owner, self.server):
            execute(self._url, f"drop role {role}")


def as_role(url: str, role: str) -> str:
    """The same database, for another role."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))


@pytest.fixture
def roles(database_url: str) -> Iterator[Roles]:
    """Two roles. Ask for them before `databases`, which are then removed first."""
    made = Roles(database_url)
    yield made
    made.close()
