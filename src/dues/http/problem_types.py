"""The one table that gives every error code its status and the page that explains it."""

from dataclasses import dataclass
from typing import Final

from dues.domain.files.verdicts import FILE_CODES, OF_JOBS
from dues.domain.refusals import MEANINGS


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A row of the table: the HTTP status, the slug of its page, its title, and what it means."""

    status: int
    slug: str
    title: str
    meaning: str


_TITLES: Final = {
    "invalid-request": (400, "Invalid request"),
    "idempotency-key-missing": (400, "Idempotency key missing"),
    "idempotency-key-invalid": (400, "Idempotency key invalid"),
    "unauthorized": (401, "Unauthorized"),
    "forbidden": (403, "Forbidden"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "Method not allowed"),
    "not-acceptable": (406, "Not acceptable"),
    "request-timeout": (408, "Request timeout"),
    "conflict": (409, "Conflict"),
    "precondition-failed": (412, "Precondition failed"),
    "payload-too-large": (413, "Payload too large"),
    "uri-too-long": (414, "URI too long"),
    "unsupported-media-type": (415, "Unsupported media type"),
    "idempotency-key-reused": (422, "Idempotency key reused"),
    "unprocessable": (422, "Unprocessable"),
    "not-carried-out": (424, "Not carried out"),
    "too-many-requests": (429, "Too many requests"),
    "request-header-fields-too-large": (431, "Request header fields too large"),
    "internal-error": (500, "Internal error"),
    "not-installed": (501, "Not installed"),
    "unavailable": (503, "Unavailable"),
}

_SLUGS: Final[dict[str, tuple[str, str | None]]] = {
    "malformed_request": ("invalid-request", "What was sent is no request of HTTP/1.1. The connection is closed."),
    "malformed_json": (
        "invalid-request",
        "The body is not one well-formed JSON object in UTF-8, or names a member twice.",
    ),
    "validation_failed": ("invalid-request", None),
    "not_possible_in_batch": (
        "invalid-request",
        "What reads, what takes a file, and webhook endpoints and the test clock cannot be a line of a batch.",
    ),
    "not_carried_out": (
        "not-carried-out",
        "Another line of a batch that was to be carried out as a whole was refused, so nothing of it was.",
    ),
    "idempotency_key_missing": (
        "idempotency-key-missing",
        "Every POST needs an `Idempotency-Key` header, so that it can be sent again safely.",
    ),
    "idempotency_key_invalid": (
        "idempotency-key-invalid",
        "An `Idempotency-Key` is 1 to 255 visible ASCII characters, once. A UUID does well.",
    ),
    "unauthorized": (
        "unauthorized",
        "There is no key, it is not sent as `Authorization: Bearer <key>`, or it is unknown.",
    ),
    "key_revoked": ("forbidden", "This key was revoked."),
    "key_expired": ("forbidden", "This key has expired."),
    "secret_key_required": (
        "forbidden",
        "This call needs a secret key (`sk_…`). Public ones (`pk_…`) are for browsers, collectors' for collecting.",
    ),
    "test_mode_required": ("forbidden", "This call is for test data: it needs a test key (`sk_test_…`)."),
    "key_not_allowed": (
        "forbidden",
        "This key was made for other calls: `detail` says which scope this one has.",
    ),
    "address_not_allowed": ("forbidden", "This key may not be used from this address."),
    "amount_above_key_limit": ("forbidden", None),
    "key_limited": ("forbidden", None),
    "daily_limit_reached": ("forbidden", None),
    "route_not_found": ("not-found", "There is nothing at this path."),
    "account_not_found": ("not-found", None),
    "customer_not_found": ("not-found", None),
    "bill_not_found": ("not-found", None),
    "payment_not_found": ("not-found", None),
    "payment_link_not_found": ("not-found", None),
    "checkout_not_found": ("not-found", None),
    "mail_not_found": ("not-found", None),
    "payment_request_not_found": ("not-found", None),
    "folder_not_found": ("not-found", None),
    "folder_not_ready": ("conflict", None),
    "closing_not_found": ("not-found", None),
    "credit_not_found": ("not-found", None),
    "event_not_found": ("not-found", None),
    "webhook_endpoint_not_found": ("not-found", None),
    "idempotency_key_not_found": ("not-found", None),
    "import_not_found": ("not-found", None),
    "export_not_found": ("not-found", None),
    "method_not_allowed": ("method-not-allowed", "This path has other methods: see the `Allow` header."),
    "not_acceptable": (
        "not-acceptable",
        "A list is to be had as JSON or CSV, a statement as HTML and PDF too; `Accept` names none of them.",
    ),
    "request_timeout": ("request-timeout", "The head or the body did not arrive within ten seconds."),
    "external_reference_taken": ("conflict", None),
    "already_closed": ("conflict", None),
    "closing_not_last": ("conflict", None),
    "period_closed": ("conflict", None),
    "bill_paid": ("conflict", None),
    "bill_voided": ("conflict", None),
    "payment_outweighed": ("conflict", None),
    "payment_not_reversed": ("conflict", None),
    "payment_represented": ("conflict", None),
    "credit_reversed": ("conflict", None),
    "payment_reversed": ("conflict", None),
    "payment_request_over": ("conflict", None),
    "resend_under_way": ("conflict", None),
    "webhook_endpoint_disabled": ("conflict", None),
    "import_not_tried": ("conflict", None),
    "export_not_completed": ("conflict", None),
    "etag_mismatch": ("precondition-failed", None),
    "request_in_progress": (
        "conflict",
        "An earlier request with this idempotency key, or for the same thing, is still in work. Ask again shortly.",
    ),
    "payload_too_large": ("payload-too-large", "A body may have 64 KiB; that of a batch 8 MiB and 1,000 lines."),
    "unsupported_media_type": ("unsupported-media-type", "A body is `application/json`, and not compressed."),
    "uri_too_long": ("uri-too-long", "A path and its query may have 8 KiB."),
    "idempotency_key_reused": ("idempotency-key-reused", None),
    "amount_out_of_range": ("unprocessable", None),
    "amount_exceeds_applied": ("unprocessable", None),
    "application_exceeds_unapplied": ("unprocessable", None),
    "below_payments": ("unprocessable", None),
    "not_supported": ("unprocessable", None),
    "nothing_to_apply": ("unprocessable", None),
    "credit_exceeds_bill": ("unprocessable", None),
    "refund_exceeds_unapplied": ("unprocessable", None),
    "balance_not_tracked": ("unprocessable", None),
    "currency_mismatch": ("unprocessable", None),
    "owner_mismatch": ("unprocessable", None),
    "payment_not_allowed": ("unprocessable", None),
    "payment_below_minimum": ("unprocessable", None),
    "payment_above_maximum": ("unprocessable", None),
    "underpayment_not_allowed": ("unprocessable", None),
    "overpayment_not_allowed": ("unprocessable", None),
    "statement_too_long": ("unprocessable", None),
    "payment_link_over": ("unprocessable", None),
    "mail_without_address": ("unprocessable", None),
    "mail_not_set": ("not-installed", None),
    "payment_link_unreadable": ("not-installed", None),
    "test_clock_backwards": ("unprocessable", None),
    "test_clock_out_of_range": ("unprocessable", None),
    "too_many_bills": ("unprocessable", None),
    "too_many_events": ("unprocessable", None),
    "too_many_webhook_endpoints": ("unprocessable", None),
    "too_many_requests": (
        "too-many-requests",
        "The key was used more often than it may be, or too many unknown keys came from this address.",
    ),
    "request_header_fields_too_large": (
        "request-header-fields-too-large",
        "The head of a request may have 100 fields, and 32 KiB in all.",
    ),
    "internal_error": (
        "internal-error",
        "Something went wrong on our side. Nothing was changed; the same request may be sent again with its key.",
    ),
    "pdf_not_installed": (
        "not-installed",
        "This server sets no PDF documents: whoever runs it installs what that takes with `pip install 'dues[pdf]'`.",
    ),
    "unavailable": (
        "unavailable",
        "The database is away or overloaded. Send the same request again, with its key, after `Retry-After` seconds.",
    ),
    "too_many_connections": (
        "unavailable",
        "The server has as many connections as it may. Use those that are open, or try again after `Retry-After`.",
    ),
}

_SLUGS.update(
    (code, ("conflict" if code in ("file_already_imported", "file_out_of_order") else "invalid-request", meaning.means))
    for code, meaning in FILE_CODES.items()
    if code not in OF_JOBS
)

PROBLEM_TYPES: Final[dict[str, ProblemType]] = {
    code: ProblemType(*_TITLES[slug][:1], slug, _TITLES[slug][1], meaning or MEANINGS[code])  # type: ignore[index]
    for code, (slug, meaning) in _SLUGS.items()
}
"""Every code there is. `meaning` of a refusal comes from the domain."""
