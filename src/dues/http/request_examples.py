"""The examples of what is sent: they go with those of what is answered, and can be sent one after another."""

from typing import Any, Final

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
    "create_payment": {
        "of a bill": {
            "bill": "INV-2026-001",
            "external_reference": "EFT-88213",
            "amount": 50000,
            "currency": "ZAR",
            "method": "eft",
            "paid_at": "2026-01-20T09:15:00Z",
        },
        "of an account's balance": {
            "account": "UAR1234567890",
            "external_reference": "EFT-88214",
            "amount": 1500,
            "currency": "ZAR",
        },
        "of bills by name, the rest for the balance": {
            "account": "UAR1234567890",
            "external_reference": "EFT-88215",
            "amount": 40500,
            "currency": "ZAR",
            "parts": [{"bill": "INV-2026-001", "amount": 40000}],
        },
        "the oldest bills first": {
            "customer": "CUST-1042",
            "external_reference": "EFT-88216",
            "amount": 10000,
            "currency": "ZAR",
            "allocation": "oldest_due_first",
        },
    },
    "reverse_payment": {
        "bounced": {"reason": "bounced", "note": "Returned by the bank: account closed"},
    },
    "advance_test_clock": {
        "a day": {"seconds": 86400},
        "to a time": {"to": "2034-01-31T12:00:00Z"},
    },
    "adjust": {"waive a fee": {"amount": -500, "reason": "Late fee waived"}},
}
