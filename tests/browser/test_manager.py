"""A manager's daily path: open all areas, see what matters, set a target, drill into a number, take it away."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, settled, visit

SECONDS = 120_000
"""The first computation of the courses learns from years of records."""


def taken(page: Page, kind: str) -> Path:
    """The file behind the button of that kind."""
    button = page.get_by_role("button", name=f"Download {kind}")
    expect(button).to_be_enabled(timeout=PATIENCE)
    settled(page)
    with page.expect_download(timeout=PATIENCE) as found:
        button.click()
    return Path(found.value.path())


def rows_of_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def rows_of_xlsx(path: Path, folder: Path) -> list[dict[str, Any]]:
    named = folder / "file.xlsx"
    named.write_bytes(path.read_bytes())
    head, *rows = openpyxl.load_workbook(named).active.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_manager_opens_all_areas_drills_into_a_number_and_takes_it_away(open_page: Opener, tmp_path: Path) -> None:
    page = open_page(role="manager")
    visit(page, "/areas")
    card = page.locator(".st-key-sales_net_sales")
    expect(card).to_be_visible(timeout=SECONDS)
    for area in ("Sales", "Customers", "Retention", "Service", "Pipeline"):
        expect(page.get_by_role("heading", name=area, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Download XLSX")).to_be_visible(timeout=PATIENCE)

    metrics = {row["Code"]: row for row in rows_of_csv(taken(page, "CSV"))}
    in_book = {row["Code"]: row for row in rows_of_xlsx(taken(page, "XLSX"), tmp_path)}
    assert set(metrics) == set(in_book)
    net_sales = Decimal(metrics["net_sales"]["Value"])
    assert Decimal(str(in_book["net_sales"]["Value"])) == net_sales

    link = card.get_by_role("link")
    n = int(re.sub(r"\D", "", link.inner_text()))
    assert n == int(metrics["net_sales"]["Rows"])
    link.click()
    expect(page.get_by_role("heading", name="Net sales", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile(rf"^{n:,} rows in"))).to_be_visible(timeout=PATIENCE)
    rows, book = rows_of_csv(taken(page, "CSV")), rows_of_xlsx(taken(page, "XLSX"), tmp_path)
    assert len(rows) == len(book) == n
    assert sum(Decimal(row["Counted"]) for row in rows) == net_sales
    assert sum(Decimal(str(row["Counted"])) for row in book) == net_sales
    assert [row["Order"] for row in rows] == [row["Order"] for row in book]


def test_a_target_set_by_a_manager_stands_on_the_card(open_page: Opener) -> None:
    page = open_page(role="manager")
    visit(page, "/targets")
    expect(page.get_by_text("Set a target").first).to_be_visible(timeout=PATIENCE)
    settled(page)
    amount = page.get_by_label("Target", exact=False).last
    metric = page.get_by_label("Metric", exact=False).first
    metric.click()
    metric.fill("Active customers")
    page.get_by_role("option", name="Customers · Active customers").click()
    settled(page)
    amount.fill("1")
    amount.press("Tab")
    settled(page)
    page.get_by_role("button", name="Set the target").click()
    expect(page.get_by_text("The target was set.")).to_be_visible(timeout=PATIENCE)
    visit(page, "/areas")
    card = page.locator(".st-key-customers_active_customers")
    expect(card.get_by_text("target met")).to_be_visible(timeout=SECONDS)
