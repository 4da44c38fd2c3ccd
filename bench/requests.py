"""The requests that the load is made of, as bytes ready to be written to a socket."""

from collections.abc import Iterator, Sequence
from itertools import count, cycle
from random import Random

from msgspec import Struct

_HEAD = b"Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"

_CREATE = (
    b"POST /billing/accounts HTTP/1.1\r\n" + _HEAD + b"Content-Type: application/json\r\n"
    b"Content-Length: %d\r\nIdempotency-Key: %s\r\n\r\n%s"
)
_GET = b"GET /billing/accounts/%s HTTP/1.1\r\n" + _HEAD + b"\r\n"

_BODY = (
    b'{"customer":"%s","external_reference":"%s-%010d","name":"Jane Doe","currency":"ZAR","balance":%d,'
    b'"metadata":{"account_type":"subscription","billing_cycle":"monthly"}}'
)


class Creates(Struct, frozen=True, tag=True):
    """Endless `POST /billing/accounts`, each with a key and a reference of its own.

    `run` begins every reference and decides the idempotency keys (random, like UUIDs): the same run is the same
    requests again, another run shares none with it.
    """

    key: str
    run: str
    customers: Sequence[str]

    def __iter__(self) -> Iterator[bytes]:
        key, run = self.key.encode(), self.run.encode()
        customers = [customer.encode() for customer in self.customers]
        bits = Random(self.run).getrandbits
        for number in count():
            body = _BODY % (customers[number % len(customers)], run, number, 1_000 + number % 9_000)
            uuid = b"%08x-%04x-4%03x-8%03x-%012x" % (bits(32), bits(16), bits(12), bits(12), bits(48))
            yield _CREATE % (key, len(body), uuid, body)


class Gets(Struct, frozen=True, tag=True):
    """Endless `GET /billing/accounts/{account}`, around and around `accounts` (their ids)."""

    key: str
    accounts: Sequence[str]

    def __iter__(self) -> Iterator[bytes]:
        key = self.key.encode()
        return cycle([_GET % (account.encode(), key) for account in self.accounts])


class Replays(Struct, frozen=True, tag=True):
    """Endlessly the first `distinct` requests of `creates` again, which has to have been sent before."""

    creates: Creates
    distinct: int

    def __iter__(self) -> Iterator[bytes]:
        first = zip(range(self.distinct), self.creates, strict=False)
        return cycle([request for _, request in first])


Requests = Creates | Gets | Replays
