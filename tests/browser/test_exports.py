"""Files taken out of the app run nothing in a spreadsheet, and are for those who made them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, settled, visit
from tests.serving import Server, rapport
from tests.spreadsheets import ATTACKS, running_cells


@pytest.fixture(scope="module")
def hostile(demo_server: Server, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of customers who bought much yesterday and whose names are formulas; blanks around them are dropped."""
    path = tmp_path_factory.mktemp("hostile") / "orders.csv"
    day = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Order ID", "Order Date", "Quantity", "Unit Price", "Customer ID", "Customer Name"])
        for n, attack in enumerate(ATTACKS):
            writer.writerows(
                [f"H-{n}-{again}", f"{day} 12:0{again}", 9, "999.00", f"H-{n}", attack] for again in range(9)
            )
    done = rapport(demo_server.data_dir, "import", "orders", str(path))
    assert done.returncode == 0, done.stderr
    return [attack.strip() for attack in ATTACKS]


def download(page: Page) -> Download:
    button = page.get_by_role("button", name="Download CSV")
    expect(button).to_be_enabled(timeout=PATIENCE)
    settled(page)
    with page.expect_download(timeout=PATIENCE) as found:
        button.click()
    return found.value


def check(file: Download, column: str, names: list[str]) -> None:
    """Every name is in the file, told apart by its letters, and no cell of it runs."""
    text = Path(file.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    inside = {row[column].replace("'", "") for row in rows}
    assert {name.replace("'", "") for name in names} <= inside
    for separator in (",", ";", "\t"):
        assert running_cells(text, separator) == []


def test_the_rows_behind_a_number_run_nothing_in_a_spreadsheet(open_page: Opener, hostile: list[str]) -> None:
    page = open_page(role="manager")
    today = datetime.now(UTC).date()
    visit(page, f"/rows?metric=net_sales&from={today - timedelta(days=3)}&to={today + timedelta(days=1)}")
    check(download(page), "Customer", hostile)


def test_the_members_of_a_segment_run_nothing_in_a_spreadsheet(open_page: Opener, hostile: list[str]) -> None:
    page = open_page(role="manager")
    visit(page, "/segments")
    table = page.locator(".st-key-rfm_segments")
    expect(table).to_be_visible(timeout=PATIENCE)
    settled(page)
    table.locator("[data-testid=stDataFrameResizable]").click(position={"x": 14, "y": 52})
    check(download(page), "name", hostile)


def test_a_file_is_not_given_to_another_person_who_knows_its_address(open_page: Opener) -> None:
    page, other = open_page(role="manager"), open_page(role="marketing")
    today = datetime.now(UTC).date()
    visit(page, f"/rows?metric=orders&from={today - timedelta(days=40)}&to={today}")
    address = download(page).url
    assert "/media/" in address
    assert page.request.get(address).status == 200
    refused = other.request.get(address)
    assert (refused.status, refused.text()) == (404, "There is no such file.")
