"""Encrypts all stored secrets with the newest key: those from before there was one, and those of an older one."""

from dataclasses import dataclass, field
from typing import Final

from dues.db.database import Database
from dues.db.transaction import Row
from dues.tenants.secrets.keys import SecretKeys, UnreadableSecretError
from dues.tenants.store import list_cells
from dues.webhooks.secrets import store

BATCH_SIZE: Final = 500


@dataclass
class Encrypted:
    """How many endpoints' secrets were encrypted now, how many were already, and why the others cannot be."""

    now: int = 0
    before: int = 0
    unreadable: list[str] = field(default_factory=list)


async def encrypt_secrets(database: Database, keys: SecretKeys) -> Encrypted:
    """Does it for every endpoint; servers may go on, and who is given a new secret meanwhile keeps that."""
    result = Encrypted()
    for cell in await list_cells(database):
        await store.delete_expired_secrets(database, cell)
        after = (0, "")
        while rows := await store.list_secrets(database, cell, after, BATCH_SIZE):
            for row in rows:
                await _encrypt(database, keys, cell, row, result)
            after = rows[-1]["tenant_id"], rows[-1]["id"]
    return result


async def _encrypt(database: Database, keys: SecretKeys, cell: int, row: Row, result: Encrypted) -> None:
    stored = [one for one in (row["secret"], row["old_secret"]) if one is not None]
    if all(keys.is_current(one) for one in stored):
        result.before += 1
        return
    try:
        secret, *old = [keys.encrypt(row["id"], keys.decrypt(row["id"], one)) for one in stored]
    except UnreadableSecretError as error:
        result.unreadable.append(str(error))
        return
    # Where they are no longer these, they were written since, and so with the newest key.
    await store.save_secrets(database, cell, row, secret, old[0] if old else None)
    result.now += 1
