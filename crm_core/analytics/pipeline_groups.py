"""Where deals are won: closed deals by owner, product, source and size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.deal_book import DealBook, Flags
from crm_core.analytics.deal_values import sum_e4
from crm_core.analytics.deal_window import DealWindow
from crm_core.analytics.proportions import wilson
from crm_core.db.types import from_e4
from crm_core.translation import N_

DIMENSIONS = {"owner": N_("Owner"), "product": N_("Product"), "source": N_("Source"), "size": N_("Size")}

SIZES = (0, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Where the size classes begin. Fixed, so that a deal's class does not change when others close."""

COLUMNS: Mapping[str, Any] = {
    "dimension": object, "key": object, "name": object, "closed": "int64", "won": "int64", "lost": "int64",
    "won_value": object, "unpriced": "int64",
}  # fmt: skip


def group_table(window: DealWindow, products: Mapping[int, str]) -> pd.DataFrame:
    """One row a group; see `pipeline.PipelineReport.groups`."""
    rows = []
    for dimension in DIMENSIONS:
        for key, chosen in _groups(window, dimension):
            won = chosen & window.won
            rows.append(
                {
                    "dimension": dimension,
                    "key": key,
                    "name": products.get(int(key)) if dimension == "product" and key else None,
                    "closed": int(chosen.sum()),
                    "won": int(won.sum()),
                    "lost": int((chosen & window.lost).sum()),
                    "won_value": None if _is_unknown(window.book, won) else from_e4(sum_e4(window.book, won)),
                    "unpriced": int((chosen & ~window.book.is_priced).sum()),
                }
            )
    table = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in COLUMNS.items()})
    won, closed = (table[name].to_numpy(dtype="float64") for name in ("won", "closed"))
    low, high = wilson(won, closed)
    return table.assign(rate=won / np.maximum(closed, 1), low=low, high=high)


def in_group(book: DealBook, dimension: str, key: str | None) -> Flags:
    """The deals of that group, whatever became of them."""
    return np.asarray(_keys(book, dimension) == key, dtype=np.bool_)


def _groups(window: DealWindow, dimension: str) -> Iterator[tuple[str | None, Flags]]:
    """Each group of closed deals; sizes from small to large, others with most deals first; those without one last."""
    keys = _keys(window.book, dimension)
    present, counts = _counted(keys[window.closed])
    order = sorted(range(len(present)), key=lambda i: _place(dimension, present[i], counts[i]))
    for i in order:
        yield present[i], np.asarray(window.closed & (keys == present[i]), dtype=np.bool_)


def _counted(keys: NDArray[np.object_]) -> tuple[list[str | None], list[int]]:
    found: dict[str | None, int] = {}
    for key in keys:
        found[key] = found.get(key, 0) + 1
    return list(found), list(found.values())


def _place(dimension: str, key: str | None, count: int) -> tuple[bool, int, str]:
    return key is None, int(key or 0) if dimension == "size" else -count, key or ""


def _keys(book: DealBook, dimension: str) -> NDArray[np.object_]:
    found = np.full(len(book), None, dtype=object)
    if dimension == "size":
        classes = np.searchsorted(np.array(SIZES) * 10_000, book.amount_e4, side="right") - 1
        found[book.is_priced] = [str(SIZES[number]) for number in classes[book.is_priced]]
        return found
    column = {"owner": book.owner_id, "product": book.product_id, "source": book.source}[dimension]
    found[:] = [None if value is None or value == "" else str(value) for value in column]
    return found


def _is_unknown(book: DealBook, won: Flags) -> bool:
    return bool(won.any()) and not bool((won & book.is_priced).any())
