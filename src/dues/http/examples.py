"""The examples of the API's documentation: the same customer, account and bill all through."""

from collections.abc import Mapping
from typing import Any, Final

_RULES: Final = {
    "min_amount": 100,
    "max_amount": 500000,
    "underpayment_allowed": True,
    "overpayment_allowed": False,
}

CUSTOMER: Final = {
    "id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "external_reference": "CUST-1042",
    "name": "Jane Doe",
    "email": "jane@example.com",
    "phone": "+27821234567",
    "currency": "ZAR",
    "balance": 2000,
    "payment_rules": _RULES,
}

ACCOUNT: Final = {
    "id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
    "external_reference": "UAR1234567890",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "name": "Fibre, Long Street 12",
    "currency": "ZAR",
    "balance": 2000,
    "payment_rules": _RULES,
    "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
}

BILL: Final = {
    "id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
    "external_reference": "INV-2026-001",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "currency": "ZAR",
    "amount_due": 150000,
    "amount_paid": 0,
    "amount_remaining": 150000,
    "status": "unpaid",
    "bill_date": "2026-01-05",
    "account_id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
    "due_date": "2026-01-31",
    "payment_rules": _RULES,
}

ENTRY: Final = {
    "id": "ent_0Ue8xRf3vX6nJ1yQkBd8s",
    "kind": "adjustment",
    "currency": "ZAR",
    "amount": -500,
    "balance_after": 1500,
    "caused_by": {
        "request_id": "req_0Ue8xRf3uA5mH2zWjCg7t",
        "idempotency_key": "8f14e45f-ceea-467f-a8f5-7a5d3c2b1e90",
    },
    "created_at": "2026-01-05T08:30:00Z",
    "reason": "Late fee waived",
}

IDEMPOTENCY_KEY: Final = {
    "key": "8f14e45f-ceea-467f-a8f5-7a5d3c2b1e90",
    "state": "completed",
    "status": 201,
    "method": "POST",
    "path": "/billing/accounts",
    "request_id": "req_0Ue8xPq2dK7mN4vRtYw3z",
    "created_at": "2026-01-05T08:30:00Z",
    "expires_at": "2026-01-06T08:30:00Z",
    "object_id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
}

REQUESTS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "create_customer": {
        "a customer": {
            "external_reference": "CUST-1042",
            "name": "Jane Doe",
            "email": "jane@example.com",
            "phone": "+27821234567",
            "currency": "ZAR",
            "balance": 2000,
        },
    },
    "update_customer": {"balance refresh": {"balance": 10000}, "no e-mail any more": {"email": None}},
    "create_account": {
        "existing customer": {
            "customer": "CUST-1042",
            "external_reference": "UAR1234567890",
            "name": "Fibre, Long Street 12",
            "currency": "ZAR",
            "balance": 2000,
            "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
        },
        "new customer": {
            "customer": {"external_reference": "CUST-1043", "name": "John Doe", "email": "john@example.com"},
            "external_reference": "UAR1234567891",
        },
    },
    "update_account": {
        "balance refresh": {"balance": 10000},
        "metadata": {"metadata": {"billing_cycle": "yearly", "account_type": None}},
    },
    "create_bill": {
        "for an account": {
            "account": "UAR1234567890",
            "external_reference": "INV-2026-001",
            "currency": "ZAR",
            "amount_due": 150000,
            "due_date": "2999-01-31",
        },
        "customer, account and bill": {
            "account": {
                "customer": {"external_reference": "CUST-1044", "name": "Ann Other"},
                "external_reference": "UAR1234567892",
            },
            "external_reference": "INV-2026-002",
            "currency": "ZAR",
            "amount_due": 150000,
        },
    },
    "update_bill": {"part payment": {"amount_paid": 50000}},
    "adjust": {"waive a fee": {"amount": -500, "reason": "Late fee waived"}},
}


def page_of(example: Mapping[str, Any]) -> dict[str, Any]:
    """A page with one object, and another to come."""
    return {"data": [example], "has_more": True, "next_cursor": "tJmXn0s1Rk9sYmFjY18wVWU4eFBxMmRLN21ONHZSdFl3M3o"}
