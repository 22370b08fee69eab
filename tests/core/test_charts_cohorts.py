"""Charts of cohorts: a number in every cell, hatches where it is not over, dots where a mean rests on few."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from crm_core import charts
from crm_core.formats import Formats
from crm_core.translation import translator
from tests.core.cohort_frames import CELLS, COHORT_MEANS, COHORTS, COURSE, GAPS

EN: dict[str, Any] = {"_": translator("en"), "formats": Formats("en", "GBP", "Europe/London")}


def test_a_triangle_has_a_number_in_every_cell_and_hatches_what_is_not_over():
    (cells,) = charts.retention_triangle(COHORTS, CELLS, COHORT_MEANS, unit="month", step="Months", **EN).data
    shown = {tuple(data): text for data, text in zip(cells.customdata, cells.text, strict=True) if data}
    assert shown == {
        ("2025-11-01", 0): "100", ("2025-11-01", 1): "25", ("2025-11-01", 2): "10",
        ("2025-12-01", 0): "100", ("2025-12-01", 1): "40", ("2026-01-01", 0): "100",
    }  # fmt: skip
    hatched = [bool(shape) for shape in cells.marker.pattern.shape]
    assert hatched == [False, False, True, False, True, True, False, False]
    assert cells.hovertext[4] == (
        "<b>Dec 2025, month 1</b><br>40.0% (95% interval 28.0% to 54.0%)<br>20 of 50 customers<br>incomplete"
    )
    assert cells.hovertext[-1] == "<b>Mean, month 1</b><br>25.0% (95% interval 14.0% to 40.0%)"


def test_cells_that_are_not_over_are_in_no_curve_and_a_mean_of_few_cohorts_is_dotted():
    figure = charts.cohort_curves(COHORTS, CELLS, COHORT_MEANS, "value", unit="month", step="Months", **EN)
    assert [list(line.y) for line in figure.data] == [[10.0, 15.0, None, 20.0], [15.0, 15.0], [15.0]]
    assert list(figure.data[0].marker.size) == [0, 0, 0, 4]  # a cohort of one cell is a dot
    assert [line.line.dash for line in figure.data] == [None, "dot", None]
    assert "Mean of fewer than 3 cohorts" in figure.layout.title.text
    rates = charts.cohort_curves(COHORTS, CELLS, COHORT_MEANS, "rate", unit="month", step="Months", **EN)
    assert next(list(line.x) for line in rates.data if line.fill is None) == [1]


def test_of_many_cohorts_only_the_latest_lie_behind_the_mean_and_the_key_says_so():
    starts = [date(2020, 1, 6) + timedelta(days=7 * n) for n in range(50)]
    many = pd.DataFrame({"start": starts, "end": [start + timedelta(days=7) for start in starts], "size": 9})
    cells = CELLS.iloc[[1]].drop(columns="cohort").merge(pd.DataFrame({"cohort": starts}), how="cross")
    figure = charts.cohort_curves(many, cells, COHORT_MEANS, "value", unit="week", step="Weeks", **EN)
    assert len([y for y in figure.data[0].y if y is not None]) == 40
    assert "the latest 40 cohorts" in figure.layout.title.text


def test_the_axis_reaches_as_far_as_the_mean_even_where_no_cohort_shown_does():
    means = pd.concat([COHORT_MEANS, COHORT_MEANS.tail(1).assign(offset=9)])
    figure = charts.cohort_curves(COHORTS, CELLS, means, "value", unit="month", step="Months", **EN)
    assert figure.layout.xaxis.range[1] > 9


def test_a_triangle_says_what_its_windows_count_where_a_phone_shows_it_and_how_wide_it_must_be():
    figure = charts.retention_triangle(COHORTS, CELLS, COHORT_MEANS, unit="month", step="Months since", **EN)
    assert "Months since" in figure.layout.title.text
    narrow, wide = charts.triangle_width(CELLS), charts.triangle_width(CELLS.assign(offset=CELLS["offset"] + 20))
    assert wide - narrow == 20 * 26


def test_the_life_cycle_stacks_buyers_above_zero_and_those_who_stopped_below():
    figure = charts.lifecycle_bars(COURSE, **EN)
    assert figure.layout.barmode == "relative"
    assert [list(bars.y) for bars in figure.data] == [[5, 4, 3], [0, 4, 2], [0, 1, 0], [0, -2, -9]]
    assert [list(bars.marker.pattern.shape) for bars in figure.data] == [["", "", "/"]] * 4
    assert figure.data[3].customdata[1] == ["2025-12-01", "2026-01-01", "dormant"]
    assert figure.data[3].hovertext[2] == "<b>Jan 2026</b><br>Stopped buying: 9 (incomplete)"
    assert all("-" not in text for text in figure.layout.yaxis.ticktext)


def test_the_histogram_marks_the_median_and_everything_beyond():
    figure = charts.gap_histogram(GAPS, 8.0, **EN)
    (bars,) = figure.data
    assert (list(bars.y), list(bars.x)) == ([9, 4, 2], [3.5, 10.5, 17.5])
    assert list(bars.marker.pattern.shape) == ["", "", "/"]
    assert bars.hovertext[1:] == ("<b>7 to 13 days</b><br>4 orders", "<b>14 days or more</b><br>2 orders")
    assert [shape.x0 for shape in figure.layout.shapes] == [8.0]
    assert not charts.gap_histogram(GAPS, None, **EN).layout.shapes
