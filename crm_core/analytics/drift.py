"""How far a population has moved from the one a model was fitted on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MODERATE, LARGE = 0.1, 0.25
"""What is usually called a moderate and a large shift (Siddiqi 2006, Credit Risk Scorecards)."""

_BINS = 10


def stability_index(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """The population stability index, Σ (q − p) ln(q ÷ p) over tenths of `before` and the missing values.

    0 where both are distributed alike. Half a case is added to each bin, so that an empty one does not make it
    infinite. Values that repeat make fewer bins.
    """
    if not len(before) or not len(now):
        return 0.0
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if known.size else np.empty(0)
    shares = [_shares(values, edges) for values in (before, now)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    place = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    counts = np.bincount(place, minlength=len(edges) + 2) + 0.5
    return counts / counts.sum()  # type: ignore[no-any-return]


def drift(before: pd.DataFrame, now: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The stability index of each named column, largest first: feature, psi."""
    values = [stability_index(before[name].to_numpy(np.float64), now[name].to_numpy(np.float64)) for name in names]
    found = pd.DataFrame({"feature": pd.Series(names, dtype="str"), "psi": values})
    return found.sort_values("psi", ascending=False, kind="stable", ignore_index=True)
