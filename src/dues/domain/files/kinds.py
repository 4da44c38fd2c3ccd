"""Every kind of file there is."""

from typing import Final

from dues.domain.files.moment import MOMENT_KINDS
from dues.domain.files.own_kinds import OWN_KINDS
from dues.domain.files.rows import FileKind, FileKindName

KINDS: Final[dict[FileKindName, FileKind]] = {kind.name: kind for kind in (*MOMENT_KINDS, *OWN_KINDS)}


def kind_named(name: FileKindName) -> FileKind:
    """How files of a kind are read."""
    return KINDS[name]
