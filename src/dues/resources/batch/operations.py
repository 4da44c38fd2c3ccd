"""What the API offers of many calls at once."""

from typing import Final

from dues.resources.batch.lines import BatchAnswer, BatchQuery
from dues.resources.doing import Batches
from dues.resources.operation import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        method="POST",
        path="/billing/batch",
        does=Batches(),
        id="send_batch",
        tag="Batches",
        summary="Send many calls at once",
        description="Carries out up to 1,000 calls of POST and PATCH, in 8 MiB at most: one JSON object a line, with "
        "`method`, `path`, `key` (the `Idempotency-Key` of that call), `body` and, where it is wanted, `if_match`. The "
        "answer has a line for each, in the same order, with `line`, `status`, `headers` and `body`. Each is allowed, "
        "refused and stored under its key as if it had been sent by itself, and a batch that was not answered is sent "
        "again as it is. Of a rate limit it uses one for each line and one for itself. What reads, what takes a file "
        "and what has transactions of its own (webhook endpoints, the test clock) cannot be a line.",
        query=BatchQuery,
        answer=BatchAnswer,
        example={
            "line": 1,
            "status": 201,
            "headers": {"request-id": "req_0Ue8xPq2dK7mN4vRtYw3z", "content-type": "application/json"},
            "body": {"id": "bcus_0Ue8xPq2dK7mN4vRtYw3z", "external_reference": "CUST-1001"},
        },
        problems=("payload_too_large", "file_not_gzip", "request_in_progress"),
        tagged=False,
        collectors=True,
    ),
)
