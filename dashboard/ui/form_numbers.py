"""Numbers in a form: what a field holds, as digits one types, and back.

What cannot be read stays text, so that nothing typed is lost; the service then says what is expected.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

KINDS = frozenset({"whole", "percent", "amount"})
"""A whole number; a share kept in hundredths of a percent; an amount of money kept as decimal text."""

_BP_PER_PERCENT = 100


def shown(kind: str, value: Any) -> str:
    """The digits for a value of that kind; text as it is."""
    if value is None or isinstance(value, str):
        return value or ""
    number = Decimal(value) / _BP_PER_PERCENT if kind == "percent" else Decimal(value)
    return format(number.normalize() if number else Decimal(0), "f")


def read(kind: str, text: Any) -> Any:
    """The value that digits stand for; the text itself where they do not."""
    bare = str(text or "").strip().removesuffix("%").strip().replace(",", ".")
    try:
        number = Decimal(bare)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    if kind == "amount":
        return format(number.normalize() if number else Decimal(0), "f")
    scaled = number * _BP_PER_PERCENT if kind == "percent" else number
    return int(scaled) if scaled == scaled.to_integral_value() else text
