"""What the tests of charts share: small frames to draw."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from crm_core.formats import Formats
from crm_core.translation import translator

EN: dict[str, Any] = {"_": translator("en"), "formats": Formats("en", "GBP", "Europe/London")}


BRIDGE = pd.DataFrame(
    {
        "component": ["new", "expansion", "dormant", "guests"],
        "amount": [Decimal("300"), Decimal("50.5"), Decimal("-120"), Decimal("0")],
        "customers": [3, 1, 2, 0],
    }
)


GRID = pd.DataFrame({"r": [5, 1], "f": [5, 2], "customers": [40, 1], "sales": [Decimal("12.5"), Decimal("3")]})


SEGMENTS = pd.DataFrame(
    {
        "segment": [1, 2],
        "name": ["Champions", "<b>Odd</b> & co"],
        "customers": [30, 10],
        "share": [0.75, 0.25],
        "centre_recency_days": [10.0, 90.0],
        "centre_frequency": [4.0, 0.0],
        "centre_monetary": [100.0, 500.0],
    }
)


POINTS = pd.DataFrame({"x": [0.0, 1.0, 5.0], "y": [0.0, 1.0, 5.0], "segment": [1, 1, 2]})


CANDIDATES = pd.DataFrame({"k": [2, 3], "silhouette": [0.3, -0.1], "ari_p10": [0.9, float("nan")]})


TRACKING = pd.DataFrame(
    {"day": [date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 15)], "actual": [0, 4, 9], "predicted": [0.0, 5.2, 8.4]}
)


BY_FREQUENCY = pd.DataFrame(
    {
        "frequency": [0, 7],
        "customers": [20, 1],
        "actual": [0.4, 3.0],
        "predicted": [0.5, 2.5],
        "baseline": [0.0, 4.0],
    }
)


RULES = pd.DataFrame(
    {
        "antecedents": ["茶", "<杯> & 4", "茶"],
        "consequents": ["壶", "茶", "杯 + 壶"],
        "support": [0.02, 0.01, 0.01],
        "confidence": [0.8, 0.5, 0.3],
        "lift": [12.5, 1.4, 0.8],
        "count": [40, 1, 20],
        "n_items": [2, 2, 3],
        "holds": [True, False, False],
    }
)

SURVIVAL = pd.DataFrame(
    {
        "time": [6.0, 7.0, 23.0],
        "at_risk": [21, 17, 3],
        "ended": [3, 1, 3],
        "survival": [0.857, 0.807, 0.0],
        "low": [0.62, 0.563, float("nan")],
        "high": [0.952, 0.923, float("nan")],
    }
)
"""The last of the contracts ends, so nothing is left to have an interval."""

CALIBRATION = pd.DataFrame(
    {"predicted": [0.1, 0.6], "observed": [0.12, 0.5], "low": [0.08, 0.44], "high": [0.17, 0.56], "n": [300, 300]}
)

OUTLOOK = pd.DataFrame(
    {
        "start": [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)],
        "end": [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)],
        "won": [Decimal("1200.50"), Decimal(300), Decimal(0)],
        "won_deals": [2, 1, 0],
        "weighted": [Decimal(0), Decimal(450), Decimal("80.25")],
        "open_deals": [0, 3, 1],
    }
)
