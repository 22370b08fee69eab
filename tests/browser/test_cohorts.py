"""From the retention triangle to the customers of a cell, and from the life cycle to the rows of a metric."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect


def click_bar(page: Page, chart: str, number: int) -> None:
    """Click the n-th bar or cell of a chart; plotly listens to the mouse, not to the bar."""
    bar = page.locator(f".st-key-{chart} .barlayer .point path").nth(number)
    expect(bar).to_be_visible(timeout=60_000)
    box = bar.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    expect(page.locator(f".st-key-{chart} .hoverlayer .hovertext")).to_be_visible()
    page.mouse.click(x + 2, y)


def test_a_cell_opens_those_who_came_back_and_those_who_did_not(open_page: Callable[..., Page]) -> None:
    page = open_page("/cohorts", role="marketing", viewport={"width": 1440, "height": 1600})
    page.goto("/cohorts")
    click_bar(page, "retention", 1)
    expect(page.get_by_role("heading", name=re.compile(", month 1$"))).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    page.get_by_role("radio", name="Did not").click()
    expect(page).to_have_url(re.compile("who=no"))


def test_a_bar_of_the_life_cycle_leads_to_the_rows_of_that_metric(open_page: Callable[..., Page]) -> None:
    page = open_page("/cohorts", role="manager", viewport={"width": 1440, "height": 1200})
    page.goto("/cohorts?view=lifecycle")
    click_bar(page, "lifecycle", 1)
    page.get_by_role("link", name=re.compile("open the customers")).click(timeout=30_000)
    expect(page).to_have_url(re.compile("metric=new_customers"))
    expect(page.get_by_text(re.compile(r"New customers: \d+"))).to_be_visible(timeout=30_000)
