"""Column types that keep money exact and instants in UTC, the same on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, String, Text
from sqlalchemy.dialects.mysql import MEDIUMTEXT
from sqlalchemy.types import TypeDecorator, TypeEngine

MONEY_SCALE = 4
"""Money is kept as whole ten-thousandths of the workspace currency, so a tenth of a penny is exact."""

_MONEY_FACTOR = 10**MONEY_SCALE
_KEYS = 2**63
_NO_KEY = -(2**63)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_e4(amount: Decimal) -> int:
    """An amount as whole ten-thousandths; raises ValueError where that would lose a digit."""
    scaled = amount * _MONEY_FACTOR
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{amount} has more than {MONEY_SCALE} decimal places")
    return whole


def from_e4(units: int) -> Decimal:
    """Whole ten-thousandths as an amount."""
    return Decimal(units).scaleb(-MONEY_SCALE)


def to_micros(instant: datetime) -> int:
    """An instant as microseconds since 1970 UTC; raises ValueError for a time without zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Microseconds since 1970 UTC as an instant in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


class Money(TypeDecorator[Decimal]):
    """Decimal outside, whole ten-thousandths inside. Columns are named `*_e4`."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else to_e4(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else from_e4(value)


class Instant(TypeDecorator[datetime]):
    """An aware datetime outside, microseconds since 1970 UTC inside."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else from_micros(value)


class BigId(TypeDecorator[int]):
    """A 64-bit key; SQLite only counts up by itself on INTEGER, which is 64 bits there.

    A number with more bits, as an address someone typed may hold, is the key of nothing and no error of the driver's.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return _NO_KEY if value is not None and not -_KEYS <= value < _KEYS else value


LongText = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")
"""Text of any length; MariaDB's own TEXT ends at 64 KiB."""


def binary_string(length: int) -> String:
    """Text compared code point by code point in every database: codes, keys, search terms, sort keys.

    SQLite does so anyway and MariaDB by the tables' collation; PostgreSQL needs to be told.
    """
    return String(length).with_variant(String(length, collation="C"), "postgresql")
