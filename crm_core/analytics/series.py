"""The course of metrics over a period: one row per day, week or month."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pandas as pd

from crm_core.analytics.measures import Measures
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.periods import Bucket

SERIES_METRICS = (
    "gross_sales", "refunds", "discounts", "net_sales", "orders", "aov", "active_customers", "new_customers",
    "guest_share",
)  # fmt: skip
"""The metrics that have a course; each has its definition of `metrics.METRICS` within the day, week or month."""


def series_of(
    units: Sequence[Bucket], sums: pd.DataFrame, gained: Mapping[date, int], complete_until: date | None
) -> pd.DataFrame:
    """The course over these days, weeks or months: start, end, is_complete, n, and a column per metric of
    SERIES_METRICS, in time order.

    `sums` are `measures.unit_sums`; `gained` holds how many customers had their first ever sale on a day;
    `complete_until` is the day before which the records are whole. A unit without any order line has None for every
    metric.
    """
    rows = [
        _row(unit, counts, gained, complete_until) for unit, counts in zip(units, sums.to_dict("records"), strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["start", "end", "is_complete", "n", *SERIES_METRICS], dtype=object)
    return frame.astype({"is_complete": "bool", "n": "int64"})


def _row(
    unit: Bucket, sums: Mapping[Hashable, Any], gained: Mapping[date, int], complete_until: date | None
) -> dict[str, object]:
    days = (unit.start + timedelta(days=i) for i in range((unit.end - unit.start).days))
    counts = {field.name: int(sums.get(field.name, 0)) for field in fields(Measures)}
    measures = Measures(**counts | {"new": sum(int(gained.get(day, 0)) for day in days)})
    return {
        "start": unit.start,
        "end": unit.end,
        "is_complete": unit.is_whole and complete_until is not None and unit.end <= complete_until,
        "n": measures.sale_lines + measures.refund_lines,
        **{name: METRICS[name].value(measures) for name in SERIES_METRICS},
    }
