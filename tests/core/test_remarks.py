"""What a manager hears first: missed targets, then unusual values, then what turned worse; chance is no news."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from crm_core.analytics.kpis import Kpi, relative_change
from crm_core.analytics.periods import Period
from crm_core.analytics.remarks import Remark, remarks_of, verdicts
from crm_core.analytics.standings import standing
from crm_core.analytics.unusual import Verdict, needed


def figure(metric: str, value: Any, previous: Any, n: int = 100) -> Kpi:
    return Kpi(metric, value, previous, relative_change(value, previous), n)


FIGURES = {
    "orders": figure("orders", 400, 500),
    "net_sales": figure("net_sales", Decimal(90), Decimal(100)),
    "csat": figure("csat", 0.8, 0.81),
    "backlog": figure("backlog", 300, 200),
    "win_rate": figure("win_rate", 0.5, 0.4),
}
ODD = {"csat": Verdict(0.8, 0.9, 0.85, 0.95, 0.01, 30, True)}


def test_targets_come_before_what_is_unusual_and_that_before_what_turned_worse_and_good_news_last() -> None:
    held = {"net_sales": standing(FIGURES["net_sales"], Decimal(100), 1.0)}
    found = remarks_of(list(FIGURES), FIGURES, held, ODD)  # type: ignore[arg-type]
    assert [(remark.metric, remark.kind) for remark in found] == [
        ("net_sales", "target"), ("csat", "unusual"), ("backlog", "worse"), ("orders", "worse"), ("win_rate", "better"),
    ]  # fmt: skip
    assert [remark.is_good for remark in found] == [False] * 4 + [True]
    assert [remark.area for remark in found] == ["sales", "service", "service", "sales", "pipeline"]


def test_the_larger_gap_comes_first_and_a_target_that_is_met_is_no_remark() -> None:
    held = {
        "orders": standing(FIGURES["orders"], Decimal(420), 1.0),
        "csat": standing(FIGURES["csat"], Decimal("0.99"), 1.0),
        "win_rate": standing(FIGURES["win_rate"], Decimal("0.5"), 1.0),
    }
    found = remarks_of(["orders", "csat"], FIGURES, held, {})  # type: ignore[arg-type]
    assert [remark.metric for remark in found] == ["csat", "orders"]
    assert remarks_of(["win_rate"], FIGURES, held, {})[0].kind == "better"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metric", "value", "previous", "n", "is_said"),
    [
        ("backlog", 9, 3, 9, False),  # nine for three happens by chance
        ("backlog", 90, 30, 90, True),
        ("backlog", 104, 100, 104, False),
        ("csat", 0.5, 0.9, 29, False),
        ("csat", 0.5, 0.9, 30, True),
        ("csat", 0.88, 0.9, 30, False),  # less than a twentieth
        ("csat", None, 0.9, 0, False),
        ("guest_share", 0.9, 0.1, 99, False),  # neither way is better
    ],
)
def test_what_chance_explains_is_not_said(metric: str, value: Any, previous: Any, n: int, is_said: bool) -> None:
    found: list[Remark] = remarks_of([metric], {metric: figure(metric, value, previous, n)}, {}, {})
    assert bool(found) == is_said


def test_only_a_period_that_is_over_is_called_unusual_and_by_what_came_before_it() -> None:
    months = pd.period_range("2021-01", periods=needed("month") + 2, freq="M")
    values = [100 + (7 * at) % 5 for at in range(len(months))]
    values[-3] = 500
    course = pd.DataFrame(
        {
            "start": [month.start_time.date() for month in months],
            "end": [(month + 1).start_time.date() for month in months],
            "is_complete": [True] * (len(months) - 1) + [False],
            "is_known": True,
            "orders": [float(value) for value in values],
        }
    )

    def odd(at: int) -> set[str]:
        period = Period(course["start"].iloc[at], course["end"].iloc[at])
        return set(verdicts({"sales": course}, "month", period))

    assert odd(-3) == {"orders"}
    assert odd(-2) == set()
    assert odd(-1) == set()  # not over
    changed = course.assign(orders=[*values[:-2], 9.0, 9.0])
    assert verdicts({"sales": changed}, "month", Period(date(2023, 8, 1), date(2023, 9, 1))) == verdicts(
        {"sales": course}, "month", Period(date(2023, 8, 1), date(2023, 9, 1))
    )
    assert verdicts({"sales": course}, "year", Period(date(2023, 1, 1), date(2024, 1, 1))) == {}
