"""The secrets of a lease, as they are needed to sign."""

from contextlib import suppress

from msgspec import structs

from dues.tenants.secrets.keys import SecretKeys, UnreadableSecretError
from dues.webhooks.leases.store import Lease


def readable(lease: Lease, keys: SecretKeys) -> Lease:
    """The lease with its secrets decrypted. Raises UnreadableSecretError.

    Of two, the old one may be unreadable: then the new one signs alone, since it was rotated for that reason.
    """
    secret, *old = lease.secrets
    secrets = [keys.decrypt(lease.id, secret)]
    for one in old:
        with suppress(UnreadableSecretError):
            secrets.append(keys.decrypt(lease.id, one))
    return structs.replace(lease, secrets=secrets)
