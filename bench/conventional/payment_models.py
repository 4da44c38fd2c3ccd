"""The tables that payments need beside those of accounts, mapped onto classes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bench.conventional.models import Base


class Bill(Base):
    """What is to be paid by a date. Amounts are minor units of `currency`."""

    __tablename__ = "bills"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    external_reference: Mapped[str]
    customer_id: Mapped[str]
    account_id: Mapped[str | None]
    currency: Mapped[str]
    amount_due: Mapped[int]
    amount_paid: Mapped[int]
    status: Mapped[str]
    bill_on: Mapped[date]
    due_on: Mapped[date | None]
    payment_rules: Mapped[dict[str, Any] | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    created_at: Mapped[datetime]


class Payment(Base):
    """Money that came in; `amount` is the sum of its applications."""

    __tablename__ = "payments"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    external_reference: Mapped[str]
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


class PaymentApplication(Base):
    """What of a payment was applied to one bill or balance."""

    __tablename__ = "payment_applications"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "payment_id"], ["payments.tenant_id", "payments.id"]),)

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    id: Mapped[str]
    owner_id: Mapped[str]
    amount: Mapped[int]
