"""What can go wrong between dues and its database, in the ways that callers act on.

Everything else that the driver raises is a defect of ours and passes through untouched.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg


class Transient(Exception):
    """What may go well a little later. Nothing is known to have happened. Background work need not tell them apart."""


class Unavailable(Transient):
    """The database is away, shutting down, starting up or out of resources. Nothing is known to have happened."""


class Conflict(Transient):
    """Another transaction was first (unique key, serialization, deadlock). Nothing happened; read again and retry."""


class LockTimeout(Transient):
    """Another transaction holds what this one needs for longer than `lock_timeout`. Nothing happened."""


class Contradiction(Exception):
    """What was to be written breaks a rule of its table. Nothing happened; where it was decided on what was read at two
    moments, it may be whole once it is read again under locks. Else it is a defect of ours."""


_CONFLICTS = (asyncpg.UniqueViolationError, asyncpg.SerializationError, asyncpg.DeadlockDetectedError)

_UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutdown, crash of a neighbour, starting up, statement_timeout
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.PostgresSystemError,  # its files cannot be read or are gone
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a primary that was demoted
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,  # "connection is closed", "pool is closing"
    asyncpg.InternalClientError,  # "got result for unknown protocol state", after a connection was cut
    OSError,
    TimeoutError,
)

_NODE_LOST = re.compile(
    r"SSL SYSCALL error|SSL error: unexpected eof|server closed the connection|connection (not open|to the remote node)"
    r"|could not (receive data|send data|connect) |failure on connection marked as essential",
    re.IGNORECASE,
)
"""What Citus says of a node that it has lost, as an internal error (XX000) in the middle of something."""


BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""After these a connection is of no use any more, though it may look whole: what was the primary may be a standby by
now, or nobody may be there to answer. A ValueError among them is a defect of ours all the same."""


@contextmanager
def translated() -> Iterator[None]:
    """Turns the driver's exceptions into the three kinds of Transient, and Contradiction."""
    try:
        yield
    except _CONFLICTS as error:
        raise Conflict(str(error)) from error
    except asyncpg.CheckViolationError as error:
        raise Contradiction(error.constraint_name or str(error)) from error
    except asyncpg.LockNotAvailableError as error:
        raise LockTimeout(str(error)) from error
    except asyncpg.InternalServerError as error:
        if _NODE_LOST.search(str(error)):
            raise Unavailable(f"{type(error).__name__}: {error}") from error
        raise
    except ValueError:  # a value that the driver cannot encode: its DataError is also an InterfaceError
        raise
    except _UNAVAILABLE as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error
