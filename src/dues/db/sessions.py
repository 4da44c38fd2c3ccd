"""Which processes of dues work on a database, by what they call their sessions there."""

import os
import re
import socket
from typing import Final, Literal

from msgspec import Struct

from dues.db.database import Database

Work = Literal["serves", "delivers"]

NAME_MAX: Final = 63
"""PostgreSQL cuts off what is beyond."""

_NAME: Final = re.compile(r"dues (serves|delivers) (\d+)@(.*)", re.DOTALL)


def session_name(work: Work) -> str:
    """What this process calls sessions in which it does such work, so that others see who is there, and where."""
    return f"dues {work} {os.getpid()}@{socket.gethostname()}"[:NAME_MAX]


class Process(Struct, frozen=True):
    """A process that has sessions. `host` is what its machine is called."""

    work: str
    pid: int
    host: str


FIND_SESSIONS: Final = """
select distinct application_name
  from pg_stat_activity
 where datname = current_database() and application_name ~ '^dues (serves|delivers) '
 order by application_name
"""


async def find_processes(database: Database) -> list[Process]:
    """The processes that serve or deliver, as far as they have sessions: one that has nothing to do may have none."""
    found = [_NAME.fullmatch(row["application_name"]) for row in await database.rows(FIND_SESSIONS)]
    return [Process(one[1], int(one[2]), one[3]) for one in found if one]


FIND_WRITING: Final = """
select exists (
    select from pg_stat_activity
     where datname = current_database() and application_name like 'dues serves %'
       and (state = 'active' or state_change > clock_timestamp() - interval '100 milliseconds')
       and query ~ '^(with w[0-9]+ as|begin|commit)'
) as is_so
"""
"""What a group writes begins so, and nothing that servers do by themselves comes as often."""


async def is_writing(database: Database) -> bool:
    """Whether a server writes what it was sent at this moment, or did a moment ago. Nobody can tell of sessions that a
    pooler has given other names, or that are another role's."""
    [row] = await database.rows(FIND_WRITING)
    found: bool = row["is_so"]
    return found
