"""People who sign in, their sessions and their unsaved forms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.access import Role
from crm_core.db.base import Base, Keyed, now
from crm_core.db.types import BigId, Instant, binary_string


class User(Keyed, Base):
    """One row per account."""

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(binary_string(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16), default=Role.STAFF.value)
    password_hash: Mapped[str | None] = mapped_column(String(200), default=None)  # argon2id; None: cannot sign in yet
    sees_only_own: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(16), default="en")
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    version: Mapped[int] = mapped_column(default=1)


class UserSession(Keyed, Base):
    """One row per signed-in browser; the cookie holds the secret, this row only its SHA-256.

    A one-time link (first admin, invitation) is a row too, with purpose 'link'.
    """

    __tablename__ = "user_sessions"
    __table_args__ = (Index(None, "user_id"), Base.__table_args__)

    token_hash: Mapped[str] = mapped_column(binary_string(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), default=None)
    purpose: Mapped[str] = mapped_column(String(16), default="session")  # session, link
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    seen_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    browser: Mapped[str | None] = mapped_column(String(200), default=None)


class SignInAttempt(Keyed, Base):
    """One row per failed sign-in, kept as long as throttling looks back."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index(None, "email_hash", "at"), Index(None, "address", "at"), Base.__table_args__)

    email_hash: Mapped[str] = mapped_column(binary_string(64))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant, default=now)


class Draft(Keyed, Base):
    """One row per form a user has typed into and not saved."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("user_id", "form"), Base.__table_args__)

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    form: Mapped[str] = mapped_column(binary_string(100))  # such as customer:17 or customer:new
    seen_version: Mapped[int | None] = mapped_column(default=None)
    values: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now)
