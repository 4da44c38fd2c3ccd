"""POST /checkouts/{adapter}/messages: what processors tell of checkouts."""

from dues.http.context import Context
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.resources.checkouts.adapters.adapter import Services
from dues.resources.checkouts.bring import receive


def services_of(context: Context) -> Services:
    """What adapters may use of this server."""
    return Services(context.database, context.outgoing.secret_keys)


async def message(context: Context, exchange: Exchange) -> Reply:
    """What a processor tells; what is from nobody that is known is not there."""
    adapter = exchange.path_parameters["adapter"]
    if not await receive(services_of(context), context.writes.submit, adapter, exchange.body, exchange.headers):
        raise ProblemError("route_not_found", "There is nothing for such a message.")
    return Reply(200, b"{}")
