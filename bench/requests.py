"""The requests that the load is made of, as bytes ready to be written to a socket."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from random import Random

from msgspec import Struct

_HEAD = b"Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"

_POST = (
    b"POST %s HTTP/1.1\r\n" + _HEAD + b"Content-Type: application/json\r\n"
    b"Content-Length: %d\r\nIdempotency-Key: %s\r\n\r\n%s"
)
_PATCH = _POST.replace(b"POST", b"PATCH", 1)
_GET = b"GET %s HTTP/1.1\r\n" + _HEAD + b"\r\n"

_ACCOUNT = (
    b'{"customer":%s,"external_reference":"%s-%010d","name":"Jane Doe","currency":"ZAR","balance":%d,'
    b'"metadata":{"account_type":"subscription","billing_cycle":"monthly"}}'
)
_CUSTOMER = b'{"external_reference":"%s-%010d","name":"Jane Doe","email":"jane@example.com","phone":"+27821234567"}'
_BILL = (
    b'{"account":%s,"external_reference":"%s-%010d","currency":"ZAR","amount_due":%d,"bill_date":"2026-01-05",'
    b'"due_date":"2026-01-31","metadata":{"account_type":"subscription","billing_cycle":"monthly"}}'
)
_BALANCE = b'{"balance":%d}'
_ADJUSTMENT = b'{"amount":%d,"reason":"Late fee"}'
_PAYMENT = b'{"account":"%s","external_reference":"%s-%010d","currency":"ZAR","amount":%d,"method":"eft"%s}'


class Creates(Struct, frozen=True, tag=True):
    """Endless `POST /billing/accounts`, each with a key and a reference of its own.

    `run` begins every reference and decides the idempotency keys (random, like UUIDs): the same run is the same
    requests again, another run shares none with it.
    """

    key: str
    run: str
    customers: Sequence[str]
    balance: int | None = None
    """Of all of them; else it varies."""

    def __iter__(self) -> Iterator[bytes]:
        key, run = self.key.encode(), self.run.encode()
        customers = [b'"%s"' % customer.encode() for customer in self.customers]
        for number, uuid in enumerate(_uuids(self.run)):
            balance = self.balance or _amount(number)
            body = _ACCOUNT % (customers[number % len(customers)], run, number, balance)
            yield _POST % (b"/billing/accounts", key, len(body), uuid, body)


class Bills(Struct, frozen=True, tag=True):
    """Endless `POST /billing/bills`, each for a new account, as Creates has them, of a new customer. `run` as there."""

    key: str
    run: str

    def __iter__(self) -> Iterator[bytes]:
        key, run = self.key.encode(), self.run.encode()
        for number, uuid in enumerate(_uuids(self.run)):
            account = _ACCOUNT % (_CUSTOMER % (run, number), run, number, _amount(number))
            body = _BILL % (account, run, number, _amount(number))
            yield _POST % (b"/billing/bills", key, len(body), uuid, body)


class Adjustments(Struct, frozen=True, tag=True):
    """Endless `POST /billing/accounts/{account}/adjustments`, around and around `accounts` (their ids).

    `run` as for Creates. Every second time around takes back what the first gave, so balances stay small.
    """

    key: str
    run: str
    accounts: Sequence[str]

    def __iter__(self) -> Iterator[bytes]:
        key = self.key.encode()
        paths = [b"/billing/accounts/%s/adjustments" % account.encode() for account in self.accounts]
        for number, uuid in enumerate(_uuids(self.run)):
            around, place = divmod(number, len(paths))
            body = _ADJUSTMENT % (-100 if around % 2 else 100)
            yield _POST % (paths[place], key, len(body), uuid, body)


class Patches(Struct, frozen=True, tag=True):
    """Endless `PATCH /billing/accounts/{account}` of the balance, around and around `accounts` (their ids).

    `run` as for Creates. Every balance is another than the time before, and than that of another run.
    """

    key: str
    run: str
    accounts: Sequence[str]

    def __iter__(self) -> Iterator[bytes]:
        key = self.key.encode()
        paths = [b"/billing/accounts/%s" % account.encode() for account in self.accounts]
        first = 10**12 + Random(self.run).getrandbits(40)
        for number, uuid in enumerate(_uuids(self.run)):
            around, place = divmod(number, len(paths))
            body = _BALANCE % (first + around)
            yield _PATCH % (paths[place], key, len(body), uuid, body)


class Payments(Struct, frozen=True, tag=True):
    """Endless `POST /billing/payments` of `amount`, around and around `accounts` (their ids). `run` as for Creates.

    `over_bills`: spread over their open bills, the oldest first.
    """

    key: str
    run: str
    accounts: Sequence[str]
    amount: int
    over_bills: bool

    def __iter__(self) -> Iterator[bytes]:
        key, run = self.key.encode(), self.run.encode()
        accounts = [account.encode() for account in self.accounts]
        spread = b',"allocation":"oldest_due_first"' if self.over_bills else b""
        for number, uuid in enumerate(_uuids(self.run)):
            body = _PAYMENT % (accounts[number % len(accounts)], run, number, self.amount, spread)
            yield _POST % (b"/billing/payments", key, len(body), uuid, body)


class Gets(Struct, frozen=True, tag=True):
    """Endless GETs, around and around `targets` (paths, with their queries)."""

    key: str
    targets: Sequence[str]

    def __iter__(self) -> Iterator[bytes]:
        key = self.key.encode()
        return cycle([_GET % (target.encode(), key) for target in self.targets])


class Replays(Struct, frozen=True, tag=True):
    """Endlessly the first `distinct` requests of `creates` again, which has to have been sent before."""

    creates: Creates
    distinct: int

    def __iter__(self) -> Iterator[bytes]:
        first = zip(range(self.distinct), self.creates, strict=False)
        return cycle([request for _, request in first])


class Batches(Struct, frozen=True, tag=True):
    """Endless `POST /billing/batch`, each of the next `lines` of `creates`."""

    creates: Creates
    lines: int
    mode: str = "each"

    def __iter__(self) -> Iterator[bytes]:
        key, path = self.creates.key.encode(), b"/billing/batch?mode=%s" % self.mode.encode()
        upcoming = iter(self.creates)
        while True:
            body = b"".join(_line(next(upcoming)) for _ in range(self.lines))
            yield _BATCH % (path, key, len(body), body)


_BATCH = b"POST %s HTTP/1.1\r\n" + _HEAD + b"Content-Type: application/jsonl\r\nContent-Length: %d\r\n\r\n%s"


def _line(request: bytes) -> bytes:
    """A create as a line of a batch."""
    head, _, body = request.partition(b"\r\n\r\n")
    uuid = head.rpartition(b": ")[2]
    return b'{"method":"POST","path":"/billing/accounts","key":"%s","body":%s}\n' % (uuid, body)


Requests = Creates | Bills | Adjustments | Patches | Payments | Gets | Replays | Batches


def _uuids(run: str) -> Iterator[bytes]:
    """Endless idempotency keys, random, the same for the same run."""
    bits = Random(run).getrandbits
    while True:
        yield b"%08x-%04x-4%03x-8%03x-%012x" % (bits(32), bits(16), bits(12), bits(12), bits(48))


def _amount(number: int) -> int:
    """Minor units."""
    return 1_000 + number % 9_000
