"""Cohorts, cells and means as the frames of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

import numpy as np
import pandas as pd

from crm_core.analytics.cohort_followed import Criterion, Entry, Followed
from crm_core.analytics.cohort_grid import CohortGrid
from crm_core.analytics.proportions import wilson
from crm_core.db.types import from_e4

Mean = Literal["weighted", "simple"]

_SMALLEST = Decimal("0.0001")


def cohorts_of(grid: CohortGrid, sizes: Sequence[int]) -> pd.DataFrame:
    """One row a cohort, in order: start, end, is_complete, size."""
    return pd.DataFrame(
        {
            "start": pd.Series([unit.start for unit in grid.units], dtype=object),
            "end": pd.Series([unit.end for unit in grid.units], dtype=object),
            "is_complete": pd.Series(
                [unit.is_whole and unit.end <= grid.known_until for unit in grid.units], dtype="bool"
            ),
            "size": pd.Series(sizes, dtype="int64"),
        }
    )


def cells_of(grid: CohortGrid, groups: Iterable[Followed], criterion: Criterion) -> tuple[pd.DataFrame, list[int]]:
    """One row a cohort and window that has begun, and the size of each cohort; columns: see `CohortReport`."""
    parts, sizes = [], []
    for group in groups:
        windows, size = grid.windows_begun(group.cohort), len(group.members)
        sizes.append(size)
        parts.append(
            pd.DataFrame(
                {
                    "cohort": pd.Series([grid.units[group.cohort].start] * windows, dtype=object),
                    "offset": np.arange(windows, dtype="int64"),
                    "size": np.full(windows, size, dtype="int64"),
                    "retained": group.counts(windows, criterion).astype("int64"),
                    "net_e4": group.net_sales_e4(windows),
                    "is_complete": [grid.is_complete(group.cohort, offset) for offset in range(windows)],
                }
            )
        )
    cells = pd.concat(parts, ignore_index=True) if parts else _no_cells()
    cells["rate"] = cells["retained"] / cells["size"]  # 0 ÷ 0 is NaN: an empty cohort has no rate
    low, high = wilson(cells["retained"], cells["size"])
    is_entry = (cells["offset"] == 0) & (cells["size"] > 0)
    cells["low"], cells["high"] = np.where(is_entry, 1.0, low), np.where(is_entry, 1.0, high)
    nets = [int(net) for net in cells["net_e4"]]
    cells["net_sales"] = pd.Series([from_e4(net) for net in nets], dtype=object)
    cells["value"] = pd.Series(
        [per_customer(net, int(size)) for net, size in zip(nets, cells["size"], strict=True)], dtype=object
    )
    order = ["cohort", "offset", "retained", "rate", "low", "high", "net_sales", "value", "is_complete"]
    return cells[order], sizes


def means_of(cells: pd.DataFrame, sizes: pd.DataFrame, entry: Entry, mean: Mean) -> pd.DataFrame:
    """One row an offset over the complete cells of cohorts that are not empty; columns: see `CohortReport`.

    `sizes` are `cohorts_of`.
    """
    sized = cells.merge(sizes[["start", "size"]], left_on="cohort", right_on="start", how="left")
    counted = sized[sized["is_complete"] & (sized["size"] > 0)]
    rows = [_mean(int(str(offset)), group, entry, mean) for offset, group in counted.groupby("offset")]
    frame = pd.DataFrame(rows, columns=list(_MEANS))
    return frame.astype({name: kind for name, kind in _MEANS.items() if kind != "object"}).assign(
        value=pd.Series(frame["value"], dtype=object)
    )


_MEANS = {
    "offset": "int64", "cohorts": "int64", "size": "int64", "retained": "int64", "rate": "float64", "low": "float64",
    "high": "float64", "value": "object",
}  # fmt: skip


def _mean(offset: int, cells: pd.DataFrame, entry: Entry, mean: Mean) -> dict[str, object]:
    size, retained = int(cells["size"].sum()), int(cells["retained"].sum())
    low = high = float("nan")
    if offset == 0:
        low = high = 1.0
    elif mean == "weighted" and entry == "first":
        lows, highs = wilson([retained], [size])
        low, high = float(lows[0]), float(highs[0])
    if mean == "weighted":
        rate = retained / size
        value = (sum(cells["net_sales"], Decimal(0)) / size).quantize(_SMALLEST, ROUND_HALF_EVEN)
    else:
        rate = float(cells["rate"].mean())
        exact = [net / int(n) for net, n in zip(cells["net_sales"], cells["size"], strict=True)]
        value = (sum(exact, Decimal(0)) / len(exact)).quantize(_SMALLEST, ROUND_HALF_EVEN)
    return {
        "offset": offset, "cohorts": len(cells), "size": size, "retained": retained, "rate": rate, "low": low,
        "high": high, "value": value,
    }  # fmt: skip


def per_customer(net_e4: int, customers: int) -> Decimal | None:
    """Net sales for each of the customers, rounded half to even to a ten-thousandth; None without customers."""
    return (from_e4(net_e4) / customers).quantize(_SMALLEST, ROUND_HALF_EVEN) if customers else None


def _no_cells() -> pd.DataFrame:
    whole = pd.Series([], dtype="int64")
    return pd.DataFrame(
        {
            "cohort": pd.Series([], dtype=object),
            "offset": whole,
            "size": whole,
            "retained": whole,
            "net_e4": whole,
            "is_complete": pd.Series([], dtype="bool"),
        }
    )
