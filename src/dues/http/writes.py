"""What is once per Idempotency-Key: from an exchange to a job, and from what that is answered to a reply.

A request by itself and a line of a batch are carried out on other ways; this is what they have in common.
"""

from hashlib import sha256
from typing import Any

from dues.commands.command import Command, Conditional, Modify, Procedure
from dues.commands.job import Job
from dues.domain.etags import etag
from dues.domain.new_payments import NewPayment
from dues.domain.refusals import Refusal
from dues.http.context import Context, caller_of, idempotency_key_of, named, request_of
from dues.http.exchange import Exchange
from dues.http.problem_types import PROBLEM_TYPES
from dues.http.problems import PROBLEM_CONTENT_TYPE, ProblemError, Reply, problem_json
from dues.http.queries import decode_query
from dues.http.validation import decode
from dues.idempotency.answers import Answer
from dues.resources.doing import AnyCommand, Changes, Doing, Pays
from dues.resources.operation import Operation
from dues.tenants.keys import ApiKey
from dues.work.work import Request


class Write:
    """An operation that writes, whose command is `command`."""

    def __init__(self, context: Context, operation: Operation, command: AnyCommand) -> None:
        self._context = context
        self._operation = operation
        self._command = command

    async def job_of(self, exchange: Exchange) -> Job:
        """What is to be carried out. Refuses whoever may not, and what is wrong in itself."""
        operation = self._operation
        key = await caller_of(self._context, operation, exchange)
        name = idempotency_key_of(exchange)
        decode_query(exchange.query_string, operation.query)
        wanted, canonical = await wanted_of(operation, operation.parameter, exchange, key)
        hashed = b"%b %b\n%b" % (exchange.method.encode(), exchange.path.encode(), canonical)
        if key.kind == "collector":
            # One collector's stored answers are none of another's business, whatever key it thinks of.
            hashed += b"\n" + key.id.encode()
        if reason := exchange.header(b"dues-closed-period-reason"):
            hashed += b"\nlate: " + reason
        request = request_of(exchange, operation, key, wanted, name, sha256(hashed).digest())
        return Job(self._command, request, self._render)

    def _render(self, request: Request[Any], outcome: Any) -> Answer:
        if isinstance(outcome, Refusal):
            return refused(self._context, request.path, request.request_id, outcome)
        return Answer(self._operation.status, outcome.json, outcome.id, warning=outcome.warning)

    def reply_of(self, answer: Answer) -> Reply:
        """What the client is sent."""
        return reply_of(answer, self._operation.tagged)


def command_of(context: Context, doing: Doing) -> AnyCommand:
    """The command, as it is on this server."""
    return doing if isinstance(doing, Command | Procedure) else doing(context.outgoing)


async def wanted_of(operation: Operation, parameter: str | None, exchange: Exchange, key: ApiKey) -> tuple[Any, bytes]:
    """What the command is asked for, and the canonical form of what was sent."""
    if operation.body is None:
        sent, canonical = await exchange.no_body()
    else:
        sent, canonical = decode(await exchange.json_body(), operation.body)
    match operation.does:
        case Changes(conditional=conditional):
            condition = _if_match(exchange) if conditional else None
            below = named(operation.parameters[1], exchange) if operation.within else ""
            return Modify(named(parameter, exchange), sent, condition, below), canonical
        case Pays():
            if key.kind == "collector" and isinstance(sent, NewPayment) and sent.allocation is not None:
                # Its answer would tell a collector of bills that nobody named.
                detail = "A collector names the bills that it takes money for: use parts."
                raise ProblemError("secret_key_required", detail)
            return Conditional(sent, _if_match(exchange)), canonical
        case _:
            return sent, canonical


def _if_match(exchange: Exchange) -> str | None:
    condition = exchange.header(b"if-match")
    return None if condition is None else condition.decode("latin-1")


def refused(context: Context, path: str, request_id: str, refusal: Refusal) -> Answer:
    """What a refusal is to the client: a problem."""
    problem = problem_json(context.docs_base, path, request_id, refusal)
    return Answer(PROBLEM_TYPES[refusal.code].status, problem)


def reply_of(answer: Answer, tagged: bool) -> Reply:
    """What a client is sent of an answer; with an ETag, where it is `tagged` and done."""
    headers = [(b"idempotent-replayed", b"true")] if answer.replayed else []
    if answer.status >= 300:
        return Reply(answer.status, answer.body, PROBLEM_CONTENT_TYPE, headers)
    if tagged:
        headers.append((b"etag", etag(answer.body).encode()))
    if answer.warning:
        headers.append((b"dues-warning", answer.warning.encode()))
    return Reply(answer.status, answer.body, headers=headers)
