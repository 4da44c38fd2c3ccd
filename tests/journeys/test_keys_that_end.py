"""A key is refused in time, on every process: revoked within a second, expired from its moment."""

import os
import sys
import time
from pathlib import Path

from dues.db.database import Database
from dues.db.transaction import Row
from tests.conftest import Ask, Merchant
from tests.journeys.home import environment
from tests.running import Caller, RunningServer
from tests.starting import STARTER


def refused_as(caller: Caller) -> str | None:
    """Why a key is refused, or None."""
    answer = caller.get("/billing/accounts/none")
    code: str = answer.json()["code"]
    assert answer.status_code in (403, 404)
    return code if answer.status_code == 403 else None


def test_a_revoked_key_is_out_within_a_second_on_every_process(
    merchant: Merchant, server: RunningServer, second_server: RunningServer, database_url: str
) -> None:
    callers = [merchant.caller(base=base) for base in (server.base, second_server.base)]
    assert [refused_as(caller) for caller in callers] == [None, None]
    key = next(key for key in merchant.keys if (key.mode, key.kind) == ("test", "secret"))
    with Path(os.devnull).open("w") as nowhere:
        revoking = STARTER.start(
            ["keys", "revoke", key.id], environment(database_url=database_url), nowhere, sys.stderr
        )
    while revoking.poll() is None:  # in use all the time, so that every process remembers it
        for caller in callers:
            refused_as(caller)
    assert revoking.returncode == 0
    time.sleep(1)
    assert [refused_as(caller) for caller in callers] == ["key_revoked", "key_revoked"]
    assert refused_as(merchant.caller("live")) is None


def test_a_key_is_refused_from_the_moment_it_expires(
    merchant: Merchant, server: RunningServer, second_server: RunningServer, ask: Ask[list[Row]]
) -> None:
    key = next(key for key in merchant.keys if (key.mode, key.kind) == ("test", "secret"))

    async def expire(database: Database) -> list[Row]:
        return await database.rows(
            "update api_keys set expires_at = now() + interval '1.5 seconds' where id = $1 returning now()", key.id
        )

    callers = [merchant.caller(base=base) for base in (server.base, second_server.base)]
    ask(expire)
    expires_at = time.monotonic() + 1.5
    while time.monotonic() < expires_at - 0.5:
        assert [refused_as(caller) for caller in callers] == [None, None]
        time.sleep(0.05)
    time.sleep(0.7)
    assert [refused_as(caller) for caller in callers] == ["key_expired", "key_expired"]
