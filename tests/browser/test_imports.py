"""Files on the Data page: imported and taken back, refused with the row, read as one says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, card, settled, visit


def write_orders(path: Path, count: int) -> Path:
    """A file of orders of one line each, placed yesterday."""
    day = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    lines = [f"WEB-{number},{day} 12:00,{number % 3 + 1},10.00,NEW-{number},Buyer {number}" for number in range(count)]
    path.write_text("\n".join(["Order ID,Order Date,Quantity,Unit Price,Customer ID,Customer Name", *lines]) + "\n")
    return path


def test_importing_a_file_changes_the_key_figures_and_taking_it_back_restores_them(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page(role="manager")
    visit(page, "/overview?period=30d")
    expect(card(page, "orders")).to_be_visible(timeout=PATIENCE)
    before = int(card(page, "orders").inner_text().replace(",", ""))

    visit(page, "/data")
    page.locator("input[type=file]").set_input_files(write_orders(tmp_path / "orders.csv", 40))
    page.get_by_role("button", name="Check without saving").click()
    expect(page.get_by_text("Checked only; nothing was saved.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_text("Imported.")).to_be_visible(timeout=PATIENCE)

    visit(page, "/overview?period=30d")
    expect(card(page, "orders")).to_have_text(f"{before + 40:,}", timeout=PATIENCE)

    visit(page, "/data")
    page.get_by_role("button", name="Take this import back").click()
    expect(page.get_by_test_id("stToast")).to_contain_text("removed", timeout=PATIENCE)
    visit(page, "/overview?period=30d")
    expect(card(page, "orders")).to_have_text(f"{before:,}", timeout=PATIENCE)


def test_a_bad_file_is_refused_with_the_row_and_the_value_and_nothing_is_imported(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page(role="manager")
    path = write_orders(tmp_path / "bad.csv", 5)
    path.write_text(path.read_text().replace(",2,10.00", ",abc,10.00", 1))
    visit(page, "/data")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Import", exact=False).last.click()
    expect(page.get_by_test_id("stAlertTitle")).to_have_text("Nothing was imported", timeout=PATIENCE)
    expect(page.get_by_test_id("stAlert")).to_contain_text("abc")
    page.get_by_role("button", name="Back").click()
    expect(page.locator("input[type=file]")).to_be_attached(timeout=PATIENCE)  # or the next test meets the outcome


def test_a_file_that_leaves_dates_and_amounts_open_is_read_as_one_says(open_page: Opener, tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    header = "Order ID;Order Date;Quantity;Unit Price;Customer ID\n"
    path.write_text(header + "OPEN-1;3/4/2024;1;1,234;OPEN\n")
    page = open_page(role="manager")
    visit(page, "/data")
    page.locator("input[type=file]").set_input_files(path)
    for label, choice in (("Dates", "Day first, 31/12/2024"), ("Decimal sign", "Comma, 1.234,50")):
        box = page.get_by_role("combobox", name=re.compile(label))
        expect(box).to_have_value("Not clear from the file; choose", timeout=PATIENCE)
        settled(page)  # a redraw closes an open list
        option = page.get_by_role("option", name=choice)
        box.click()
        page.wait_for_timeout(1000)
        if not option.is_visible():
            box.press("ArrowDown")
        option.click()
        expect(box).to_have_value(choice, timeout=PATIENCE)
    settled(page)
    page.get_by_role("button", name="Check without saving").click()
    expect(page.get_by_text("Checked only; nothing was saved.")).to_be_visible(timeout=PATIENCE)
    created = page.get_by_test_id("stMetric").filter(has_text="To create").get_by_test_id("stMetricValue")
    expect(created).to_have_text("1", timeout=PATIENCE)
