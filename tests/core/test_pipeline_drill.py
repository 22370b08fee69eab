"""The deals behind a number: all of them, no others; and the tables whose rows they are."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline import PipelineParams, PipelineReport, pipeline
from crm_core.analytics.pipeline_drill import COLUMNS, deals_behind
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.warehouse import Tables
from tests.core.deal_frames import STAGES, Deal, deal_tables, path
from tests.core.tables import instant
from tests.core.test_pipeline import DEALS

FEBRUARY = Period.parse("2024-02-01", "2024-03-01")
PARAMS = PipelineParams(FEBRUARY)
OPEN_STAGES = [code for code, _bp, outcome in STAGES if outcome == "open"]


def ids(tables: Tables, code: str, params: PipelineParams = PARAMS) -> list[int]:
    rows, total = deals_behind(tables, code, params, limit=None)
    assert len(rows) == total
    return sorted(rows["deal_id"])


@pytest.mark.parametrize("metric", PIPELINE_METRICS)
def test_a_metric_rests_on_as_many_deals_as_it_says(metric: str) -> None:
    tables = deal_tables(DEALS)
    assert len(ids(tables, metric)) == pipeline(tables, PARAMS).metrics[metric].n


def test_every_number_of_the_tables_opens_its_deals() -> None:
    tables = deal_tables(DEALS)
    found = pipeline(tables, PARAMS)
    for row in found.stages.to_dict("records"):
        for column, what in (("of_opened", "opened"), ("open_deals", "open")):
            assert len(ids(tables, f"stage:{row['code']}:{what}")) == row[column]
        for what in ("reached", "advanced", "lost", "undecided"):
            assert len(ids(tables, f"stage:{row['code']}:{what}")) == row[what]
    for row in found.groups.to_dict("records"):
        assert len(ids(tables, f"group:{row['dimension']}:{row['key'] or ''}")) == row["closed"]
    for row in found.outlook.to_dict("records"):
        part = str(row["start"]) if row["kind"] == "month" else row["kind"]
        assert len(ids(tables, f"outlook:{part}")) == row["won_deals"] + row["open_deals"]
    assert len(ids(tables, "funnel:won")) == found.funnel_won
    assert ids(tables, "slipping") == [4]


@pytest.mark.parametrize("code", ["", "nothing", "stage:talk", "stage:won:reached", "group:x:1", "outlook:x", "x:y"])
def test_a_code_of_no_number_is_no_number(code: str) -> None:
    with pytest.raises(KeyError):
        deals_behind(deal_tables(DEALS), code, PARAMS, limit=1)


def test_a_row_says_what_the_deal_adds_and_as_of_when() -> None:
    rows, _total = deals_behind(deal_tables(DEALS), "weighted", PARAMS, limit=None)
    assert tuple(rows.columns) == COLUMNS
    first = rows.iloc[0]
    assert (first["number"], first["name"], first["stage"], first["outcome"]) == ("D4", "Deal 4", "New", "open")
    assert (first["amount"], first["chance"], first["weighted"]) == (Decimal(800), 0.1, Decimal(80))
    assert (first["expected_close_on"], first["days_late"]) == (date(2024, 2, 20), 10)
    assert str(first["opened_at"]) == "2024-02-03 10:00:00+01:00"
    assert first["idle_days"] == pytest.approx(26 + 14 / 24)
    assert rows["closed_at"].isna().all()


def test_a_deal_open_then_is_listed_as_it_was_then() -> None:
    later = Deal(1, path("2024-02-01 new", "2024-02-05 talk", "2024-03-01 offer", "2024-03-09 won"), "100", customer=3)
    rows, _total = deals_behind(deal_tables([later]), "open_deals", PARAMS, limit=None)
    row = rows.iloc[0]
    assert (row["stage"], row["outcome"], row["closed_at"] is pd.NaT) == ("Talk", "open", True)
    assert (row["customer_ref"], row["customer_name"]) == ("C3", "C 3")


def test_pages_follow_each_other_largest_first() -> None:
    deals = [Deal(n, path("2024-02-01 new"), str(n % 7)) for n in range(1, 30)]
    tables = deal_tables(deals)
    whole, total = deals_behind(tables, "open_deals", PARAMS, limit=None)
    pages = [deals_behind(tables, "open_deals", PARAMS, limit=10, offset=offset)[0] for offset in (0, 10, 20, 30)]
    assert (total, [len(page) for page in pages]) == (29, [10, 10, 9, 0])
    pd.testing.assert_frame_equal(pd.concat(pages[:3], ignore_index=True), whole)
    assert whole["amount"].is_monotonic_decreasing


def test_groups_are_of_deals_closed_in_the_window_with_those_without_one_last() -> None:
    won, lost = path("2024-01-01 new", "2024-02-05 won"), path("2024-01-01 new", "2024-02-06 lost")
    deals = [
        Deal(1, won, "50", owner=7, product=2, source="web"),
        Deal(2, won, "100", owner=7, product=2),
        Deal(3, lost, None, owner=8),
        Deal(4, path("2024-01-01 new", "2024-03-05 won"), "9", owner=8, source="fair"),
    ]
    groups = pipeline(deal_tables(deals), PARAMS).groups
    shown = groups[["dimension", "key", "closed", "won", "lost", "won_value", "unpriced"]].to_numpy().tolist()
    assert shown == [
        ["owner", "7", 2, 2, 0, Decimal(150), 0], ["owner", "8", 1, 0, 1, Decimal(0), 1],
        ["product", "2", 2, 2, 0, Decimal(150), 0], ["product", None, 1, 0, 1, Decimal(0), 1],
        ["source", "web", 1, 1, 0, Decimal(50), 0], ["source", None, 2, 1, 1, Decimal(100), 1],
        ["size", "0", 1, 1, 0, Decimal(50), 0], ["size", "100", 1, 1, 0, Decimal(100), 0],
        ["size", None, 1, 0, 1, Decimal(0), 1],
    ]  # fmt: skip
    assert groups["name"].tolist()[2] == "P 2"
    assert (groups["low"][0], groups["high"][0]) == (pytest.approx(0.3423802), 1.0)


def test_the_outlook_adds_up_to_the_forecast_wherever_deals_fall() -> None:
    deals = [
        *DEALS,
        Deal(20, path("2024-02-01 new"), "10", expected="2024-03-05"),
        Deal(21, path("2024-02-01 new"), "20", expected="2099-03-05"),
        Deal(22, path("2024-02-01 new"), "30"),
    ]
    found = pipeline(deal_tables(deals), PARAMS)
    rows = {
        str(row["start"]) if row["kind"] == "month" else row["kind"]: row for row in found.outlook.to_dict("records")
    }
    assert sum(found.outlook["won"]) + sum(found.outlook["weighted"]) == found.metrics["forecast"].value
    assert (rows["2024-02-01"]["won"], rows["2024-03-01"]["weighted"]) == (Decimal(4000), Decimal(1))
    assert [rows[kind]["weighted"] for kind in ("overdue", "later", "undated")] == [80, 2, 3]
    assert len(rows) == 16


# An independent count in plain Python, over whatever hypothesis draws.

moments = st.datetimes(datetime(2024, 1, 1), datetime(2024, 5, 1)).map(lambda at: f"{at:%Y-%m-%dT%H}:30")
codes = st.sampled_from([code for code, _bp, _outcome in STAGES])


@st.composite
def drawn_deals(draw: st.DrawFn) -> list[Deal]:
    deals = []
    for number in range(1, draw(st.integers(0, 9)) + 1):
        times = sorted(draw(st.sets(moments, min_size=1, max_size=4)))
        stages = [draw(codes)]
        for _time in times[1:]:
            stages.append(draw(codes.filter(lambda code, before=stages[-1]: code != before)))
        amount = draw(st.none() | st.integers(0, 10**9).map(lambda units: str(Decimal(units).scaleb(-4))))
        chance = draw(st.none() | st.integers(0, 10_000))
        expected = draw(st.none() | st.integers(0, 150).map(lambda n: str(date(2024, 1, 1) + timedelta(days=n))))
        deals.append(Deal(number, tuple(zip(times, stages, strict=True)), amount, chance, expected))
    return deals


def counted(deals: list[Deal], period: Period, zone: str) -> dict[str, Any]:
    """What the metrics should be, deal by deal."""
    start, end = (instant(f"{day}T00:00", zone) for day in (period.start, period.end))
    chance_of = {code: bp for code, bp, _outcome in STAGES}
    won, lost, still, cycles, weighted, slips = [], [], [], [], Decimal(0), 0
    for deal in deals:
        row = deal.row(zone)
        closed, amount = row["closed_at"], Decimal(deal.amount or 0)
        if closed is not None and start <= closed < end:
            (won if row["outcome"] == "won" else lost).append(deal)
            if row["outcome"] == "won":
                cycles.append((closed - row["opened_at"]) / timedelta(days=1))
        if row["opened_at"] < end and (closed is None or closed >= end):
            still.append(deal)
            seen = [code for text, code in deal.moves if code in OPEN_STAGES and instant(text, zone) < end]
            stage = seen[-1] if seen else row["stage"] if row["stage"] in OPEN_STAGES else OPEN_STAGES[0]
            weighted += amount * (chance_of[stage] if deal.chance is None else deal.chance) / 10_000
            slips += deal.expected is not None and date.fromisoformat(deal.expected) < period.end

    def value(of: list[Deal]) -> Decimal:
        return sum((Decimal(deal.amount or 0) for deal in of), Decimal(0))

    return {
        "win_rate": len(won) / (len(won) + len(lost)) if won or lost else None,
        "won_deals": len(won),
        "lost_deals": len(lost),
        "opened_deals": sum(start <= deal.row(zone)["opened_at"] < end for deal in deals),
        "open_deals": len(still),
        "won_value": None if won and all(deal.amount is None for deal in won) else value(won),
        "weighted": None if still and all(deal.amount is None for deal in still) else weighted,
        "cycle_median": median(cycles) if cycles else None,
        "cycle_p90": float(np.quantile(cycles, 0.9)) if cycles else None,
        "slipping_deals": slips if not still or any(deal.expected for deal in still) else None,
    }


@settings(max_examples=25)
@given(drawn_deals(), st.integers(0, 100), st.integers(1, 60), st.sampled_from(["Asia/Tokyo", "America/New_York"]))
def test_every_metric_equals_an_independent_count(deals: list[Deal], first: int, length: int, zone: str) -> None:
    start = date(2024, 1, 1) + timedelta(days=first)
    period = Period(start, start + timedelta(days=length))
    tables = deal_tables(deals, timezone=zone)
    found: PipelineReport = pipeline(tables, PipelineParams(period))
    if not any(deal.row(zone)["opened_at"] < instant(f"{period.end}T00:00", zone) for deal in deals):
        assert {kpi.value for kpi in found.metrics.values()} == {None}
        return
    for name, wanted in counted(deals, period, zone).items():
        got = found.metrics[name].value
        assert got == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), name
    total = sum(found.outlook["won"]) + sum(found.outlook["weighted"])
    assert total == (found.metrics["forecast"].value or 0)
    for name, kpi in found.metrics.items():
        assert len(ids(tables, name, PipelineParams(period))) == kpi.n, name
