"""What proves that a member of a backup is what was written."""

import hashlib

from dues.backups.manifest import Member


class Digest:
    """What goes by, line by line: how much it is, and its SHA-256."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._bytes = 0
        self.rows = 0

    def add(self, data: bytes) -> None:
        """Looks at what comes next. A line break within a value is never written as one."""
        self._sha256.update(data)
        self._bytes += len(data)
        self.rows += data.count(b"\n")

    def done(self) -> Member:
        """What it was."""
        return Member(self.rows, self._bytes, self._sha256.hexdigest())
