"""The statements on them."""

from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.tenants.keys import Mode
from dues.tenants.secrets.keys import SecretKeys

STRIPE_URL: Final = "https://api.stripe.com"


class StripeAccount(Struct, frozen=True):
    """An account of Stripe's, in one mode: its secret key, what its webhooks are signed with, and where Stripe is."""

    secret_key: str
    webhook_secret: str
    api_url: str = STRIPE_URL


def _owner(merchant_id: str, mode: str) -> str:
    """To what its secrets are bound."""
    return f"{merchant_id}/{mode}/stripe"


SAVE_STRIPE_ACCOUNT = """
insert into stripe_accounts (merchant_id, mode, secret_key, webhook_secret, api_url) values ($1, $2, $3, $4, $5)
on conflict (merchant_id, mode) do update
   set secret_key = excluded.secret_key, webhook_secret = excluded.webhook_secret, api_url = excluded.api_url
returning merchant_id
"""


async def save_stripe_account(
    tx: Transaction, merchant_id: str, mode: Mode, account: StripeAccount, keys: SecretKeys
) -> None:
    """Sets it, its secrets encrypted."""
    secrets = (keys.encrypt(_owner(merchant_id, mode), one) for one in (account.secret_key, account.webhook_secret))
    await tx.lock(SAVE_STRIPE_ACCOUNT, merchant_id, mode, *secrets, account.api_url)


DELETE_STRIPE_ACCOUNT = "delete from stripe_accounts where merchant_id = $1 and mode = $2 returning merchant_id"


async def delete_stripe_account(tx: Transaction, merchant_id: str, mode: Mode) -> None:
    """Removes it."""
    await tx.lock(DELETE_STRIPE_ACCOUNT, merchant_id, mode)


FIND_STRIPE_ACCOUNT = """
select a.merchant_id, a.mode, a.secret_key, a.webhook_secret, a.api_url
  from tenants t
  join stripe_accounts a on a.merchant_id = t.merchant_id and a.mode = t.mode
 where t.id = $1
"""


async def find_stripe_account(database: Database, tenant_id: int, keys: SecretKeys) -> StripeAccount | None:
    """That of a tenant. Raises UnreadableSecretError."""
    row = await database.row(FIND_STRIPE_ACCOUNT, tenant_id)
    if row is None:
        return None
    owner = _owner(row["merchant_id"], row["mode"])
    secret_key, webhook_secret = (keys.decrypt(owner, row[name]) for name in ("secret_key", "webhook_secret"))
    return StripeAccount(secret_key, webhook_secret, row["api_url"])
