"""Reports and records as plain JSON."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pandas as pd


def as_json(value: Any) -> Any:
    """Plain JSON: frames as lists of rows, money as decimal strings, what is missing as null."""
    if isinstance(value, pd.DataFrame):
        return [{str(name): as_json(cell) for name, cell in row.items()} for row in value.to_dict("records")]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(as_json(key)): as_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    if isinstance(value, Enum):
        return as_json(value.value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if hasattr(value, "item"):  # a NumPy scalar
        return as_json(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
