"""Sales' daily path: log a call with a customer, move their deal on, plan what comes next and tick it off."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, settled, visit

DEAL = "Kettles for the whole office"


def new_deal(page: Page) -> None:
    visit(page, "/deal?id=new")
    settled(page)
    page.get_by_role("textbox", name=re.compile("^Name")).fill(DEAL)
    expect(page.get_by_text("1 unsaved change, kept as a draft")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Add deal").click()
    expect(page.get_by_role("heading", name=DEAL)).to_be_visible(timeout=PATIENCE)


def tick(page: Page) -> None:
    """Click the box beside the title of the first task; the table draws itself on a canvas."""
    settled(page)
    box = page.get_by_test_id("stDataFrame").locator("canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 286, box["y"] + 53)


def test_sales_logs_a_call_moves_a_deal_and_plans_a_task(open_page: Opener) -> None:
    page = open_page(role="manager")
    new_deal(page)

    page.get_by_role("tab", name="Activities").click()
    settled(page)
    page.get_by_text("Log a call", exact=True).click()
    subject = page.get_by_role("textbox", name=re.compile("^Subject"))
    expect(page.get_by_role("button", name="Add activity")).to_be_visible(timeout=PATIENCE)
    settled(page)
    subject.fill("They want to see a sample")
    subject.blur()
    settled(page)
    page.get_by_role("button", name="Add activity").click()
    expect(page.get_by_role("button", name="Add activity")).to_be_enabled(timeout=PATIENCE)
    settled(page)

    page.get_by_role("tab", name="Tasks").click()
    settled(page)
    page.get_by_text("New task", exact=True).click()
    expect(page.get_by_role("button", name="Add task")).to_be_visible(timeout=PATIENCE)
    settled(page)
    title = page.get_by_role("textbox", name=re.compile("^Title"))
    title.fill("Send the sample")
    title.blur()
    settled(page)
    page.get_by_role("button", name="Add task").click()
    settled(page)

    visit(page, "/deals")
    card = page.locator("[class*=st-key-deal_]", has=page.get_by_role("button", name=DEAL)).last
    expect(card.get_by_role("button", name="Move")).to_be_visible(timeout=PATIENCE)
    settled(page)
    card.get_by_role("button", name="Move").click()
    page.get_by_role("menuitem", name="Proposal").click()
    expect(page.get_by_text(f"{DEAL} is in Proposal now.")).to_be_visible(timeout=PATIENCE)
    moved = page.locator(".st-key-stage_proposal").get_by_role("button", name=DEAL)
    expect(moved).to_be_visible(timeout=PATIENCE)
    moved.click()
    expect(page.get_by_text(re.compile("in this stage since"))).to_be_visible(timeout=PATIENCE)

    visit(page, "/tasks?q=sample")
    expect(page.get_by_text(re.compile(r"^1 task"))).to_be_visible(timeout=PATIENCE)
    tick(page)
    expect(page.get_by_text("Done: Send the sample")).to_be_visible(timeout=PATIENCE)
    visit(page, "/tasks?q=sample&when=done")
    expect(page.get_by_text(re.compile(r"^1 task"))).to_be_visible(timeout=PATIENCE)
    visit(page, "/activities?q=sample")
    expect(page.get_by_text(re.compile(r"^1 activit"))).to_be_visible(timeout=PATIENCE)
