"""Where a payment link leads: its URL, as far as it can be told."""

from dues.domain.payment_links import PaymentLink
from dues.tenants.secrets.keys import UnreadableSecretError
from dues.webhooks.outgoing import Outgoing


def url_of(outgoing: Outgoing, link: PaymentLink) -> str | None:
    """Its URL; a path, where the server does not know its own; None where its token was encrypted with a key that this
    server has not: the link goes on working, it cannot be told."""
    try:
        token = outgoing.secret_keys.decrypt(link.id, link.token)
    except UnreadableSecretError:
        return None
    return f"{outgoing.public_url}/p/{token}"
