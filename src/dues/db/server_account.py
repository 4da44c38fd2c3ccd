"""As whom PostgreSQL runs: as whoever runs dues, and never as root.

Root's PostgreSQL runs as the account `dues` where there is one, else as `nobody`. Nobody's permissions are changed for
that. The data folder may be where that account cannot go: it gets the open folder instead of a path to it. The programs
must be found by their path, so where they are out of its reach they are copied to where everybody may read.
"""

import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

PROGRAMS_COPY: Final = Path("/var/lib/dues/postgresql")
"""Where the programs are copied to where root alone can reach them, in a home directory for one."""

NAMES: Final = ("dues", "nobody")


class AccountError(Exception):
    """PostgreSQL cannot run as whom it should. The message says what to do."""


class Account(NamedTuple):
    """Whom the processes of PostgreSQL belong to."""

    uid: int
    gid: int

    def may_pass(self, folder: Path) -> bool:
        """Whether it can go into `folder` and all that are above."""
        return all(_may_enter(self, one.stat()) for one in (folder, *folder.parents))


def server_account(cluster: Path) -> Account | None:
    """Whom to change to; None: nobody. Files that are somebody's already stay that user's."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in NAMES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(found.pw_uid, found.pw_gid)
    raise AccountError("dues runs as root, which PostgreSQL must not, and there is no account dues or nobody.")


def take_over(folder: Path, account: Account | None) -> None:
    """Gives a folder of root's, with all that is in it, to the account. Links are given, not followed."""
    if account is None or folder.lstat().st_uid != 0:
        return
    # The folder itself comes last: one that is half given is given again.
    for path, _, names in os.walk(folder, topdown=False):
        for one in (*(Path(path, name) for name in names), Path(path)):
            os.lchown(one, account.uid, account.gid)


@contextmanager
def reachable(folder: Path, account: Account | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """How PostgreSQL is told of `folder`, and what its process is started with.

    Linux lets a process have an open folder by /proc/self/fd, whether or not it could go there by the path.
    """
    started: dict[str, Any] = {"cwd": folder, "env": _environment()}
    if account is None:
        yield str(folder), started
        return
    started |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    if account.may_pass(folder):
        yield str(folder), started
        return
    if not Path("/proc/self/fd").exists():
        raise AccountError(f"PostgreSQL does not run as root, and whom it runs as cannot pass on the way to {folder}.")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", started | {"pass_fds": [descriptor]}
    finally:
        os.close(descriptor)


def _environment() -> dict[str, str]:
    """What PostgreSQL is to know: neither our settings, some of which are secrets, nor its own, from elsewhere."""
    return {name: text for name, text in os.environ.items() if not name.startswith(("DUES_", "PG"))}


def programs(found: Path, account: Account | None) -> Path:
    """The folder of PostgreSQL's programs, `…/bin`, where the account can run them."""
    if account is None or account.may_pass(found):
        return found
    install = found.parent
    changed = (found / "postgres").stat()
    place = PROGRAMS_COPY / f"{install.name}-{changed.st_mtime_ns:x}-{changed.st_size:x}"
    try:
        if not place.exists():
            unfinished = place.with_name(f"{place.name}.{os.getpid()}")
            unfinished.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            shutil.copytree(install, unfinished, symlinks=True)
            unfinished.chmod(0o755)
            _move(unfinished, place)
    except OSError as error:
        raise AccountError(
            f"dues runs as root, and PostgreSQL as an account that cannot pass on the way to {found}; nor can its "
            f"programs be copied to {PROGRAMS_COPY}: {error.strerror}. Run dues as an ordinary user, or put it where "
            "every user can pass, or set DUES_DATABASE_URL."
        ) from error
    _refuse_what_others_can_write(place)
    return place / found.name


def _move(unfinished: Path, place: Path) -> None:
    try:
        unfinished.rename(place)
    except OSError:  # another was first
        shutil.rmtree(unfinished)
        if not place.exists():
            raise


def _refuse_what_others_can_write(place: Path) -> None:
    for one in (place, place / "bin" / "postgres"):
        found = one.lstat()
        if found.st_uid != 0 or found.st_mode & 0o022:
            raise AccountError(f"{one} is not root's alone to write, so it is not run. Remove {place}.")


def _may_enter(account: Account, folder: os.stat_result) -> bool:
    if folder.st_uid == account.uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == account.gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
