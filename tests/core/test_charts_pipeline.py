"""The charts of the pipeline: the numbers they are given, in words, and what a click knows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm_core import charts
from crm_core.charts.theme import LIGHT
from tests.core.chart_frames import EN, OUTLOOK


def test_the_funnel_says_how_many_came_how_far_and_ends_with_those_won() -> None:
    drawn = charts.deal_funnel(["New <b>", "Won"], [8, 2], ["stage:new:opened", "funnel:won"], **EN)
    bars = drawn.data[0]
    assert list(bars.x) == [8, 2]
    assert list(bars.customdata) == ["stage:new:opened", "funnel:won"]
    assert list(bars.marker.color) == [LIGHT.accent, LIGHT.good]
    first, last = drawn.layout.yaxis.ticktext
    assert first.startswith("New &lt;b&gt;<br>")
    assert "8 deals<" in first
    assert "2 deals · 25.0%" in last


def test_a_funnel_of_nobody_is_drawn_without_shares() -> None:
    drawn = charts.deal_funnel(["New", "Won"], [0, 0], ["a", "b"], **EN)
    assert "%" not in "".join(drawn.layout.yaxis.ticktext)


def test_what_is_won_is_solid_and_what_is_expected_hatched_on_top() -> None:
    won, weighted = charts.deal_outlook(OUTLOOK, **EN).data
    assert list(won.y) == [1200.5, 300, None]
    assert list(weighted.y) == [None, 450, 80.25]
    assert (set(won.marker.pattern.shape), set(weighted.marker.pattern.shape)) == ({""}, {"/"})
    assert won.hovertext[0] == "<b>Jan 2026</b><br>Won: £1,200.50<br>2 deals"
    assert list(weighted.customdata) == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_the_axis_holds_both_parts_of_a_month() -> None:
    drawn = charts.deal_outlook(OUTLOOK.assign(weighted=[Decimal(900)] * 3), **EN)
    assert drawn.layout.barmode == "stack"
    assert drawn.layout.yaxis.range[1] == pytest.approx(2100.5 * 1.08, rel=0.2)
