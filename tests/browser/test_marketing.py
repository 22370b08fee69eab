"""The marketing path: explore clusters, save one as a segment, read a rule, make a campaign with hold-out, export."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, settled, visit

LONG = 120_000


def choose_first_row(page: Page, key: str) -> None:
    """Tick the first row of a table, which draws itself on a canvas: its row markers are at its left edge."""
    table = page.locator(f".st-key-{key} [data-testid=stDataFrame]").first
    expect(table).to_be_visible(timeout=LONG)
    table.scroll_into_view_if_needed()
    table.click(position={"x": 14, "y": 52})
    settled(page)


def test_a_cluster_becomes_a_segment_and_a_campaign_whose_export_leaves_the_held_out_out(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page(role="marketing")
    visit(page, "/segments?view=clusters")
    choose_first_row(page, "cluster_segments")
    save = page.get_by_role("button", name="Save as segment")
    expect(save).to_be_visible(timeout=LONG)
    save.click()
    page.get_by_label("Name", exact=True).fill("A cluster worth a letter")
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name="A cluster worth a letter")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("By model, live")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("button", name="Make a campaign").click()
    expect(page.get_by_text("held out to compare with")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Start campaign").click()
    page.get_by_role("button", name="Freeze the list and start").click()
    expect(page.get_by_text("What it changed is not known yet.")).to_be_visible(timeout=LONG)

    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Export list").click()
    file = tmp_path / "list.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as text:
        exported = list(csv.DictReader(text))
    figures = page.locator(".st-key-campaign_figures [data-testid=stMetricValue]")
    contacted, held_out = (int(figures.nth(place).inner_text().replace(",", "")) for place in (0, 1))
    assert held_out >= 1
    assert len(exported) == contacted  # the demo's customers with an address, and nobody who is held out
    assert len({row["ref"] for row in exported}) == contacted


def test_those_who_moved_between_two_segments_are_kept_as_a_list(open_page: Opener) -> None:
    page = open_page(role="marketing")
    visit(page, "/segments?view=moves")
    cell = page.locator(".st-key-moves_matrix text.bartext").filter(has_text=re.compile(r"\d")).first
    expect(cell).to_be_visible(timeout=LONG)
    settled(page)
    cell.click(force=True)  # a bar lies over its own text
    members = page.locator("[data-testid=stHeading]").filter(has_text="→")
    expect(members).to_be_visible(timeout=LONG)
    title = members.inner_text()
    settled(page)
    page.get_by_role("button", name="Save as segment").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(title, timeout=PATIENCE)
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=LONG)
    expect(page.get_by_text("By model, fixed list")).to_be_visible(timeout=PATIENCE)


def test_a_rule_is_written_counted_saved_and_read_again(open_page: Opener) -> None:
    page = open_page(role="marketing")
    visit(page, "/saved_segments")
    page.get_by_role("button", name="New segment by rule").click()
    expect(page.get_by_text("Net sales in the last 365 days")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Add condition").click()
    expect(page.get_by_role("button", name="Remove")).to_have_count(2, timeout=PATIENCE)
    page.get_by_label("Name of the segment").fill("Spent five hundred")
    page.get_by_label("Name of the segment").press("Tab")
    settled(page)
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name="Spent five hundred")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Who belongs: Net sales in the last 365 days")).to_be_visible(timeout=LONG)


def test_customers_ticked_in_the_list_are_kept_as_a_segment(open_page: Opener) -> None:
    page = open_page(role="marketing")
    visit(page, "/customers")
    table = page.locator("[data-testid=stDataFrame]").first
    expect(table).to_be_visible(timeout=PATIENCE)
    table.click(position={"x": 14, "y": 52})
    expect(page.get_by_text("1 customer chosen")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Save as segment").click()
    page.get_by_label("Name", exact=True).fill("Hand-picked")
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name="Hand-picked")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Customers chosen by hand.")).to_be_visible(timeout=PATIENCE)
