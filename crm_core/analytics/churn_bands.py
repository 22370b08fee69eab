"""Bands of the chance to leave, the same on the page, in rules and in saved segments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.ranking import Floats
from crm_core.translation import N_

BANDS = {"high": 0.5, "medium": 0.25, "low": 0.0}
"""Each band and the chance it starts from; it ends where the one above it starts."""

BAND_NAMES = {
    "high": N_("High (from 50%)"),
    "medium": N_("Medium (25 to 50%)"),
    "low": N_("Low (below 25%)"),
}


def in_band(chance: Floats, band: str) -> NDArray[np.bool_]:
    """Whether each chance lies in the band, shape (customers,)."""
    start = BANDS[band]
    end = min((other for other in BANDS.values() if other > start), default=np.inf)
    inside: NDArray[np.bool_] = (chance >= start) & (chance < end)
    return inside
