"""Frames of a few literal rows, as the reports on cohorts hold them, for tests of charts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd

STARTS = [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)]
COHORTS = pd.DataFrame({"start": STARTS, "end": [*STARTS[1:], date(2026, 2, 1)], "size": [40, 50, 30]})
CELLS = pd.DataFrame(
    {
        "cohort": [STARTS[0]] * 3 + [STARTS[1]] * 2 + [STARTS[2]],
        "offset": [0, 1, 2, 0, 1, 0],
        "retained": [40, 10, 4, 50, 20, 30],
        "rate": [1.0, 0.25, 0.1, 1.0, 0.4, 1.0],
        "low": [1.0, 0.14, 0.04, 1.0, 0.28, 1.0],
        "high": [1.0, 0.4, 0.23, 1.0, 0.54, 1.0],
        "value": [Decimal(10), Decimal(15), Decimal(17), Decimal(20), Decimal(30), Decimal(12)],
        "is_complete": [True, True, False, True, False, False],
    }
)
COHORT_MEANS = pd.DataFrame(
    {
        "offset": [0, 1], "cohorts": [3, 1], "rate": [1.0, 0.25], "low": [1.0, 0.14], "high": [1.0, 0.4],
        "value": [Decimal(15), Decimal(15)],
    }
)  # fmt: skip
COURSE = COHORTS[["start", "end"]].assign(
    is_complete=[True, True, False], new=[5, 4, 3], returning=[0, 4, 2], resurrected=[0, 1, 0], dormant=[0, 2, 9]
)
GAPS = pd.DataFrame({"from_days": [0, 7, 14], "to_days": [7, 14, None], "gaps": [9, 4, 2]}, dtype=object)
