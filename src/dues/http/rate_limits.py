"""How often a key may be used, in this process: 429, and what RateLimit and RateLimit-Policy say.

The fields are those of draft-ietf-httpapi-ratelimit-headers-10: of the policy `key`, the quota (q) in a window (w);
what is left of it (r), and in how many seconds all of it is there again (t).
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from dues.domain.rate_limits import Bucket, RateLimit
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError

KEYS_MAX: Final = 10_000
"""As many as are remembered. A key that comes after so many others begins anew."""


class RateLimits:
    """The buckets of all keys that have a limit."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def count(self, exchange: Exchange, key_id: str, limit: RateLimit) -> None:
        """Counts a request of a key, and has its answer say what is left. Refuses one too many."""
        bucket = self._buckets.get(key_id)
        if bucket is None or bucket.limit != limit:
            bucket = self._buckets[key_id] = Bucket(limit, self._clock())
            if len(self._buckets) > KEYS_MAX:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key_id)
        taken = bucket.take(self._clock())
        exchange.answer_headers = [
            (b"ratelimit-policy", b'"key";q=%d;w=%d' % (limit.quota, limit.window_seconds)),
            (b"ratelimit", b'"key";r=%d;t=%d' % (bucket.remaining, bucket.seconds_until_full)),
        ]
        if not taken:
            seconds = bucket.seconds_until_one
            raise too_many_requests(f"This key may be used {limit} on this server. Again in {seconds} s.", seconds)


def too_many_requests(detail: str, retry_seconds: int) -> ProblemError:
    """A refusal that says when to come back."""
    return ProblemError("too_many_requests", detail, headers={"Retry-After": str(retry_seconds)})
