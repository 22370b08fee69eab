"""Charts show the numbers they are given, from a true baseline, in the reader's words and in both themes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from crm_core import charts
from crm_core.charts import theme
from crm_core.charts.theme import DARK, LIGHT
from crm_core.formats import Formats
from crm_core.translation import Translator, translator
from tests.core.chart_frames import (
    BRIDGE,
    BY_FREQUENCY,
    CALIBRATION,
    CANDIDATES,
    EN,
    GRID,
    OUTLOOK,
    POINTS,
    RULES,
    SEGMENTS,
    SURVIVAL,
    TRACKING,
)
from tests.core.cohort_frames import CELLS, COHORT_MEANS, COHORTS, COURSE, GAPS

MONTHS = [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]


def months(values: list[Any], *, complete: int | None = None) -> pd.DataFrame:
    n = len(values)
    return pd.DataFrame(
        {
            "start": MONTHS[:n],
            "end": MONTHS[1 : n + 1],
            "is_complete": [row < (n if complete is None else complete) for row in range(n)],
            "net_sales": values,
            "orders": range(n),
        }
    )


def days(n: int, *, complete: int | None = None) -> pd.DataFrame:
    first = date(2026, 1, 1)
    starts = [first + timedelta(days=row) for row in range(n)]
    done = [row < (n if complete is None else complete) for row in range(n)]
    ends = [start + timedelta(days=1) for start in starts]
    return pd.DataFrame({"start": starts, "end": ends, "is_complete": done, "net_sales": range(100, 100 + n)})


ALL: dict[str, Callable[..., go.Figure]] = {
    "months": lambda **how: charts.sales_over_time(
        months([Decimal(5), Decimal(7), Decimal(2)], complete=2), months([1, 2, 3]), metric="net_sales", **how
    ),
    "days": lambda **how: charts.sales_over_time(days(90, complete=88), days(90), metric="net_sales", **how),
    "bridge": lambda **how: charts.revenue_bridge(BRIDGE, start=Decimal("1000"), end=Decimal("1230.5"), **how),
    "rfm": lambda **how: charts.rfm_grid(GRID, **how),
    "sizes": lambda **how: charts.segment_sizes(SEGMENTS, **how),
    "map": lambda **how: charts.cluster_map(POINTS, **how),
    "profile": lambda **how: charts.cluster_profile(SEGMENTS, **how),
    "rules": lambda **how: charts.rule_map(RULES, **how),
    "network": lambda **how: charts.rule_network(RULES, **how),
    "k": lambda **how: charts.k_choice(CANDIDATES, chosen=2, **how),
    "bars": lambda **how: charts.bars(["①", "②"], [0.4, None], "ratio", low=[0.3, None], high=[0.5, None], **how),
    "tracked": lambda **how: charts.purchases_tracked(TRACKING, calibration_end=date(2026, 1, 8), **how),
    "frequency": lambda **how: charts.purchases_by_frequency(BY_FREQUENCY, **how),
    "triangle": lambda **how: charts.retention_triangle(COHORTS, CELLS, COHORT_MEANS, unit="month", step="①", **how),
    "curves": lambda **how: charts.cohort_curves(COHORTS, CELLS, COHORT_MEANS, "rate", unit="month", step="①", **how),
    "values": lambda **how: charts.cohort_curves(COHORTS, CELLS, COHORT_MEANS, "value", unit="week", step="①", **how),
    "lifecycle": lambda **how: charts.lifecycle_bars(COURSE, **how),
    "gaps": lambda **how: charts.gap_histogram(GAPS, 8.0, **how),
    "calibration": lambda **how: charts.churn_calibration(CALIBRATION, **how),
    "contracts": lambda **how: charts.churn_calibration(CALIBRATION, is_of_contracts=True, **how),
    "survival": lambda **how: charts.survival(SURVIVAL, unit="①", **how),
    "funnel": lambda **how: charts.deal_funnel(["①", "②", "③"], [9, 4, 1], ["a", "b", "c"], **how),
    "outlook": lambda **how: charts.deal_outlook(OUTLOOK, **how),
    "sparkline": lambda **how: charts.sparkline([1, None, 3], dark=how.get("dark", False)),
}


@pytest.fixture(params=list(ALL))
def draw(request: pytest.FixtureRequest) -> Callable[..., go.Figure]:
    return ALL[request.param]


def words(figure: go.Figure) -> list[str]:
    """Every text a figure shows."""
    plain = figure.to_plotly_json()
    found = [note["text"] for note in plain["layout"].get("annotations", ())]
    for part in (plain["layout"], plain["layout"].get("xaxis", {}), plain["layout"].get("yaxis", {})):
        found += [part.get("title", {}).get("text") or "", *part.get("ticktext", ())]
    for trace in plain["data"]:
        found += [*trace.get("text", ()), *trace.get("hovertext", ()), trace.get("name") or ""]
        found += [label for label in trace.get("y", ()) if isinstance(label, str) and label not in {"dtype", "bdata"}]
    return [text for text in found if text]


def test_every_chart_is_drawn_in_both_themes_with_their_own_text_colour(draw: Callable[..., go.Figure]):
    light, dark = draw(**EN), draw(**EN, dark=True)
    assert (light.layout.font.color, dark.layout.font.color) == (LIGHT.text, DARK.text)
    assert light.layout.paper_bgcolor == light.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert str(light.data) != str(dark.data)


def test_no_chart_can_be_dragged_zoomed_or_needs_a_legend(draw: Callable[..., go.Figure]):
    figure = draw(**EN)
    assert figure.layout.dragmode is False
    assert figure.layout.showlegend is False
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.fixedrange
    assert figure.layout.xaxis.automargin
    assert figure.layout.yaxis.automargin


@pytest.mark.parametrize(("end", "anchor"), [(date(2026, 1, 3), "left"), (date(2026, 1, 11), "right")])
def test_the_name_of_a_short_hold_out_stands_before_it(end: date, anchor: str) -> None:
    every_day = pd.DataFrame({"day": [date(2026, 1, day) for day in range(1, 13)], "actual": 1, "predicted": 1})
    figure = charts.purchases_tracked(every_day, calibration_end=end, **EN)
    assert figure.layout.annotations[0].xanchor == anchor


def test_every_word_on_a_chart_is_translated_or_given(draw: Callable[..., go.Figure]):
    class Marking(Translator):
        """Turns every letter of a template into ¤, so that what is not translated stands out."""

        def __call__(self, template: str, /, **params: Any) -> str:
            return "".join("¤" if char.isalpha() else char for char in super().__call__(template, **params))

        def ngettext(self, one: str, many: str, n: int, /, **params: Any) -> str:
            return self(super().ngettext(one, many, n, **params))

    figure = draw(**EN | {"_": Marking("en"), "formats": Formats("zh_CN", "GBP", "UTC")})
    for text in words(figure):
        bare = re.sub(r"<[^>]*>|&\w+;", "", text)
        assert not re.search("[A-Za-z]", bare), text


def test_the_bars_are_the_numbers_from_zero():
    figure = charts.sales_over_time(months([Decimal("5.25"), 7, 2]), metric="net_sales", **EN)
    (bars,) = figure.data
    assert bars.type == "bar"
    assert list(bars.y) == [5.25, 7.0, 2.0]
    assert bars.base is None
    assert figure.layout.yaxis.range[0] == 0
    assert figure.layout.yaxis.range[1] >= 7


def test_a_negative_month_pulls_the_axis_below_zero():
    figure = charts.sales_over_time(months([5, -3, 2]), metric="net_sales", **EN)
    assert figure.layout.yaxis.range[0] < -3
    assert 0 in figure.layout.yaxis.tickvals
    assert "-£2" in figure.layout.yaxis.ticktext


def test_a_missing_value_is_a_gap_and_not_a_zero():
    figure = charts.sales_over_time(months([5, None, float("nan")]), metric="net_sales", **EN)
    assert list(figure.data[0].y) == [5.0, None, None]
    assert figure.data[0].hovertext[1] == "<b>Dec 2025</b><br>—"


def test_only_a_period_that_is_not_over_is_hatched_and_the_key_says_so():
    figure = charts.sales_over_time(months([5, 7, 2], complete=2), metric="net_sales", **EN)
    assert list(figure.data[0].marker.pattern.shape) == ["", "", "/"]
    assert "incomplete" in figure.layout.title.text
    assert figure.data[0].hovertext[2] == "<b>Jan 2026</b><br>£2.00 (incomplete)"
    whole = charts.sales_over_time(months([5, 7, 2]), metric="net_sales", **EN)
    assert "incomplete" not in whole.layout.title.text
    assert set(whole.data[0].marker.pattern.shape) == {""}


def test_the_comparison_is_a_thin_grey_line_period_by_period():
    figure = charts.sales_over_time(months([5, 7, 2]), months([1, 2, 3]), metric="net_sales", **EN)
    line = figure.data[1]
    assert (line.type, list(line.y), line.line.color) == ("scatter", [1, 2, 3], LIGHT.neutral)
    assert list(line.x) == list(figure.data[0].x)
    assert figure.data[0].hovertext[0] == "<b>Nov 2025</b><br>£5.00<br>Nov 2025: £1.00"
    assert "Nov 2025 – Jan 2026" in figure.layout.title.text.replace("\u2009", " ")


def test_a_shorter_comparison_ends_early_and_a_longer_one_is_cut():
    shorter = charts.sales_over_time(months([5, 7, 2]), months([1, 2]), metric="net_sales", **EN)
    assert (list(shorter.data[1].y), len(shorter.data[1].x)) == ([1, 2], 2)
    assert shorter.data[0].hovertext[2] == "<b>Jan 2026</b><br>£2.00"
    longer = charts.sales_over_time(months([5]), months([1, 2]), metric="net_sales", **EN)
    assert (list(longer.data[1].y), longer.data[1].mode) == ([1], "markers")


def test_a_click_on_a_bar_knows_its_period():
    figure = charts.sales_over_time(months([5, 7]), metric="net_sales", **EN)
    assert figure.data[0].customdata[1] == ["2025-12-01", "2026-01-01"]


def test_many_days_are_a_line_whose_unfinished_end_is_dotted():
    solid, dotted, hover = charts.sales_over_time(days(90, complete=88), metric="net_sales", **EN).data
    assert {trace.mode for trace in (solid, dotted, hover)} == {"lines"}
    assert [value for value in solid.y if value is None] == [None, None]
    assert [(row, value) for row, value in enumerate(dotted.y) if value is not None] == [
        (87, 187),
        (88, 188),
        (89, 189),
    ]
    assert (dotted.line.dash, list(hover.y)) == ("dot", list(range(100, 190)))
    assert len(charts.sales_over_time(days(90), metric="net_sales", **EN).data) == 1


@pytest.mark.parametrize("n", [1, 2, 6, 7, 31, 45, 62, 63, 90, 200, 400, 1500])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_at_most_six_dates_stand_below_and_the_first_says_its_year(n: int, language: str):
    how = {"_": translator(language), "formats": Formats(language, "GBP", "UTC")}
    axis = charts.sales_over_time(days(n), metric="net_sales", **how).layout.xaxis
    assert 1 <= len(axis.ticktext) <= 6
    assert "2026" in axis.ticktext[0]
    assert len(set(axis.tickvals)) == len(axis.tickvals)
    assert all(axis.range[0] <= place <= axis.range[1] for place in axis.tickvals)
    assert all("2026" not in text for text in axis.ticktext[1:])


def test_an_empty_series_is_an_empty_chart():
    figure = charts.sales_over_time(months([]), metric="net_sales", **EN)
    assert list(figure.data[0].y) == []


def test_money_axes_speak_the_readers_language():
    zh = {"_": translator("zh_CN"), "formats": Formats("zh_CN", "CNY", "Asia/Shanghai")}
    axis = charts.sales_over_time(months([120_000, 90_000]), metric="net_sales", **zh).layout.yaxis
    assert list(axis.ticktext)[:3] == ["¥0", "¥5万", "¥10万"]


def test_in_tests_a_property_plotly_does_not_know_raises() -> None:
    with pytest.raises(ValueError, match="nosuch"):
        theme.figure([{"type": "bar", "nosuch": 1}], dark=False, height=100)
