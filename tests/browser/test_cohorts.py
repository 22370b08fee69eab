"""From the retention triangle to the customers of a cell, and from the life cycle to the rows of a metric."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.test_journeys import PATIENCE, settled, visit


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


def test_a_cell_opens_those_who_came_back_and_those_who_did_not_and_keeps_them_as_a_segment(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/cohorts", role="marketing", viewport={"width": 1440, "height": 1600})
    page.goto("/cohorts")
    click_bar(page, "retention", 1)
    expect(page.get_by_role("heading", name=re.compile(", month 1$"))).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    page.get_by_role("radio", name="Did not").click()
    expect(page).to_have_url(re.compile("who=no"))
    settled(page)
    page.get_by_role("button", name="Save as segment").click()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value(re.compile(", month 1: Did not$"), timeout=PATIENCE)
    name.fill("Did not come back")
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name="Did not come back")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Customers listed by an analysis on")).to_be_visible(timeout=60_000)


def test_a_bar_of_the_life_cycle_leads_to_the_rows_of_that_metric(open_page: Callable[..., Page]) -> None:
    page = open_page("/cohorts", role="manager", viewport={"width": 1440, "height": 1200})
    page.goto("/cohorts?view=lifecycle")
    click_bar(page, "lifecycle", 1)
    page.get_by_role("link", name=re.compile("open the customers")).click(timeout=30_000)
    expect(page).to_have_url(re.compile("metric=new_customers"))
    expect(page.get_by_text(re.compile(r"New customers: \d+"))).to_be_visible(timeout=30_000)


def test_other_choices_make_another_triangle_whose_customers_open(open_page: Callable[..., Page]) -> None:
    page = open_page("/cohorts", role="marketing", viewport={"width": 1440, "height": 1600})
    visit(page, "/cohorts?period=all")
    answer = page.get_by_role("heading", name=re.compile("of new customers bought again in the calendar month"))
    expect(answer).to_be_visible(timeout=PATIENCE)
    page.get_by_role("radio", name="Weeks").click()
    weekly = page.get_by_role("heading", name=re.compile("bought again in the calendar week after"))
    expect(weekly).to_be_visible(timeout=PATIENCE)
    settled(page)
    page.get_by_role("button", name="Definition").click()
    counts = page.get_by_role("combobox", name=re.compile("Counts as retained"))
    option = page.get_by_role("option", name="In that window or later")
    expect(counts).to_be_visible(timeout=PATIENCE)
    counts.click()
    page.wait_for_timeout(1000)
    if not option.is_visible():  # a redraw closes an open list
        counts.press("ArrowDown")
    option.click()
    expect(page).to_have_url(re.compile("criterion=on-or-after"), timeout=PATIENCE)
    expect(page.get_by_role("heading", name=re.compile("their first order, or later"))).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Escape")
    settled(page)
    click_bar(page, "retention", 1)
    expect(page.get_by_role("heading", name=re.compile(", week 1$"))).to_be_visible(timeout=PATIENCE)
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible(timeout=PATIENCE)
    settled(page)
    table.click(position={"x": 60, "y": 52})  # the first name
    expect(page.get_by_role("tab", name="Details")).to_be_visible(timeout=PATIENCE)


def test_a_weekly_triangle_moves_inside_its_own_box_on_a_phone(open_page: Callable[..., Page]) -> None:
    page = open_page("/cohorts", role="marketing", viewport={"width": 390, "height": 1600})
    visit(page, "/cohorts?period=all&unit=week")
    drawn = page.locator(".st-key-retention .main-svg").first
    expect(drawn).to_be_visible(timeout=PATIENCE)
    settled(page)
    box = page.locator(".st-key-retention")
    width, shown = box.evaluate("element => [element.scrollWidth, element.clientWidth]")
    assert width > 700
    assert shown <= 390
    assert box.evaluate("element => { element.scrollLeft = 300; return element.scrollLeft; }") == 300
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
