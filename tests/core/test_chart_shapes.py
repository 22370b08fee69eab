"""Bridge, grids, clusters, bars, rules and sparklines show their numbers, and steps, colours and words are right."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core import charts
from crm_core.charts.scale import say, steps
from crm_core.charts.theme import LIGHT, contrast, palette, readable_on
from crm_core.charts.time_axis import Span, middle, time_axis
from crm_core.formats import Formats
from tests.core.chart_frames import BRIDGE, BY_FREQUENCY, CANDIDATES, EN, GRID, POINTS, RULES, SEGMENTS, TRACKING


def test_the_bridge_leads_from_one_total_to_the_other():
    (bars,) = charts.revenue_bridge(BRIDGE, start=Decimal("1000"), end=Decimal("1230.5"), **EN).data
    assert list(bars.x) == [1000, 300, 50.5, -120, 0, 1230.5]
    assert list(bars.base) == [0, 1000, 1300, 1350.5, 1230.5, 0]
    assert [base + length for base, length in zip(bars.base, bars.x, strict=True)][-2] == 1230.5


def test_the_bridge_says_each_amount_with_its_sign_beside_the_colour():
    figure = charts.revenue_bridge(BRIDGE, start=Decimal("1000"), end=Decimal("1230.5"), **EN)
    assert [note.text for note in figure.layout.annotations] == ["£1K", "+£300", "+£50.50", "-£120", "£0", "£1.2K"]
    assert list(figure.data[0].marker.color)[1:4] == [LIGHT.good, LIGHT.good, LIGHT.bad]
    assert list(figure.data[0].y) == [
        "Period before", "New customers", "Bought more", "Stopped buying", "Guest sales", "This period",
    ]  # fmt: skip
    assert figure.data[0].hovertext[3] == "<b>Stopped buying</b><br>-£120.00<br>2 customers"
    low, high = figure.layout.xaxis.range
    assert low == 0
    assert high > 1350.5


def test_a_bridge_from_nothing_to_less_than_nothing_stays_in_sight():
    figure = charts.revenue_bridge(BRIDGE.iloc[2:3], start=None, end=Decimal("-120"), **EN)
    assert figure.layout.xaxis.range[0] < -120
    assert list(figure.data[0].x) == [0, -120, -120]


def test_the_grid_holds_every_cell_and_a_click_knows_its_scores():
    (cells,) = charts.rfm_grid(GRID, **EN).data
    shown = {tuple(data): text for data, text in zip(cells.customdata, cells.text, strict=True)}
    assert len(shown) == 25
    assert (shown[(5, 5)], shown[(1, 2)], shown[(3, 3)]) == ("40", "1", "0")
    at = [tuple(data) for data in cells.customdata].index((5, 5))
    assert (cells.x[at], cells.base[at] + cells.y[at] / 2) == (5, 5)
    assert cells.hovertext[at] == "<b>Recency 5, frequency 5</b><br>40 customers<br>£12.50 of sales"


def test_the_grid_has_as_many_scores_as_it_is_given():
    three = pd.DataFrame({"r": [1, 3], "f": [3, 1], "customers": [0, 2], "sales": [Decimal(0), Decimal(3)]})
    assert len(charts.rfm_grid(three, **EN).data[0].x) == 9
    assert len(charts.rfm_grid(GRID.iloc[:0], **EN).data[0].x) == 25


def test_the_numbers_in_cells_can_be_read_on_their_ground_in_both_themes():
    for dark in (False, True):
        for chart in (charts.rfm_grid(GRID, **EN, dark=dark), charts.cluster_profile(SEGMENTS, **EN, dark=dark)):
            grounds, inks = chart.data[0].marker.color, chart.data[0].textfont.color
            assert min(contrast(ink, ground) for ink, ground in zip(inks, grounds, strict=True)) >= 4.4


def test_segment_bars_carry_number_and_share():
    (bars,) = charts.segment_sizes(SEGMENTS, **EN).data
    assert (list(bars.x), list(bars.text)) == ([30, 10], ["30 · 75.0%", "10 · 25.0%"])


def test_a_name_is_shown_as_it_is_and_never_as_markup():
    (bars,) = charts.segment_sizes(SEGMENTS, **EN).data
    assert list(bars.y) == ["Champions", "&lt;b&gt;Odd&lt;/b&gt; &amp; co"]
    assert list(bars.customdata) == ["Champions", "<b>Odd</b> & co"]
    profile = charts.cluster_profile(SEGMENTS, **EN)
    assert profile.layout.yaxis.ticktext[1] == "&lt;b&gt;Odd&lt;/b&gt; &amp; co"


def test_each_cluster_has_its_own_symbol_and_its_name_at_its_middle():
    figure = charts.cluster_map(POINTS, **EN)
    assert [(trace.type, list(trace.x)) for trace in figure.data] == [("scatter", [0, 1]), ("scatter", [5])]
    assert len({trace.marker.symbol for trace in figure.data}) == 2
    assert [(note.x, note.y, note.text) for note in figure.layout.annotations] == [
        (0.5, 0.5, "Group 1"),
        (5, 5, "Group 2"),
    ]
    named = charts.cluster_map(POINTS, names={1: "Regulars"}, **EN)
    assert [note.text for note in named.layout.annotations] == ["Regulars", "Group 2"]


def test_names_of_clusters_that_lie_close_are_set_apart():
    near = pd.DataFrame({"x": [0.0, 1.0, 0.1, 10.0], "y": [0.0, 10.0, 0.1, 0.2], "segment": [1, 2, 3, 4]})
    notes = {note.text: note.y for note in charts.cluster_map(near, **EN).layout.annotations}
    assert notes["Group 1"] == 0.0
    assert notes["Group 3"] == pytest.approx(0.9)  # a name's height above the first
    assert notes["Group 4"] == 0.2  # far to the right
    assert notes["Group 2"] == 10.0


def test_many_points_are_drawn_by_the_graphics_card():
    usual = pd.concat([POINTS] * (2_000 // len(POINTS)), ignore_index=True)
    assert {trace.type for trace in charts.cluster_map(usual, **EN).data} == {"scatter"}
    many = pd.concat([POINTS] * (6_000 // len(POINTS)), ignore_index=True)
    assert {trace.type for trace in charts.cluster_map(many, **EN).data} == {"scattergl"}


def test_a_profile_compares_with_the_average_of_all():
    (cells,) = charts.cluster_profile(SEGMENTS, **EN).data
    shown = {tuple(data): text.split("<br>")[0] for data, text in zip(cells.customdata, cells.text, strict=True)}
    # the average: recency (30×10 + 10×90) / 40 = 30, orders 3, sales 200
    assert shown[(1, "centre_recency_days")] == "×0.33"
    assert shown[(2, "centre_recency_days")] == "×3.0"
    assert shown[(1, "centre_frequency")] == "×1.3"
    assert shown[(2, "centre_frequency")] == "×0.00"
    assert shown[(2, "centre_monetary")] == "×2.5"
    assert cells.hovertext[0] == "<b>Champions</b><br>Recency: 10 days<br>All groups on average: 30 days"


def test_groups_of_one_name_are_told_apart_by_a_number():
    twice = SEGMENTS.assign(name="Average customers", name_number=[1, 2])
    figure = charts.cluster_profile(twice, **EN)
    assert list(figure.layout.yaxis.ticktext) == ["Average customers", "Average customers 2"]
    bare = charts.cluster_profile(SEGMENTS.drop(columns="name"), **EN)
    assert list(bare.layout.yaxis.ticktext) == ["Group 1", "Group 2"]


def test_the_number_of_groups_chosen_is_marked():
    figure = charts.k_choice(CANDIDATES, chosen=2, **EN)
    (band,) = figure.layout.shapes
    assert band.x0 < 2 < band.x1
    assert [list(trace.y) for trace in figure.data] == [[0.3, -0.1], [0.9, None]]
    assert figure.layout.yaxis.range[0] < -0.1
    assert not charts.k_choice(CANDIDATES, **EN).layout.shapes


def test_an_interval_is_drawn_and_said():
    figure = charts.bars(["Repeat rate", "Churn"], [0.4, None], "ratio", low=[0.3, None], high=[0.45, None], **EN)
    whiskers = figure.data[0].error_x
    assert (list(whiskers.array), list(whiskers.arrayminus)) == ([pytest.approx(0.05), 0], [pytest.approx(0.1), 0])
    assert "40.0% (30.0% – 45.0%)" in figure.layout.yaxis.ticktext[0]
    assert "—" in figure.layout.yaxis.ticktext[1]
    assert list(figure.data[0].x) == [0.4, None]
    assert figure.layout.xaxis.range[0] == 0
    assert figure.layout.xaxis.range[1] > 0.45


def test_bars_without_intervals_have_no_whiskers():
    figure = charts.bars(["a"], [Decimal("-5")], "money", **EN)
    assert figure.data[0].error_x.array is None
    assert figure.layout.xaxis.range[0] == -5


def test_a_sparkline_marks_its_last_known_point():
    line, point = charts.sparkline([1, Decimal("2.5"), None]).data
    assert (list(line.y), list(point.x), list(point.y)) == ([1, 2.5, None], [1], [2.5])
    assert len(charts.sparkline([None]).data) == 1


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(1, "days", "1 day"), (2.5, "days", "2.5 days"), (None, "money", "—"), (0.5, "ratio", "50.0%"), (3, "count", "3")],
)
def test_values_are_said_with_their_unit(value: Any, unit: Any, said: str):
    assert say(value, unit, **EN) == said


def test_a_change_carries_its_sign_whatever_the_unit():
    signed = [say(3, unit, **EN, signed=True) for unit in ("money", "count", "ratio", "days")]
    assert signed == ["+£3.00", "+3", "+300.0%", "+3 days"]


@given(st.floats(-1e9, 1e9), st.floats(0.01, 1e9))
def test_steps_are_round_few_and_hold_the_range(low: float, width: float):
    ticks = steps(low, low + width)
    assert ticks[0] <= low + width * 1e-6
    assert ticks[-1] >= low + width * (1 - 1e-6)
    assert 2 <= len(ticks) <= 8


def test_steps_have_no_dust_of_binary_fractions():
    assert steps(0, 0.4) == [0.0, 0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize("dark", [False, True])
def test_every_colour_stands_out_from_its_background(dark: bool):
    colours = palette(dark)
    marks = (colours.accent, colours.neutral, colours.good, colours.bad, *colours.categories)
    assert min(contrast(colour, colours.background) for colour in marks) >= 3
    assert min(contrast(colour, colours.background) for colour in (colours.text, colours.muted)) >= 4.5
    assert len(set(colours.categories)) == len(colours.categories)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert readable_on("#ffffff") == LIGHT.text
    assert readable_on("#000000") == "#ffffff"


def test_plotly_speaks_chinese_from_the_configuration():
    config = charts.plotly_config("zh_CN")
    names = config["locales"][config["locale"]]["format"]
    assert config["locale"] == "zh-CN"
    assert (names["months"][0], names["shortMonths"][11], names["days"][0], names["shortDays"][6]) == (
        "一月", "12月", "星期日", "周六",
    )  # fmt: skip
    assert config["locales"]["zh-CN"]["dictionary"]["Zoom in"] == "放大"
    assert "locale" not in charts.plotly_config("en")
    assert charts.plotly_config("en")["displayModeBar"] is False


def test_the_forecast_is_drawn_beside_what_was_bought_with_the_hold_out_shaded():
    figure = charts.purchases_tracked(TRACKING, calibration_end=date(2026, 1, 8), **EN)
    assert list(figure.data[0].y) == [0, 4, 9]
    assert list(figure.data[1].y) == [0.0, 5.2, 8.4]
    assert figure.data[1].line.dash == "dash"
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == ("2026-01-08", "2026-01-15")
    assert "Bought: 4<br>Expected: 5" in figure.data[0].hovertext[1]


def test_the_last_frequency_stands_for_more_and_hovering_says_all_three():
    figure = charts.purchases_by_frequency(BY_FREQUENCY, **EN)
    assert list(figure.layout.xaxis.ticktext) == ["0", "7+"]
    assert figure.data[0].hovertext[1] == (
        "<b>7 repeat purchases before</b><br>1 customer<br>Bought: 3.00<br>Expected: 2.50<br>At their rate so far: 4.00"
    )
    assert figure.layout.yaxis.range[0] == 0


def test_each_rule_is_a_point_that_knows_its_row_and_what_holds_is_drawn_last() -> None:
    trace = charts.rule_map(RULES, **EN).data[0]
    assert list(trace.customdata) == [2, 1, 0]
    assert trace.marker.size[2] == max(trace.marker.size)
    assert "茶 → 壶" in trace.hovertext[2]
    assert "&lt;杯&gt; &amp; 4" in trace.hovertext[1]


def test_the_net_joins_each_pair_once_and_looks_the_same_every_time() -> None:
    both_ways = pd.concat([RULES, RULES.assign(antecedents=RULES["consequents"], consequents=RULES["antecedents"])])
    one, two = charts.rule_network(both_ways, **EN), charts.rule_network(both_ways, **EN)
    assert one == two
    assert len([trace for trace in one.data if trace.mode == "lines"]) == 2
    assert len(one.data[-1].text) == 3


def test_no_rules_draw_an_empty_map_and_an_empty_net() -> None:
    assert len(charts.rule_map(RULES.head(0), **EN).data[0].x) == 0
    assert charts.rule_network(RULES.head(0), **EN).data[-1].text == ()


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=11).filter(any))
def test_names_beside_streams_never_touch_however_thin_the_streams_are(sizes: list[int]) -> None:
    names = {str(place): f"Group {place}" for place in range(len(sizes))}
    moves = pd.DataFrame({"origin": list(names), "target": list(names), "customers": sizes})
    figure = charts.moves_sankey(moves, names=names, ends=("May 1", "June 1"), **EN)
    said = [note for note in figure.layout.annotations if note.text.startswith("Group") and note.x == 0]
    plot = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    levels = [note.y * plot for note in said]
    assert [note.text for note in said] == [f"{names[key]} {n:,}" for key, n in zip(names, sizes, strict=True) if n]
    assert all(above - below >= 15 - 1e-6 for above, below in pairwise(levels))
    assert all(-1e-6 <= level <= plot for level in levels)


def test_months_that_are_cut_off_at_the_ends_are_named_in_their_middle() -> None:
    starts = [date(2025 + month // 12, month % 12 + 1, 1) for month in range(11, 16)]
    days = [date(2025, 11, 24), *starts, date(2026, 4, 9)]
    spans = [Span(start, end) for start, end in pairwise(days)]
    drawn = time_axis(spans, Formats("en", "EUR", "UTC"), dark=False)
    assert drawn["tickvals"] == [middle(span) for span in spans]
    assert drawn["ticktext"] == ["Nov<br>2025", "Dec", "Jan<br>2026", "Feb", "Mar", "Apr"]
    weeks = [Span(date(2026, 1, 25), date(2026, 2, 1)), Span(date(2026, 2, 1), date(2026, 2, 8))]
    assert time_axis(weeks, Formats("en", "EUR", "UTC"), dark=False)["ticktext"] == ["Jan 25<br>2026", "Feb 1"]
