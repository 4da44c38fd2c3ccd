"""Webhooks are signed with secrets that are stored encrypted; one that nobody can read stops nothing but itself."""

import asyncio
from typing import Any

import pytest
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from dues.db.migrate import migrate
from dues.domain.tenants import Tenant
from dues.tenants.secrets.keys import SecretKeys
from dues.webhooks.destinations import ANYWHERE
from dues.webhooks.outgoing import Outgoing
from dues.webhooks.secrets.encrypt import encrypt_secrets
from dues.webhooks.signing import new_secret
from tests.db.databases import EmptyDatabases
from tests.waiting import until
from tests.webhooks.receiver import Request
from tests.webhooks.test_fairness import Town, delivering

OURS, LOST = SecretKeys([b"1" * 32]), SecretKeys([b"2" * 32])

STORE = """
update webhook_endpoints
   set secret = $3, old_secret = $4::text, old_secret_until = case when $4 is not null then now() + interval '1 day' end
"""
OF_ONE = " where cell = 1 and tenant_id = $1 and id = $2"
FREE = "update webhook_endpoints set leased_by = null, leased_until = null"


async def store(town: Town, tenant: Tenant, number: int, secret: str, old: str | None = None) -> None:
    """Stores an endpoint's secrets so."""
    await town.database.rows(STORE + OF_ONE, tenant.id, f"whe_{tenant.id}_{number}", secret, old)


def is_signed(request: Request, secret: str) -> bool:
    """Whether a receiver with this secret takes it."""
    try:
        Webhook(secret).verify(request.body, request.headers)
    except Exception:
        return False
    return True


@pytest.mark.slow
def test_what_cannot_be_read_is_said_once_and_stops_no_other(databases: EmptyDatabases) -> None:
    """Though there are more of them than a process has leases."""
    url, secret = databases.new(), new_secret()

    async def story() -> list[Any]:
        await migrate(url)
        with capture_logs() as logs:
            async with delivering(url, 32, 2, Outgoing(ANYWHERE, OURS)) as town:
                unreadable = await town.settle(town.hanging.url(), 3)
                for number in range(1, 4):
                    lost = LOST.encrypt(f"whe_{unreadable.id}_{number}", secret)
                    await store(town, unreadable, number, lost, lost)
                readable = await town.settle(town.taking.url(), 1)
                await store(town, readable, 1, OURS.encrypt(f"whe_{readable.id}_1", secret))
                await town.happen(unreadable, 1)
                await until(lambda: len(logs) >= 3)
                assert await town.delivery_seconds(readable) < 3
                assert is_signed(town.taking.requests[-1], secret)
                assert town.hanging.requests == []
                # One that is given a new secret goes on, whatever the old one is.
                await store(
                    town, unreadable, 1, OURS.encrypt(f"whe_{unreadable.id}_1", secret),
                    LOST.encrypt(f"whe_{unreadable.id}_1", secret),
                )  # fmt: skip
                await town.database.rows(FREE + OF_ONE, unreadable.id, f"whe_{unreadable.id}_1")
                town.notifier.notify([unreadable.id])
                await until(lambda: town.hanging.requests)
                assert is_signed(town.hanging.requests[0], secret)
        return [*logs]

    logs = asyncio.run(story())
    said = [(one["event"], one["endpoint_id"]) for one in logs]
    assert len(said) == 3 == len(set(said))
    assert {event for event, _ in said} == {"webhook_secret_unreadable"}
    assert all("which DUES_SECRET_KEY does not have" in str(one["reason"]) for one in logs)
    assert secret not in str(logs)


def test_what_is_stored_is_encrypted_anew_and_goes_on_signing(databases: EmptyDatabases) -> None:
    url, plain, old, older = databases.new(), new_secret(), new_secret(), new_secret()
    new = SecretKeys([b"3" * 32, b"1" * 32])

    async def story() -> None:
        await migrate(url)
        async with delivering(url, 32, 9, Outgoing(ANYWHERE, new)) as town:
            tenant = await town.settle(town.taking.url(), 4)
            name = f"whe_{tenant.id}"
            await store(town, tenant, 1, plain)
            await store(town, tenant, 2, OURS.encrypt(f"{name}_2", old), OURS.encrypt(f"{name}_2", older))
            await store(town, tenant, 3, new.encrypt(f"{name}_3", old))
            await store(town, tenant, 4, LOST.encrypt(f"{name}_4", old))
            result = await encrypt_secrets(town.database, new)
            assert (result.now, result.before, len(result.unreadable)) == (2, 1, 1)
            assert f"The secret of {name}_4 was encrypted with the key" in result.unreadable[0]
            rows = await town.database.rows("select id, secret, old_secret from webhook_endpoints order by id")
            first_alone = SecretKeys([b"3" * 32])
            assert [first_alone.decrypt(row["id"], row["secret"]) for row in rows[:3]] == [plain, old, old]
            assert first_alone.decrypt(rows[1]["id"], rows[1]["old_secret"]) == older
            await town.happen(tenant, 1)
            await until(lambda: len(town.taking.requests) >= 3)
            for secret, times in ((plain, 1), (old, 2), (older, 1)):
                assert sum(is_signed(one, secret) for one in town.taking.requests) == times
            await town.database.rows("update webhook_endpoints set old_secret_until = now() - interval '1 second'")
            await encrypt_secrets(town.database, new)
            assert not await town.database.rows("select from webhook_endpoints where old_secret is not null")

    asyncio.run(story())
