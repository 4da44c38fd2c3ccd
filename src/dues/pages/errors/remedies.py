"""What to do about each error: one paragraph per code, for the person who has it on the screen."""

from collections.abc import Mapping
from typing import Final

from dues.domain.files.verdicts import FILE_CODES, OF_JOBS

SAME_KEY: Final = "Nothing was stored under the `Idempotency-Key`: the corrected request may use the same one."

NEW_KEY: Final = (
    "This answer is stored under the `Idempotency-Key`, where one was sent, and the same request gets it again: send "
    "the corrected one under a new key."
)

_LOOK_AGAIN: Final = (
    "Check the id or reference, letter for letter, and the key: what was made in test mode does not exist for a live "
    "key, and the other way round."
)

REMEDIES: Final[Mapping[str, str]] = {
    **{code: meaning.do for code, meaning in FILE_CODES.items() if code not in OF_JOBS},
    "export_not_found": "Look the id up in `GET /billing/exports`. What has expired is gone, with its file.",
    "export_not_completed": "Ask for the export until it is `completed`; where it `failed`, its `error` says why.",
    "import_not_found": "Look the id up in `GET /billing/imports`. What has expired is gone, with its file.",
    "import_not_tried": "Send the file with `dry_run=true` and wait until that is `completed`. What was applied is "
    "applied.",
    "key_limited": "Send the file with a key that has no limit on what it moves: `dues keys create`.",
    "malformed_json": f"Send one JSON object in UTF-8, each member once. `detail` says where reading ended. {SAME_KEY}",
    "validation_failed": "Go through `errors`: each has the JSON Pointer of a member, or the name of a parameter; a "
    f"code; and a sentence that says what it must be. {SAME_KEY}",
    "not_possible_in_batch": "Send this call by itself.",
    "not_carried_out": "Find the line that was refused: it is the only one with another code. Mend it or leave it out, "
    "and send all of them again. Nothing was stored under any of their keys, so they may keep them.",
    "idempotency_key_missing": "Make up a key for each thing you want done (a UUID does well), keep it with that "
    "thing, and send it as the header `Idempotency-Key`, the same again with every retry.",
    "idempotency_key_invalid": "Send one `Idempotency-Key` header of 1 to 255 visible ASCII characters, no spaces.",
    "unauthorized": "Send `Authorization: Bearer <key>` with a whole key of this server. Keys are shown once, when "
    "they are made; `dues keys list` shows the last four characters of each, `dues keys create` makes another.",
    "key_revoked": "Somebody took this key out of use, for good. Put another into your program: `dues keys create`.",
    "key_expired": "The key was made for a limited time, which is over. Put another into your program: "
    "`dues keys create`.",
    "secret_key_required": "Call from a server with a secret key (`sk_…`). Never put a secret key into a browser, an "
    "app or a till. A collector names the bills that it takes money for, and does not preview.",
    "key_not_allowed": "Use a key that may do this: `dues keys list` says what each may. For one that may more, make "
    f"another with `dues keys create --allow`; `dues keys scopes` lists all there is. {SAME_KEY}",
    "address_not_allowed": "Call from where the key may be used: `dues keys list` says where. A proxy in front of the "
    f"server has to be named in `DUES_TRUSTED_PROXIES`; the log has the address that the server sees. {SAME_KEY}",
    "amount_above_key_limit": "Have somebody do it whose key may move more, or make one with `dues keys create "
    f"--max-amount`. {SAME_KEY}",
    "daily_limit_reached": "Wait for the next day, by UTC; have somebody do it whose key may move more; or make a key: "
    f"`dues keys create --max-per-day`. {SAME_KEY}",
    "too_many_requests": "Wait for as many seconds as `Retry-After` says, then send the same request with the same "
    "`Idempotency-Key`. Answers say in `RateLimit` how many are left. Where unknown keys were too many, find out who "
    "behind your address sends them; keys that were used before go on working meanwhile.",
    "test_mode_required": "Use the merchant's test secret key (`sk_test_…`). For live data, time passes by itself.",
    "test_clock_backwards": "Read `GET /billing/test_clock`, and advance to a later time. There is no way back: to "
    f"test from an earlier time, make another merchant with `dues merchants create`. {NEW_KEY}",
    "test_clock_out_of_range": f"Advance by less, or test with another merchant: `dues merchants create`. {NEW_KEY}",
    "route_not_found": "Check the path against the API page. A slash inside an id or a reference is sent as `%2F`.",
    "account_not_found": f"{_LOOK_AGAIN} {NEW_KEY}",
    "bill_not_found": f"{_LOOK_AGAIN} {NEW_KEY}",
    "bill_paid": "A bill of which something was paid stands. If it is to be void all the same, reverse its payments "
    f"first, then lower what was recorded by hand to an `amount_paid` of 0. {NEW_KEY}",
    "bill_voided": "If you wanted to void it, that is done. Otherwise make a new bill, with a reference of its own. "
    + NEW_KEY,
    "etag_mismatch": "Somebody changed it after you read it. Read it again, decide again, and send its new `ETag`. "
    + SAME_KEY,
    "balance_not_tracked": "Give it a balance first, with a `balance` and a `currency` in a PATCH, or look up why it "
    f"has none. {NEW_KEY}",
    "currency_mismatch": "Read the object, and use its currency; nothing is ever converted. The currency of a "
    f"tracked balance changes only together with the balance. {NEW_KEY}",
    "payment_not_allowed": "Give it `payment_rules`, or the merchant a default: `dues merchants set`. Where "
    f"it tracks no balance, PATCH it one, or pay its bills. {NEW_KEY}",
    "payment_below_minimum": f"Pay `min_amount` or more, or exactly what is `outstanding`. {NEW_KEY}",
    "payment_above_maximum": "Record it as several payments, each with a reference of its own; or raise `max_amount` "
    f"in the `payment_rules`. {NEW_KEY}",
    "underpayment_not_allowed": "Pay all that is `outstanding`, or allow underpayment in the `payment_rules`. "
    + NEW_KEY,
    "payment_outweighed": "Raise the bill's `amount_paid` by PATCH to what its payments come to, then reverse. "
    + NEW_KEY,
    "payment_reversed": "It is done. Retrieve the payment: `reversal` says when and why.",
    "too_many_bills": "Record it as several payments, each with a reference of its own, or name the bills in `parts`. "
    + NEW_KEY,
    "overpayment_not_allowed": "Read what remains to be paid, and send no more; or allow overpayment in the "
    f"`payment_rules`. {NEW_KEY}",
    "owner_mismatch": "For a bill, name the account alone: it knows its customer. In `parts`, name bills of the "
    f"account or customer that is paid. {NEW_KEY}",
    "customer_not_found": "Check the id or reference in the member that `pointer` names, and whether the key is of the "
    f"mode (test or live) in which the customer was created; or send a new customer as an object. {NEW_KEY}",
    "idempotency_key_not_found": "Nothing was done under this key, or it was longer ago than answers are kept. If "
    "in doubt, look the object up by its `external_reference`, then send the request, with this key.",
    "method_not_allowed": "Use one of the methods that the header `Allow` lists.",
    "request_timeout": f"Send head and body at once; connections that drip are closed. {SAME_KEY}",
    "external_reference_taken": "Look at `existing` and `differs`. Where nothing differs it is the object that you "
    f"meant, and the work was done before; if it is another, choose another reference. {NEW_KEY}",
    "request_in_progress": "Wait for as long as `Retry-After` says, then send the same request with the same key.",
    "payload_too_large": f"Shorten the body. Metadata is for short notes. Cut a batch in two. {SAME_KEY}",
    "unsupported_media_type": "Send `Content-Type: application/json`, and no `Content-Encoding`. " + SAME_KEY,
    "idempotency_key_reused": "One key is for one request. `detail` says what the key was first used for. If that was "
    "this same request, send exactly the body of the first time; otherwise make a new key.",
    "amount_out_of_range": "Amounts are integers in the currency's smallest unit; check that nothing was multiplied "
    f"twice. {NEW_KEY}",
    "malformed_request": "Look at what really goes over the wire: a proxy in between, or HTTPS sent to a port that "
    f"speaks HTTP, are frequent causes. {SAME_KEY}",
    "request_header_fields_too_large": f"Send fewer or shorter headers; cookies are not needed here. {SAME_KEY}",
    "uri_too_long": "Shorten the query: fewer filters, or a cursor as it was given.",
    "too_many_connections": "Keep connections open and use them again instead of making new ones; then try again after "
    "as many seconds as `Retry-After` says.",
    "internal_error": "Send the same request again, with the same key: it is carried out once at most. If the error "
    "stays, give the `request_id` to whoever runs this server; the log names it.",
    "unavailable": "Wait for as long as `Retry-After` says, then send the same request with the same key; if need "
    "be several times, with growing pauses.",
}


def remedy(code: str, status: int) -> str:
    """What to do about `code`. One without a paragraph of its own gets what holds for its status."""
    return REMEDIES.get(code) or _GENERAL.get(status) or (_LATER if status >= 500 else _CORRECT)


_CORRECT: Final = f"Read `detail`, correct the request, and send it again. {SAME_KEY}"

_LATER: Final = "Wait, then send the same request again, with the same `Idempotency-Key`."

_GENERAL: Final = {
    404: f"{_LOOK_AGAIN} {NEW_KEY}",
    409: f"Read the object as it is now, and decide again. {NEW_KEY}",
    412: f"Read the object again, decide again, and send its new `ETag`. {SAME_KEY}",
    422: f"Read `detail`, and decide again. {NEW_KEY}",
    429: _LATER,
}
