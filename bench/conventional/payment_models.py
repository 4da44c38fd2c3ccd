"""The tables that payments need beside those of accounts, mapped onto classes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bench.conventional.tenants import OfTenant, reference


class Bill(OfTenant):
    """What is to be paid by a date. Amounts are minor units of `currency`."""

    __tablename__ = "bills"

    id: Mapped[str] = mapped_column(primary_key=True)
    external_reference: Mapped[str]
    customer_id: Mapped[str]
    account_id: Mapped[str | None]
    currency: Mapped[str]
    amount_due: Mapped[int]
    amount_paid: Mapped[int]
    amount_applied: Mapped[int]
    status: Mapped[str]
    bill_on: Mapped[date]
    due_on: Mapped[date | None]
    payment_rules: Mapped[dict[str, Any] | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    created_at: Mapped[datetime]


class Payment(OfTenant):
    """Money that came in; `amount` is the sum of its applications."""

    __tablename__ = "payments"

    id: Mapped[str] = mapped_column(primary_key=True)
    external_reference: Mapped[str]
    reference_folded: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    customer_id: Mapped[str]
    account_id: Mapped[str | None]
    bill_id: Mapped[str | None]
    method: Mapped[str | None]
    paid_at: Mapped[datetime]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    created_at: Mapped[datetime]
    applications: Mapped[list["PaymentApplication"]] = relationship(lazy="raise")


class PaymentApplication(OfTenant):
    """What of a payment was applied to one bill or balance."""

    __tablename__ = "payment_applications"
    __table_args__ = (reference("payment_id", "payments"),)

    payment_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    id: Mapped[str]
    owner_id: Mapped[str]
    amount: Mapped[int]


class PaymentLink(OfTenant):
    """What a payment is listed under, where its own columns do not say so."""

    __tablename__ = "payment_links"
    __table_args__ = (reference("payment_id", "payments"),)

    owner_id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(primary_key=True)
