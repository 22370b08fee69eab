"""New, returning, resurrected and dormant customers, month by month and week by week."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import numpy as np
import pytest

from crm_core.analytics.kpis import KpiParams, kpis
from crm_core.analytics.lifecycle import STATUSES, LifecycleParams, lifecycle
from crm_core.analytics.periods import Period
from tests.core.tables import Line, Order, make_tables


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"])
@pytest.mark.parametrize(("unit", "n"), [("month", 5), ("week", 20)])
def test_each_month_and_week_of_the_lifecycle_is_its_metric(zone: str, unit: Literal["month", "week"], n: int) -> None:
    rng = np.random.default_rng(5)
    orders, lines = [], []
    for number in range(1, 140):
        day = date(2024, 1, 1) + timedelta(days=int(rng.integers(0, 140)))
        customer = int(rng.integers(1, 25)) if rng.random() < 0.9 else None
        orders.append(Order(number, f"{day} {rng.choice(['00:00', '02:30', '12:00', '23:59'])}", customer))
        lines.append(Line(number, "-3", "refund", -1) if rng.random() < 0.15 else Line(number, "3"))
    tables = make_tables(orders, lines, timezone=zone)
    course = lifecycle(tables, LifecycleParams(Period(date(2024, 1, 1), date(2024, 5, 20)), unit)).course
    assert len(course) == n
    for step in course.itertuples():
        metrics = kpis(tables, KpiParams(Period(step.start, step.end))).metrics
        for status in (*STATUSES, "active"):
            assert getattr(step, status) == metrics[f"{status}_customers"].value
