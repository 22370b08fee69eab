"""Figures as a table to take away: one row a metric, numbers as the cards hold them before they are rounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crm_core.analytics.definitions import AREA_OF, DEFINITIONS
from crm_core.analytics.figures import Figures
from crm_core.analytics.standings import Standing

COLUMNS = ("area", "id", "name", "unit", "value", "previous", "change", "n", "target", "status", "formula")


def figures_table(found: Figures, held: Mapping[str, Standing]) -> pd.DataFrame:
    """The columns of COLUMNS, in the order of the registry. Area, name and formula are messages; `value` and `previous`
    are exact and of the metric's unit (a share of 1, hours, days), None where there is no data; `target` and `status`
    are None where there is no target of this period."""
    rows: list[dict[str, Any]] = []
    for name, figure in found.metrics.items():
        metric, standing = DEFINITIONS[name], held.get(name)
        rows.append(
            {
                "area": AREA_OF[name],
                "id": name,
                "name": metric.name,
                "unit": metric.unit,
                "value": figure.value,
                "previous": figure.previous,
                "change": figure.change,
                "n": figure.n,
                "target": None if standing is None else standing.target,
                "status": None if standing is None else standing.status,
                "formula": metric.formula,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)
