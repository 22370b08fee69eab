"""Customers and the terms they are found by."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Tracked, now
from crm_core.db.types import BigId, Instant, binary_string


class Customer(Tracked, Base):
    """One row per customer, a person or an organisation."""

    __tablename__ = "customers"
    __table_args__ = (
        Index(None, "sort_name", "id"),
        Index(None, "created_at", "id"),
        Index(None, "country", "sort_name", "id"),
        Index(None, "owner_id", "sort_name", "id"),
        Index(None, "source", "sort_name", "id"),
        Index(None, "kind", "sort_name", "id"),
        Index(None, "has_marketing_consent", "sort_name", "id"),
        Index(None, "email"),
        Index(None, "phone"),
        Base.__table_args__,
    )

    ref: Mapped[str] = mapped_column(binary_string(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16), default="person")  # person, organisation
    name: Mapped[str] = mapped_column(String(200))
    sort_name: Mapped[str] = mapped_column(binary_string(200))  # name, casefolded and without accents
    email: Mapped[str | None] = mapped_column(String(254), default=None)
    phone: Mapped[str | None] = mapped_column(String(32), default=None)  # E.164
    country: Mapped[str | None] = mapped_column(String(2), default=None)  # ISO 3166-1 alpha-2
    region: Mapped[str | None] = mapped_column(String(100), default=None)
    city: Mapped[str | None] = mapped_column(String(100), default=None)
    address: Mapped[str | None] = mapped_column(String(300), default=None)
    postcode: Mapped[str | None] = mapped_column(String(20), default=None)
    birthday_on: Mapped[date | None] = mapped_column(default=None)
    language: Mapped[str | None] = mapped_column(String(16), default=None)
    source: Mapped[str | None] = mapped_column(String(64), default=None)
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    has_marketing_consent: Mapped[bool | None] = mapped_column(default=None)  # None: never asked
    tags: Mapped[list[str]] = mapped_column(default=list)
    notes: Mapped[str | None] = mapped_column(Text, default=None)
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class CustomerTerm(Base):
    """One row per word a customer is found by; kept in step by records.search, never edited."""

    __tablename__ = "customer_terms"
    __table_args__ = (
        Index(None, "customer_id", "term"),
        {**Base.__table_args__, "sqlite_autoincrement": False, "sqlite_with_rowid": False},
    )

    term: Mapped[str] = mapped_column(binary_string(64), primary_key=True)
    customer_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
