"""Tables as CSV that any spreadsheet opens rightly and runs nothing of."""

from __future__ import annotations

import csv

import pandas as pd

from crm_core.spreadsheet import safe_cell

__all__ = ["csv_bytes", "safe_cell"]


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as CSV, without its index, in UTF-8 with the mark Excel knows it by; no cell runs as a formula.

    Every text is quoted, so that no separator in it ends its cell.
    """
    safe = frame.rename(columns=safe_cell)
    for at in range(frame.shape[1]):
        values = frame.iloc[:, at]
        if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)):
            safe.isetitem(at, list(values.astype(object).map(safe_cell, na_action="ignore")))
    return safe.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC).encode("utf-8-sig")
