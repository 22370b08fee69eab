"""Churn and Value as marketing uses them: what a prediction is worth, a band kept as a segment, a list taken away."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crm_core.config import Settings
from crm_core.workspace import Workspace
from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, settled, visit
from tests.core.leavers import fill_with_leavers
from tests.serving import Server, rapport, serving

LONG = 120_000


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a workspace whose leaving customers a model can tell from the others."""
    folder = tmp_path_factory.mktemp("predictions")
    filled = rapport(folder, "demo", "--customers", "20", "--seed", "7")
    assert filled.returncode == 0, filled.stderr
    workspace = Workspace.open(Settings(data_dir=folder, _env_file=None))  # type: ignore[call-arg]
    fill_with_leavers(workspace, datetime.now(UTC).date() - timedelta(days=1), folder)
    workspace.close()
    with serving(folder, "--demo") as server:
        yield server


def typed(page: Page, label: str, value: str) -> None:
    """A number put into its field, and the page as it is then."""
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Enter")
    settled(page)
    expect(field).to_have_value(value, timeout=PATIENCE)


def saved_as(page: Page, name: str) -> None:
    """The list that is shown, kept as a segment of that name; its page is open then."""
    page.get_by_role("button", name="Save as segment").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=LONG)


def downloaded(page: Page, button: str, file: Path) -> list[dict[str, str]]:
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name=button).click()
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def test_the_high_risks_become_a_segment_and_the_list_leaves_the_held_out_out(
    open_page: Opener, tmp_path: Path
) -> None:
    page = open_page(role="marketing")
    visit(page, "/churn?band=high")
    expect(page.get_by_text("nearer to what happened than")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Download the list without those held out")).to_be_visible(timeout=LONG)
    settled(page)
    typed(page, "Cost of a contact, €", "0.50")
    typed(page, "Margin on sales, %", "60")
    typed(page, "Customers to contact", "40")
    expect(page.get_by_text("Contacting the 40 with most at risk is expected to bring")).to_be_visible(timeout=PATIENCE)
    listed = downloaded(page, "Download the list without those held out", tmp_path / "churn.csv")
    assert 20 <= len(listed) <= 36  # a tenth is held out, and some of the demo's customers never agreed
    assert len({row["ref"] for row in listed}) == len(listed)
    assert all(0 < float(row["probability"]) < 1 for row in listed)

    saved_as(page, "About to leave")
    expect(page.get_by_text("churn risk over 90 days is high")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("By model, live")).to_be_visible(timeout=PATIENCE)


def test_the_most_valuable_become_a_segment_and_a_file(open_page: Opener, tmp_path: Path) -> None:
    page = open_page(role="marketing")
    visit(page, "/value?band=high")
    expect(page.get_by_text("customers are expected to buy")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("95 times in 100, if the model holds, between")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Save as segment")).to_be_visible(timeout=LONG)
    settled(page)
    listed = downloaded(page, "Download CSV", tmp_path / "value.csv")
    values = [float(row["value"]) for row in listed]
    assert values == sorted(values, reverse=True)
    assert {row["band"] for row in listed} == {"High value"}

    saved_as(page, "Bring the most")
    expect(page.get_by_text(f"{len(listed)} customers, ")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("value band for the next 12 months is High value")).to_be_visible(timeout=PATIENCE)
