"""The tables of `schema.sql`, as far as accounts need them, mapped onto classes."""

from datetime import datetime
from typing import Any

from sqlalchemy import SmallInteger
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bench.conventional.tenants import Base, OfTenant, reference


class ApiKey(Base):
    """A key by its SHA-256."""

    __tablename__ = "api_keys"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    sha256: Mapped[bytes]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class DefaultPaymentRules(OfTenant):
    """What applies to an object without rules of its own."""

    __tablename__ = "default_payment_rules"

    kind: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    payment_rules: Mapped[dict[str, Any]]


class Customer(OfTenant):
    """Who owes. `balance` is in minor units of `currency`."""

    __tablename__ = "customers"

    id: Mapped[str] = mapped_column(primary_key=True)
    external_reference: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    reference_folded: Mapped[str]
    name_folded: Mapped[str | None]
    email_folded: Mapped[str | None]
    currency: Mapped[str | None]
    balance: Mapped[int | None]
    payment_rules: Mapped[dict[str, Any] | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    created_at: Mapped[datetime]


class Account(OfTenant):
    """What is owed for. `balance` is in minor units of `currency`."""

    __tablename__ = "accounts"
    __table_args__ = (reference("customer_id", "customers"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    external_reference: Mapped[str]
    customer_id: Mapped[str]
    name: Mapped[str | None]
    reference_folded: Mapped[str]
    name_folded: Mapped[str | None]
    currency: Mapped[str | None]
    balance: Mapped[int | None]
    payment_rules: Mapped[dict[str, Any] | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    created_at: Mapped[datetime]
    customer: Mapped[Customer] = relationship(lazy="raise")


class Entry(OfTenant):
    """One change of a balance; amounts are minor units."""

    __tablename__ = "entries"

    owner_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str]
    kind: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int]
    balance_after: Mapped[int]
    reason: Mapped[str | None]
    request_id: Mapped[str]
    idempotency_key: Mapped[str | None]
    payment_id: Mapped[str | None]
    created_at: Mapped[datetime]
    hash: Mapped[bytes]
    actor: Mapped[str | None]
    external_reference: Mapped[str | None]
    salt: Mapped[bytes | None]
    version: Mapped[int]
    digest: Mapped[bytes | None]


class MetadataPair(OfTenant):
    """A key and value of an object's metadata, for finding it by them."""

    __tablename__ = "metadata_pairs"

    pair: Mapped[bytes] = mapped_column(primary_key=True)
    object_id: Mapped[str] = mapped_column(primary_key=True)


class Event(OfTenant):
    """News of a change."""

    __tablename__ = "events"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    object_id: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    sequence: Mapped[int]
    actor: Mapped[str | None]


class IdempotencyKey(OfTenant):
    """The first answer given under a key."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    method: Mapped[str]
    path: Mapped[str]
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes]
    request_id: Mapped[str]
    object_id: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
