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

PAYMENT: Final = {
    "id": "pay_0Ue8xSg4wY7pK2zRlCe9u",
    "external_reference": "EFT-88213",
    "amount": 50000,
    "currency": "ZAR",
    "status": "applied",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "applications": [
        {"id": "ob_0Ue8xSg4xZ8qL3aSmDf0v", "amount": 50000, "bill_id": "bill_0Ue8xQb7sT2kL9wMpZc5h"},
    ],
    "paid_at": "2026-01-20T09:15:00Z",
    "bill_id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
    "account_id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
    "method": "eft",
}

REVERSAL: Final = {
    "reason": "bounced",
    "reversed_at": "2026-01-22T10:00:00Z",
    "note": "Returned by the bank: account closed",
}

PAYMENT_PREVIEW: Final = {
    "preview": True,
    "amount": 50000,
    "currency": "ZAR",
    "applications": [
        {
            "amount": 50000,
            "outstanding": 150000,
            "outstanding_after": 100000,
            "bill_id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
        },
    ],
}

PAYABLE: Final = {
    "id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
    "external_reference": "INV-2026-001",
    "payable": True,
    "outstanding": 150000,
    "currency": "ZAR",
    "min_amount": 100,
    "max_amount": 150000,
    "name": "J*** D***",
}

DAILY_TOTALS: Final = {
    "day": "2026-01-20",
    "totals": [
        {
            "currency": "ZAR",
            "payments": 2,
            "payments_amount": 80000,
            "reversals": 1,
            "reversals_amount": 50000,
            "net_amount": 30000,
        },
    ],
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


TEST_CLOCK: Final = {"now": "2026-02-05T08:30:00Z", "offset_seconds": 2678400}


def page_of(example: Mapping[str, Any]) -> dict[str, Any]:
    """A page with one object, and another to come."""
    return {"data": [example], "has_more": True, "next_cursor": "tJmXn0s1Rk9sYmFjY18wVWU4eFBxMmRLN21ONHZSdFl3M3o"}
